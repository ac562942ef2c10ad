"""One camera's decoder: packets in, pictures out, as few as wanted."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

import av
import structlog
from av.error import FFmpegError

from camera_ctrl.decode.jpeg import encoded
from camera_ctrl.decode.picker import FramePicker
from camera_ctrl.nal import stands_alone
from vigil.bus.packets.base import Entry, Template, place_of
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, least_sequence, stamped
from vigil.domain.packet import Packet
from vigil.errors import FrameInvalid
from vigil.media.bounds import MAX_PIXELS
from vigil.media.template import reopened

log = structlog.get_logger(__name__)

#: H.264 and H.265 reorder at most 16 frames; so many capture times are kept for what comes out.
_REORDERED = 32


class CameraDecoder:
    """Decodes one camera's main video, in one thread at a time.

    Args:
        camera_id: For the log.
        fps: Pictures a second.
        jpeg_quality: As libjpeg means it.
    """

    def __init__(self, camera_id: CameraId, *, fps: float, jpeg_quality: int) -> None:
        self.picker = FramePicker(fps)
        self.error: str | None = None
        self._camera_id = camera_id
        self._jpeg_quality = jpeg_quality
        self._opened = ExitStack()
        self._template_id: str | None = None
        self._context: av.VideoCodecContext | None = None
        self._captured_us: dict[int, int] = {}
        self._sequence = 0
        self._sequence_epoch: Epoch | None = None

    def needs_template(self, packet: Packet) -> bool:
        """Return whether packet was sent with other parameters than those in use."""
        return packet.template_id != self._template_id

    def use(self, template: Template) -> None:
        """Decode what follows with these parameters, from the next keyframe on.

        Raises:
            MessageInvalid: FFmpeg cannot read them.
        """
        self.close()
        container = self._opened.enter_context(reopened(template))
        context = container.streams.video[0].codec_context
        # One thread: many cameras share the cores, and a thread each would only hold memory.
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_PIXELS)}
        if context.name == "mjpeg":
            # Else a JPEG that was cut off becomes a picture that is grey from there on.
            context.options = {**context.options, "err_detect": "explode"}
        self._context, self._template_id = context, template.template_id

    def newest_picture(self, entries: Sequence[Entry], *, epoch: Epoch) -> bytes | None:
        """Decode what is needed; return the newest due frame as a stamped JPEG, or None.

        What lies before a keyframe that stands alone is left out: it makes no newer picture.

        Args:
            entries: All with the template in use; other streams' packets are left out.
            epoch: Of the ingest lease: the picture is numbered within it.
        """
        due = None
        for frame in self._frames(self._needed([entry.packet for entry in entries])):
            captured_at_us = self._captured_us.pop(frame.pts or 0, None)
            if captured_at_us is not None and self.picker.is_due(captured_at_us):
                due = (frame, captured_at_us)
        if due is None:
            return None
        frame, captured_at_us = due
        try:
            jpeg = encoded(frame, quality=self._jpeg_quality)
        except FrameInvalid as error:
            self._note_error(str(error))
            return None
        self._note_error(None)
        sequence = self._next_sequence(epoch, entries[-1])
        return stamped(jpeg, FrameStamp(sequence, captured_at_us, epoch, frame.width, frame.height))

    def close(self) -> None:
        """Give the decoder's memory back."""
        self._opened.close()
        self._context = self._template_id = None
        self._captured_us.clear()

    def _needed(self, packets: Sequence[Packet]) -> Sequence[Packet]:
        if self._context is None:
            return []
        video = [packet for packet in packets if packet.stream_index == 0]
        for index in range(len(video) - 1, 0, -1):
            if video[index].is_keyframe and stands_alone(self._context.name, video[index].data):
                for packet in video[:index]:
                    self.picker.pass_over(packet.captured_at_us)
                return video[index:]
        return video

    def _frames(self, packets: Iterable[Packet]) -> Iterator[av.VideoFrame]:
        for packet in packets:
            # To FFmpeg a packet without a payload is the end: it would take none behind it.
            if not packet.data or self._context is None:
                continue
            av_packet = av.Packet(packet.data)
            av_packet.pts, av_packet.dts = packet.pts, packet.dts
            av_packet.time_base = packet.time_base
            while len(self._captured_us) >= _REORDERED:
                del self._captured_us[next(iter(self._captured_us))]
            self._captured_us[packet.pts] = packet.captured_at_us
            try:
                yield from self._context.decode(av_packet)
            except FFmpegError as error:
                self._note_error(f"the video cannot be decoded: {error.strerror}")

    def _next_sequence(self, epoch: Epoch, entry: Entry) -> int:
        if epoch != self._sequence_epoch:
            self._sequence_epoch = epoch
            self._sequence = least_sequence(epoch, place_of(entry.entry_id)[0])
        self._sequence += 1
        return self._sequence

    def _note_error(self, error: str | None) -> None:
        if error is not None and error != self.error:
            log.warning("frame_skipped", camera_id=self._camera_id, reason=error)
        self.error = error
