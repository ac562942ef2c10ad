"""Which template a connection's packets are sent with, also when the camera changes its video."""

from collections.abc import Sequence

import av
import structlog
from av.error import FFmpegError

from camera_ctrl.ingest.keyframe import Parameters, parameters_in, probed, require_taken
from vigil.bus.packets.base import Template
from vigil.errors import CameraUnavailable
from vigil.media.template import MediaStream, template_of

log = structlog.get_logger(__name__)


class Templates:
    """The template of one connection, made anew whenever a keyframe brings other parameters.

    Args:
        streams: As FFmpeg opened them; the main video first.
    """

    def __init__(self, streams: Sequence[MediaStream]) -> None:
        self._streams = list(streams)
        self._current: Template | None = None
        self._parameters = _parameters_of(self._streams[0])

    @property
    def video(self) -> av.VideoStream:
        """The main video, as it is sent now."""
        video = self._streams[0]
        assert isinstance(video, av.VideoStream)
        return video

    def at_keyframe(self, data: bytes) -> Template:
        """Return the template of a keyframe of the main video, and of what follows it.

        Raises:
            CameraUnavailable: FFmpeg makes nothing of the keyframe.
        """
        context = self.video.codec_context
        if self._parameters is not None:
            parameters = parameters_in(context.name, data)
            if not parameters <= self._parameters or not context.width:
                self._streams[0] = probed(context.name, data)
                self._parameters = parameters
                self._current = None
        if self._current is None:
            self._current = self._made(data)
        return self._current

    def current(self) -> Template:
        """Return the template of what follows the last keyframe."""
        assert self._current is not None
        return self._current

    def _made(self, keyframe: bytes) -> Template:
        context = self.video.codec_context
        require_taken(context.width, context.height)
        try:
            template = template_of(self._streams, keyframe)
        except FFmpegError as error:
            raise CameraUnavailable(f"its {context.name} video cannot be kept") from error
        log.info(
            "template_made",
            template_id=template.template_id,
            codec=context.name,
            width_px=context.width,
            height_px=context.height,
        )
        return template


def _parameters_of(stream: MediaStream) -> Parameters | None:
    """Return the parameters that a stream was opened with; None: they are not in its packets."""
    context = stream.codec_context
    if not isinstance(context, av.VideoCodecContext):
        return None
    if context.name == "mjpeg":
        return frozenset({b"%dx%d" % (context.width, context.height)})
    extradata = bytes(context.extradata or b"")
    # As MP4 has it: lengths before the units instead of start codes, and parameters apart.
    return None if extradata.startswith(b"\x01") else parameters_in(context.name, extradata)
