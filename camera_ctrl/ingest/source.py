"""How a camera's URL becomes a stream, and what goes wrong on the way, in an owner's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import av
from av.container import InputContainer
from av.error import (
    ExitError,
    FFmpegError,
    HTTPBadRequestError,
    HTTPClientError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPServerError,
    HTTPUnauthorizedError,
    InvalidDataError,
)

from vigil.errors import CameraUnavailable
from vigil.messages import Transport

#: How long a camera may take to open; slow ones need some seconds.
OPEN_TIMEOUT_S = 8.0
#: FFmpeg's own limit on one answer. Longer than ours, since it takes silence for invalid data.
_IO_TIMEOUT_S = 20.0
#: What is said of a camera that is silent.
NO_ANSWER = "no answer in time"

#: What FFmpeg may open for each scheme: a playlist from the network can never name a local file.
_PROTOCOLS = {
    "rtsp": "rtp,rtsp,tcp,udp",
    "rtsps": "rtp,rtsps,rtsp,tls,tcp,udp",
    "http": "http,tcp",
    "https": "https,http,tls,tcp",
    "file": "file",
}
#: The one demuxer of a scheme that has one.
_DEMUXER = {"rtsp": "rtsp", "rtsps": "rtsp"}
#: Containers of video that a network source or a file may be; playlists are none.
_CONTAINERS = "mpjpeg,mjpeg,mov,matroska,webm,mpegts,flv,avi,h264,hevc,nut"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a camera's video is, with what is needed to get it.

    Attributes:
        url: Without credentials.
        credentials: ``user:password`` in clear, or None.
        transport: For RTSP.
    """

    url: str
    credentials: str | None = None
    transport: Transport = Transport.TCP

    @property
    def scheme(self) -> str:
        """The URL's scheme in lower case."""
        return urlsplit(self.url).scheme.lower()


@contextmanager
def opened(source: Source, *, read_timeout_s: float) -> Iterator[InputContainer]:
    """Open a camera's stream for demuxing.

    Raises:
        CameraUnavailable: It cannot be opened, or broke; the message is for the camera's owner.
    """
    if source.scheme not in _PROTOCOLS:
        raise CameraUnavailable(
            f"'{source.scheme}' is no scheme that we open; use {', '.join(sorted(_PROTOCOLS))}"
        )
    try:
        with av.open(
            _with_credentials(source),
            format=_DEMUXER.get(source.scheme),
            options=_options(source),
            timeout=(OPEN_TIMEOUT_S, read_timeout_s),
        ) as container:
            yield container
    except (FFmpegError, OSError) as error:
        raise CameraUnavailable(in_words(error, source)) from error


def in_words(error: Exception, source: Source) -> str:
    """Return why a camera gives no video, so that its owner knows what to look at."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    number = getattr(error, "errno", None)
    if number in _WORDS_OF_ERRNO:
        return _WORDS_OF_ERRNO[number]
    if isinstance(error, InvalidDataError):
        if source.scheme in _DEMUXER:
            return "answers, but is no RTSP server"
        return "answers, but not with video"
    return f"cannot be opened: {getattr(error, 'strerror', None) or error}"


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (HTTPUnauthorizedError, "wrong user or password"),
    (HTTPForbiddenError, "the camera forbids this user to see the stream"),
    (HTTPNotFoundError, "the camera answers, but has no stream at this path"),
    (HTTPBadRequestError, "the camera does not understand the request; check the path"),
    (HTTPServerError, "the camera reports an error of its own"),
    (HTTPClientError, "the camera refuses the request"),
    # What FFmpeg says when our own timeout interrupted it.
    (ExitError, NO_ANSWER),
)
_WORDS_OF_ERRNO = {
    errno.ETIMEDOUT: NO_ANSWER,
    errno.EHOSTUNREACH: "no route to the camera",
    errno.ENETUNREACH: "no route to the camera's network",
    errno.ECONNREFUSED: "nobody listens at this address and port",
    errno.ECONNRESET: "the camera broke the connection",
    errno.EPIPE: "the camera broke the connection",
    errno.EIO: "the address cannot be found, or the connection broke",
    errno.ENOENT: "no such file",
    errno.EACCES: "we may not read this file",
    errno.EAGAIN: NO_ANSWER,
}


def _with_credentials(source: Source) -> str:
    if source.scheme == "file":
        return urlsplit(source.url).path
    if source.credentials is None:
        return source.url
    user, _, password = source.credentials.partition(":")
    parts = urlsplit(source.url)
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"
    return urlunsplit(parts._replace(netloc=netloc))


def _options(source: Source) -> dict[str, str]:
    options = {"protocol_whitelist": _PROTOCOLS[source.scheme]}
    if source.scheme in _DEMUXER:
        return options | {
            "rtsp_transport": source.transport.value,
            "timeout": str(round(_IO_TIMEOUT_S * 1_000_000)),
            # An RTSP stream tells its parameters up front; the default looks at 5 s of it.
            "analyzeduration": "500000",
            "probesize": "500000",
        }
    options["format_whitelist"] = _CONTAINERS
    if source.scheme != "file":
        options["rw_timeout"] = str(round(_IO_TIMEOUT_S * 1_000_000))
    return options
