"""Where a camera's video is: a URL taken apart, so that its password can be kept apart."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from vigil.masking import MASK, masked_address

MAX_URL_CHARS: Final = 2048
#: Network schemes, each with the port of a URL that names none.
_PORTS: Final = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
NETWORK_SCHEMES: Final = frozenset(_PORTS)
LOCAL_SCHEMES: Final = frozenset({"file", "device"})

_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.%a-z]+\]")
_DEVICE: Final = re.compile(r"/dev/video[0-9]{1,3}")


class StreamUrlInvalid(ValueError):
    """No camera can be at this URL. The message says what would be right."""


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """A stream's address, and apart from it who may open it.

    Attributes:
        url: Without user and password.
        credentials: ``user:password``, neither of them percent-encoded; None: the URL named
            none; empty: it named none on purpose (``rtsp://@host/``).
    """

    url: str
    credentials: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it names a file or a device of the machine, not the network."""
        return urlsplit(self.url).scheme in LOCAL_SCHEMES


def parse(text: str) -> StreamUrl:
    """Return the parts of what somebody typed as a stream's URL.

    Raises:
        StreamUrlInvalid: No camera can be there.
    """
    if len(text) > MAX_URL_CHARS:
        raise StreamUrlInvalid(f"must have at most {MAX_URL_CHARS} characters")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise StreamUrlInvalid("must hold no white space; write a blank as %20")
    address = _taken_apart(text)
    # That is what is kept in clear: a mask can be longer than what it hides, and quoting is.
    if len(shown(address.url)) > MAX_URL_CHARS:
        raise StreamUrlInvalid(f"must have at most {MAX_URL_CHARS} characters as it is shown")
    return address


def _taken_apart(text: str) -> StreamUrl:
    try:
        parts = urlsplit(_with_scheme(text))
    except ValueError:
        raise StreamUrlInvalid("is no URL: its host is not well formed") from None
    if parts.scheme == "device":
        return _device(parts)
    if parts.scheme == "file":
        return _file(parts)
    if parts.scheme in NETWORK_SCHEMES:
        return _network(parts)
    schemes = ", ".join(sorted(NETWORK_SCHEMES | LOCAL_SCHEMES))
    raise StreamUrlInvalid(f"must begin with one of {schemes}, as in rtsp://192.168.1.20/stream1")


def shown(url: str) -> str:
    """Return a URL without user and password as it may be shown: `parse` takes it for no other."""
    return masked_address(url) if urlsplit(url).scheme in NETWORK_SCHEMES else url


def same_server(one: str, other: str) -> bool:
    """Whether two URLs name the same scheme, host and port: the same keeper of a password."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.hostname, _port_of(first)) == (
        second.scheme,
        second.hostname,
        _port_of(second),
    )


def _port_of(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _with_scheme(text: str) -> str:
    if _DEVICE.fullmatch(text):
        return f"device://{text}"
    return f"file://{quote(text)}" if text.startswith("/") else text


def _device(parts: SplitResult) -> StreamUrl:
    if parts.netloc or not _DEVICE.fullmatch(parts.path) or parts.query or parts.fragment:
        raise StreamUrlInvalid("must name a video device, as in device:///dev/video0")
    return StreamUrl(f"device://{parts.path}")


def _file(parts: SplitResult) -> StreamUrl:
    path = unquote(parts.path)
    is_plain = path.startswith("/") and ".." not in PurePosixPath(path).parts
    if parts.netloc or parts.query or parts.fragment or not is_plain or not path.isprintable():
        raise StreamUrlInvalid("must name a file by its whole path, as in file:///videos/door.mp4")
    return StreamUrl(f"file://{quote(path)}")


def _network(parts: SplitResult) -> StreamUrl:
    userinfo, at, host_port = parts.netloc.rpartition("@")
    try:
        port = parts.port
    except ValueError:
        raise StreamUrlInvalid("has a port that is not a number from 1 to 65535") from None
    host = host_port if port is None else host_port.rsplit(":", 1)[0]
    if not _HOST.fullmatch(host.rstrip(":")) or port == 0:
        raise StreamUrlInvalid("must name a host, as in rtsp://192.168.1.20/stream1")
    bare = urlunsplit(parts._replace(netloc=host_port.lower().rstrip(":"), fragment=""))
    if MASK in bare:
        raise StreamUrlInvalid(f"holds {MASK}, which hides a secret: write the secret itself")
    return StreamUrl(bare, _credentials(userinfo) if at else None)


def _credentials(userinfo: str) -> str:
    if not userinfo:
        return ""
    user, _, password = userinfo.partition(":")
    if ":" in unquote(user):
        raise StreamUrlInvalid("has a user name with a colon, which no camera takes")
    return f"{unquote(user)}:{unquote(password)}"
