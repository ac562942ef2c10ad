"""Where a model comes from, and what is known of it before it is there."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from vigil.errors import ModelInvalid

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCHEMES = {"http", "https"}


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model behind a URL.

    Attributes:
        url: ``http`` or ``https``.
        size_bytes: What the file must have; None: not known.
        sha256: What its content must have, in lower-case hex; None: not known.
        license: Under which it may be used, where the file does not say.

    Raises:
        ModelInvalid: On construction, when the URL cannot be fetched or the digest is none.
    """

    url: str
    size_bytes: int | None = None
    sha256: str | None = None
    license: str | None = None

    def __post_init__(self) -> None:
        if not is_url(self.url):
            raise ModelInvalid("a model's address begins with http:// or https:// and has a host")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ModelInvalid("a SHA-256 is 64 hex digits")

    @property
    def name(self) -> str:
        """Its name for people: the last part of the path, without the suffix."""
        return PurePosixPath(unquote(urlsplit(self.url).path)).stem or "model"


def is_url(text: str) -> bool:
    """Return whether text is an address that a model can be fetched from."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.hostname)


#: What looks at a camera when nobody chose: permissively licensed (Apache-2.0), small, fast.
DEFAULT_MODEL = ModelSource(
    url="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
    size_bytes=3_678_356,
    sha256="e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",
    license="Apache-2.0",
)
