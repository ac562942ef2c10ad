"""One camera's decoder: packets in, pictures out, as few as wanted."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import av
import structlog
from av.error import FFmpegError

from camera_ctrl.decode.motion import MotionGate
from camera_ctrl.nal import stands_alone
from vigil.bus.packets.base import Entry, Template, place_of
from vigil.camera_document import Mask
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, least_sequence, stamped
from vigil.domain.frame_picker import FramePicker
from vigil.domain.mask_mark import mark_segment
from vigil.domain.motion import Motion, motion_segment
from vigil.domain.packet import Packet
from vigil.errors import FrameInvalid
from vigil.media.bounds import MAX_PIXELS
from vigil.media.jpeg import encoded, luma_of
from vigil.media.masked_frame import FrameMasker, MaskedFrame
from vigil.media.template import reopened

log = structlog.get_logger(__name__)

#: H.264 and H.265 reorder at most 16 frames; so many capture times are kept for what comes out.
_REORDERED = 32


class CameraDecoder:
    """Decodes the video of one of a camera's streams, in one thread at a time.

    Args:
        camera_id: For the log.
        fps: Pictures a second.
        jpeg_quality: As libjpeg means it.
        gate: Looks whether something moves; None: nobody asks.

    Attributes:
        masks: What is painted over in every frame, before anything is made of it.
        error: Why there is no picture; None while there is.
        motion: What the gate said of the newest frame that it was shown, in pixels of that.
        full_wh: In whose pixels everything is told, if frames are smaller than the camera's full
            ones; None: they are not.
        frames_decoded: How many came out of the decoder.
    """

    def __init__(
        self, camera_id: CameraId, *, fps: float, jpeg_quality: int, gate: MotionGate | None = None
    ) -> None:
        self.picker = FramePicker(fps)
        self.error: str | None = None
        self.motion: Motion | None = None
        self.frames_decoded = 0
        self.full_wh: tuple[int, int] | None = None
        self.masks: tuple[Mask, ...] = ()
        self._masker = FrameMasker()
        self._gate = gate
        #: Whether a keyframe came since the gate looked.
        self._has_new_gop = False
        self._camera_id = camera_id
        self._jpeg_quality = jpeg_quality
        self._opened = ExitStack()
        self._template_id: str | None = None
        self._context: av.VideoCodecContext | None = None
        self._captured_us: dict[int, int] = {}
        self._sequence = 0
        self._sequence_epoch: Epoch | None = None

    @property
    def codec(self) -> str | None:
        """FFmpeg's name of the codec in use."""
        return None if self._context is None else self._context.name

    def mask(self, masks: tuple[Mask, ...], mark: bytes | None) -> None:
        """Paint these masks from now on. The next frame is to be a picture.

        Args:
            masks: In pixels of the frame on which each was drawn.
            mark: Of these masks.
        """
        self.masks, self._masker = masks, FrameMasker(masks, mark)
        self.picker = FramePicker(self.picker.fps)
        if self._gate is not None:
            # What was beneath a mask is not to be remembered, nor is the mask something that moves.
            self._gate, self.motion = MotionGate(), None

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
            due = self._due(frame) or due
        shown = None if due is None else self._shown(*due)
        if shown is None:
            return None
        self._look(*shown)
        return self._picture(*shown, epoch=epoch, entry=entries[-1])

    def waking_picture(
        self, entries: Sequence[Entry], *, epoch: Epoch
    ) -> tuple[bytes | None, int, bool]:
        """Decode up to the first due frame in which something moves, or else all.

        Returns:
            That frame, or the newest due one, as a stamped JPEG; None without any. How many
            entries were taken. Whether something moves.
        """
        due = None
        for count, entry in enumerate(entries, 1):
            for frame in self._frames([entry.packet] if entry.packet.stream_index == 0 else []):
                newer = self._due(frame)
                shown = None if newer is None else self._shown(*newer)
                if shown is None:
                    continue
                due = shown
                motion = self._look(*due)
                if motion is not None and motion.boxes:
                    return self._picture(*due, epoch=epoch, entry=entry), count, True
        if due is None:
            return None, len(entries), False
        return self._picture(*due, epoch=epoch, entry=entries[-1]), len(entries), False

    def keyframe_picture(self, entry: Entry, *, epoch: Epoch) -> bytes | None:
        """Decode a keyframe on its own; return it as a stamped JPEG, or None.

        What follows it cannot be decoded then before ``begin_anew`` and another keyframe.
        """
        self.begin_anew()
        # Of a stream with B-frames nothing comes out before its end.
        for frame in self._frames([entry.packet, None]):
            captured_at_us = entry.packet.captured_at_us
            self.picker.is_due(captured_at_us)
            shown = self._shown(frame, captured_at_us)
            if shown is None:
                return None
            self._look(*shown)
            return self._picture(*shown, epoch=epoch, entry=entry)
        return None

    def begin_stream(self) -> None:
        """Forget all of the stream that was decoded: another one of the camera follows."""
        self.close()
        self.error = self.motion = None
        self._has_new_gop = False
        self._gate = None if self._gate is None else MotionGate()

    def begin_anew(self) -> None:
        """Forget what was decoded: a keyframe comes next, be it one that was decoded before."""
        self._captured_us.clear()
        if self._context is not None:
            self._context.flush_buffers()

    def _due(self, frame: av.VideoFrame) -> tuple[av.VideoFrame, int] | None:
        """Return a frame and when it was captured, if it is to be a picture."""
        captured_at_us = self._captured_us.pop(frame.pts or 0, None)
        if captured_at_us is None or not self.picker.is_due(captured_at_us):
            return None
        return frame, captured_at_us

    def _shown(self, frame: av.VideoFrame, captured_at_us: int) -> tuple[MaskedFrame, int] | None:
        """Return a frame as it may be shown, and when it was captured; None: it must not be."""
        try:
            return self._masker.masked(frame, full_wh=self.full_wh), captured_at_us
        except FrameInvalid as error:
            self.motion = None
            self._note_error(str(error))
            return None

    def _look(self, shown: MaskedFrame, captured_at_us: int) -> Motion | None:
        """Return what moves in a frame; None: nobody asks, or it has no plane to look at."""
        luma = None if self._gate is None else luma_of(shown.frame)
        if self._gate is None or luma is None:
            self.motion = None
        else:
            # Of a stream of JPEGs each is drawn anew, and all alike.
            is_redrawn = self._has_new_gop and self.codec != "mjpeg"
            self.motion = self._gate.look(
                luma, captured_at_us, is_redrawn=is_redrawn, hidden=shown.hidden
            )
            self._has_new_gop = False
        return self.motion

    def _picture(
        self, shown: MaskedFrame, captured_at_us: int, *, epoch: Epoch, entry: Entry
    ) -> bytes | None:
        frame = shown.frame
        try:
            jpeg = encoded(frame, quality=self._jpeg_quality)
        except FrameInvalid as error:
            self._note_error(str(error))
            return None
        self._note_error(None)
        sequence = self._next_sequence(epoch, entry)
        size_wh = (frame.width, frame.height)
        full_wh = self.full_wh or size_wh
        stamp = FrameStamp(sequence, captured_at_us, epoch, *full_wh)
        motion = self.motion and self.motion.scaled(size_wh, full_wh)
        beside = b"" if motion is None else motion_segment(motion)
        beside += b"" if shown.mark is None else mark_segment(shown.mark)
        return stamped(jpeg, stamp, beside=beside)

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

    def _frames(self, packets: Iterable[Packet | None]) -> Iterator[av.VideoFrame]:
        """Yield what comes out of the decoder; None is the end of the stream."""
        for packet in packets:
            # To FFmpeg a packet without a payload is the end: it would take none behind it.
            if self._context is None or (packet is not None and not packet.data):
                continue
            try:
                for frame in self._context.decode(self._as_av(packet)):
                    self.frames_decoded += 1
                    self._has_new_gop |= bool(frame.key_frame)
                    yield frame
            except FFmpegError as error:
                self._note_error(f"the video cannot be decoded: {error.strerror}")

    def _as_av(self, packet: Packet | None) -> "av.Packet[Any] | None":
        if packet is None:
            return None
        av_packet = av.Packet(packet.data)
        av_packet.pts, av_packet.dts = packet.pts, packet.dts
        av_packet.time_base = packet.time_base
        while len(self._captured_us) >= _REORDERED:
            del self._captured_us[next(iter(self._captured_us))]
        self._captured_us[packet.pts] = packet.captured_at_us
        return av_packet

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
