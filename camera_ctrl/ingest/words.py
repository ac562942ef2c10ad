"""What is wrong with a camera, in its owner's words."""

import errno
import socket
from pathlib import Path

from av.error import (
    ExitError,
    HTTPBadRequestError,
    HTTPClientError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPServerError,
    HTTPUnauthorizedError,
)

from camera_ctrl.ingest.source import Source

NAME_UNKNOWN = "the camera's name is not known: check the host in its URL"
#: What is said of a camera that is silent.
NO_ANSWER = "no answer in time"
BROKEN = "the camera broke the connection"
WRONG_PASSWORD = "wrong user or password"  # noqa: S105 - says so, and is none.
PASSWORD_WANTED = "the camera asks for a user and a password"  # noqa: S105 - says so, and is none.
FORBIDDEN = "the camera forbids this user to see the stream"
NOT_FOUND = "the camera answers, but has no stream at this path"
NOT_UNDERSTOOD = "the camera does not understand the request; check the path"
ITS_OWN_ERROR = "the camera reports an error of its own"
REFUSED = "the camera refuses the request"
FORBIDDEN_HERE = "a firewall or a route of this machine forbids to reach the camera"
NO_VIDEO = "answers, but not with video"
NO_RTSP = "answers, but is no RTSP server"

#: How long a camera is asked for what FFmpeg did not tell.
_ASK_TIMEOUT_S = 2.0
#: Enough of a file to know a container by.
_MAGIC_BYTES = 12


def in_words(error: Exception, source: Source) -> str:
    """Return why a camera gives no video, so that its owner knows what to look at."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, HTTPUnauthorizedError):
        return PASSWORD_WANTED if source.credentials is None else WRONG_PASSWORD
    if isinstance(error, HTTPClientError):
        return REFUSED
    number = getattr(error, "errno", None)
    if source.scheme == "file":
        return _of_a_file(number, Path(source.path))
    if source.scheme == "device":
        return _OF_A_DEVICE.get(number, f"the device cannot be used: {error_text(error)}")
    return _of_the_network(number, source)


def error_text(error: Exception) -> str:
    """Return what an error says, without the name that was opened: it may hold a password."""
    return getattr(error, "strerror", None) or type(error).__name__


def of_os_error(error: OSError) -> str:
    """Return what keeps us from reaching a host."""
    if isinstance(error, socket.gaierror):
        return NAME_UNKNOWN
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    if isinstance(error, PermissionError):
        return FORBIDDEN_HERE
    words = _OF_THE_NETWORK.get(error.errno)
    return words or f"cannot be reached: {error_text(error)}"


def _of_the_network(number: int | None, source: Source) -> str:
    if number in _OF_THE_NETWORK:
        return _OF_THE_NETWORK[number]
    # FFmpeg has one number for an unknown name, a missing route and nonsense; the network has not.
    address = source.host_and_port()
    if address is not None:
        try:
            socket.create_connection(address, timeout=_ASK_TIMEOUT_S).close()
        except OSError as error:
            return of_os_error(error)
        except UnicodeError:
            # A name with an empty or an endless part, which nobody looks up.
            return NAME_UNKNOWN
    if number == errno.EIO:
        return BROKEN
    return NO_RTSP if source.is_rtsp else NO_VIDEO


def _of_a_file(number: int | None, path: Path) -> str:
    if number in _OF_A_FILE:
        return _OF_A_FILE[number]
    try:
        with path.open("rb") as file:
            magic = file.read(_MAGIC_BYTES)
    except OSError as error:
        return _OF_A_FILE.get(error.errno or 0, f"the file cannot be read: {error_text(error)}")
    if _is_of_a_container(magic):
        return "the file is damaged, or was cut off"
    return "the file is no video"


def _is_of_a_container(magic: bytes) -> bool:
    return magic[4:8] == b"ftyp" or magic.startswith((b"\x1a\x45\xdf\xa3", b"RIFF", b"FLV", b"nut"))


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (HTTPForbiddenError, FORBIDDEN),
    (HTTPNotFoundError, NOT_FOUND),
    (HTTPBadRequestError, NOT_UNDERSTOOD),
    (HTTPServerError, ITS_OWN_ERROR),
    # What FFmpeg says when our own timeout interrupted it.
    (ExitError, NO_ANSWER),
)
_OF_THE_NETWORK: dict[int | None, str] = {
    errno.ETIMEDOUT: NO_ANSWER,
    errno.EAGAIN: NO_ANSWER,
    errno.EHOSTUNREACH: "no route to the camera",
    errno.ENETUNREACH: "no route to the camera's network",
    errno.ECONNREFUSED: "nobody listens at this address and port",
    errno.ECONNRESET: BROKEN,
    errno.EPIPE: BROKEN,
}
_OF_A_FILE: dict[int | None, str] = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "we may not read this file",
    errno.EPERM: "we may not read this file",
    errno.EISDIR: "it is a folder, not a file",
}
_OF_A_DEVICE: dict[int | None, str] = {
    errno.ENOENT: "no such device: is it plugged in?",
    errno.ENODEV: "no such device: is it plugged in?",
    errno.ENXIO: "no such device: is it plugged in?",
    errno.EACCES: "we may not open this device",
    errno.EPERM: "we may not open this device",
    errno.EBUSY: "the device is busy: another program uses it",
    errno.ENOTTY: "this device gives no video",
    errno.EINVAL: "this device gives no MJPEG video",
    errno.EIO: "the device was unplugged, or does not answer",
}
