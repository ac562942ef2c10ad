"""Where a camera's video is, and what may be opened there."""

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from vigil.camera_document import CameraConfig, Transport
from vigil.domain.camera import Stream
from vigil.media.containers import VIDEO_CONTAINERS
from vigil.sealing import Sealer

#: How long a camera may take to open; slow ones need some seconds.
OPEN_TIMEOUT_S = 8.0
#: FFmpeg's own limit on one answer. Longer than ours, since it takes silence for invalid data.
_IO_TIMEOUT_S = 20.0
#: Bytes that the kernel keeps of a UDP stream; a keyframe comes at once, and faster than we read.
_UDP_BUFFER_BYTES = 4 * 2**20

#: What FFmpeg may open for each scheme: what comes from the network can never name a local file,
#: nor a file another one.
_PROTOCOLS = {
    "rtsp": "rtp,rtsp,tcp,udp",
    "rtsps": "rtp,rtsps,rtsp,tls,tcp,udp",
    "http": "http,tcp",
    "https": "https,http,tls,tcp",
    "file": "file",
    # It opens its device itself.
    "device": "",
}
SCHEMES = tuple(sorted(_PROTOCOLS))
#: The one demuxer of a scheme that has one.
_DEMUXER = {"rtsp": "rtsp", "rtsps": "rtsp", "device": "v4l2"}
_DEFAULT_PORT = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a camera's video is, with what is needed to get it.

    Attributes:
        url: Without credentials. Its path or query can hold a secret all the same.
        credentials: ``user:password`` in clear, or None.
        transport: For RTSP.
        loop: Whether what has an end begins again there.
    """

    url: str = field(repr=False)
    credentials: str | None = field(default=None, repr=False)
    transport: Transport = Transport.TCP
    loop: bool = False

    @property
    def scheme(self) -> str:
        """The URL's scheme in lower case."""
        return urlsplit(self.url).scheme.lower()

    @property
    def is_rtsp(self) -> bool:
        """Whether it speaks RTSP."""
        return self.scheme in {"rtsp", "rtsps"}

    @property
    def is_http(self) -> bool:
        """Whether it speaks HTTP."""
        return self.scheme in {"http", "https"}

    @property
    def path(self) -> str:
        """The path of a file or device on this machine."""
        return unquote(urlsplit(self.url).path)

    @property
    def user_and_password(self) -> tuple[str, str] | None:
        """The credentials taken apart."""
        if self.credentials is None:
            return None
        user, _, password = self.credentials.partition(":")
        return user, password

    def host_and_port(self) -> tuple[str, int] | None:
        """Return where on the network it is, or None: it is on this machine."""
        if self.scheme not in _DEFAULT_PORT:
            return None
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _DEFAULT_PORT[self.scheme]


def source_of(camera: CameraConfig, sealer: Sealer, stream: Stream = Stream.MAIN) -> Source:
    """Return where a camera's stream is, opened. Equal ones connect alike.

    Raises:
        MessageInvalid: It was sealed under another secret, or was changed.
    """
    if stream is Stream.MAIN:
        sealed_url, sealed = camera.sealed_url, camera.credentials
    else:
        assert camera.sealed_sub_url is not None
        sealed_url, sealed = camera.sealed_sub_url, camera.sub_credentials
    return Source(
        sealer.open(sealed_url),
        # An empty text says that it asks for none.
        (None if sealed is None else sealer.open(sealed)) or None,
        camera.transport,
        loop=camera.loop,
    )


def ffmpeg_name(source: Source) -> str:
    """Return what FFmpeg calls it, credentials included: never to be logged."""
    if source.scheme == "file":
        return f"file:{source.path}"
    if source.scheme == "device":
        return source.path
    if source.user_and_password is None:
        return source.url
    user, password = (quote(each, safe="") for each in source.user_and_password)
    parts = urlsplit(source.url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc}"))


def ffmpeg_demuxer(source: Source) -> str | None:
    """Return the one demuxer that may read it, or None: any of those in its options."""
    return _DEMUXER.get(source.scheme)


def ffmpeg_options(source: Source) -> dict[str, str]:
    """Return the options under which FFmpeg opens it."""
    if source.scheme == "device":
        # Raw pictures of most devices would fill Redis; nearly all have JPEG too.
        return {"protocol_whitelist": _PROTOCOLS["device"], "input_format": "mjpeg"}
    options = {"protocol_whitelist": _PROTOCOLS[source.scheme]}
    if source.is_rtsp:
        return options | {
            "rtsp_transport": source.transport.value,
            "buffer_size": str(_UDP_BUFFER_BYTES),
            "timeout": str(round(_IO_TIMEOUT_S * 1_000_000)),
            # An RTSP stream tells its parameters up front; the default looks at 5 s of it.
            "analyzeduration": "500000",
            "probesize": "500000",
        }
    options["format_whitelist"] = VIDEO_CONTAINERS
    if source.is_http:
        options["rw_timeout"] = str(round(_IO_TIMEOUT_S * 1_000_000))
    return options
