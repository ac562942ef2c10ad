"""What looks at a camera, as it is shown and as it is kept: a model's address can hold a secret."""

from typing import Final

from vigil.masking import MASK, redact
from vigil.sealing import Sealer
from web.errors import Invalid

_HIDES: Final = f"holds {MASK}, which hides a secret: write the secret itself"


def kept(recognition: str, sealer: Sealer) -> dict[str, str | None]:
    """Return the columns of `Camera` that hold what somebody typed.

    An address is sealed whatever it looks like, as that of a camera is.

    Raises:
        Invalid: A secret in it is masked, so nobody knows it.
    """
    if MASK in recognition:
        raise Invalid(f"recognition {_HIDES}.", {"recognition": [f"It {_HIDES}."]})
    shown = redact(recognition)
    is_secret = "://" in recognition or shown != recognition
    sealed = sealer.seal(recognition) if is_secret else None
    return {"recognition": shown, "sealed_recognition": sealed}
