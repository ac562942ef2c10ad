"""One file of footage in the making: packets in, whole fragments on disk."""

import os
from contextlib import suppress

import structlog
from av.error import FFmpegError

from recorder.audio.decoder import AudioDecoder
from recorder.audio.muxer import TwoTrackMuxer
from recorder.footage.label import label_of
from recorder.footage.volume import Volume
from recorder.gaps import LEAST_GAP_S, is_pause
from recorder.mp4.boxes import lengths_for
from recorder.mp4.fragments import FragmentMuxer
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid, VolumeUnavailable
from vigil.facts import SegmentFact
from vigil.media.template import AudioParameters, audio_in, reopened
from vigil.messages import RecordingMark

log = structlog.get_logger(__name__)

#: Revisions of the facts of a file: when it is begun; when it was found, and its end is known by
#: what it plays; and when it is done, by who recorded it.
OPENED, FOUND, DONE = 1, 2, 3
#: Times are counted in whole numbers that a float holds: until the year 2255.
_LATEST_US = 2**53
_START_CODE = b"\0\0\x01"
#: What MP4 and browsers take, by FFmpeg's names.
_CODECS = ("h264", "hevc")


class Segment:
    """A file that grows. It begins with a keyframe; the packets that follow need no other file.

    Args:
        volume: Where it lies.
        camera_id: Whose.
        epoch: Of the recording lease.
        template: Of all its packets.
        first: The keyframe.
        before: The place right before it in the packet log.
        safe_us: Up to when footage was safe before it; None: there was none.
        decoder: Of the camera's audio, which goes into it, too; None: that is not wanted.

    Attributes:
        template_id, anchor_us: Of all its packets: with others a new segment begins.
        mark: Up to which packet footage is safe. Before a fragment is, that is none of this file.
        ended_us: The end of the last picture that was given to it.

    Raises:
        MessageInvalid: No MP4 can be made of such video.
        VolumeUnavailable: The volume takes no more, or is not there.
    """

    def __init__(
        self,
        volume: Volume,
        camera_id: CameraId,
        *,
        epoch: Epoch,
        template: Template,
        first: Entry,
        before: EntryId,
        safe_us: int | None = None,
        decoder: AudioDecoder | None = None,
    ) -> None:
        self._volume, self._camera_id, self._decoder = volume, camera_id, decoder
        packet = first.packet
        self.template_id, self.anchor_us = packet.template_id, packet.anchor_us
        if not 0 <= packet.captured_at_us < _LATEST_US:
            raise MessageInvalid(f"a packet of {packet.captured_at_us} us since 1970")
        codec, (width, height), self._is_annex_b, audio = _streams_of(template)
        self._file, path = volume.create_segment(camera_id, packet.captured_at_us)
        self.ended_us = packet.captured_at_us
        self.mark = RecordingMark(
            epoch=epoch,
            number=0,
            entry=before,
            gop=before,
            safe_us=packet.captured_at_us if safe_us is None else safe_us,
            volume=volume.volume_id,
            path=str(path),
            first_entry=first.entry_id,
            begun_us=packet.captured_at_us,
            codec=codec,
            width_px=width,
            height_px=height,
        )
        #: Bytes written, and synced; and the file's index, with the first fragment.
        self._size_bytes, self._synced_bytes, self._head = 0, 0, b""
        self._captured_us, self._step_us = packet.captured_at_us, 0
        #: When the last packet is decoded, by the camera's clock.
        self._decoded_s = 0.0
        self._newest, self._gop = first.entry_id, before
        #: Of each packet that is not known to be safe: when it ends, and where its GOP begins.
        self._unsafe: dict[EntryId, tuple[int, EntryId]] = {}
        self._no_audio: str | None = None
        try:
            self._audio = self._two_tracks(template, audio, first)
            self._muxer = self._audio or FragmentMuxer(
                template, write=self._write, label=label_of(camera_id, self.mark)
            )
        except FFmpegError as error:
            self.discard()
            raise MessageInvalid(f"{codec} cannot be kept in MP4: {error.strerror}") from error

    def _two_tracks(
        self, template: Template, audio: AudioParameters | None, first: Entry
    ) -> TwoTrackMuxer | None:
        """Return what makes a file with sound; None: none is wanted, or it is not recorded."""
        if self._decoder is None or audio is None:
            return None
        try:
            return TwoTrackMuxer(
                template,
                audio,
                self._decoder,
                first=first,
                write=self._write,
                label=label_of(self._camera_id, self.mark),
            )
        except MessageInvalid as error:
            # The video is kept all the same.
            self._no_audio = str(error)
            return None

    @property
    def audio_error(self) -> str | None:
        """Why the camera's audio is missing; None: it is not, or is not wanted."""
        return self._no_audio if self._audio is None else self._audio.track.error

    @property
    def with_audio(self) -> bool:
        """Whether the camera's audio goes into it, where there is some."""
        return self._decoder is not None

    @property
    def length_s(self) -> float:
        """How long it is, so far."""
        return (self.ended_us - self.mark.begun_us) / 1e6

    def add(self, entry: Entry, *, before: EntryId) -> None:
        """Take a packet of the video.

        Args:
            entry: It.
            before: The place right before it in the packet log.

        Raises:
            VolumeUnavailable: The volume takes no more. What is whole stays.
            MessageInvalid: The muxer does not take it.
        """
        packet = entry.packet
        if self._is_annex_b and not _has_unit(packet.data):
            # In MP4 it would be a sample of no bytes, and no player opens a file with one.
            log.warning("packet_left_out", camera_id=self._camera_id, size_bytes=len(packet.data))
            return
        if packet.is_keyframe:
            self._gop = before
        if packet.captured_at_us > self._captured_us:
            self._step_us = packet.captured_at_us - self._captured_us
            self._captured_us = packet.captured_at_us
        self.ended_us = max(self.ended_us, packet.captured_at_us + self._step_us)
        self._newest, self._decoded_s = entry.entry_id, float(packet.dts * packet.time_base)
        self._unsafe[entry.entry_id] = (self.ended_us, self._gop)
        try:
            self._muxer.add(entry)
        except FFmpegError as error:
            raise MessageInvalid(f"a packet that MP4 does not take: {error.strerror}") from error

    def add_audio(self, entry: Entry) -> None:
        """Take a packet of audio, in the order of times; it is left out where there is no track."""
        if self._audio is not None:
            self._newest = entry.entry_id
            self._unsafe[entry.entry_id] = (self.ended_us, self._gop)
            self._audio.add_audio(entry)

    def goes_on_with(self, keyframe: Packet) -> bool:
        """Return whether nothing is missing between what it holds and a keyframe.

        Packets are only ever lost up to a keyframe: what follows another packet follows it here.
        """
        is_same = keyframe.template_id == self.template_id and keyframe.anchor_us == self.anchor_us
        return is_same and not self.is_overdue(keyframe.captured_at_us - self._captured_us)

    def is_stepped(self, keyframe: Packet) -> bool:
        """Return whether a keyframe follows at once, though it was captured much later.

        By the camera's own clock it does: the host's was set forward.
        """
        passed_s = float(keyframe.dts * keyframe.time_base) - self._decoded_s
        captured_s = (keyframe.captured_at_us - self._captured_us) / MICROSECONDS
        is_next = 0 < passed_s < LEAST_GAP_S and keyframe.template_id == self.template_id
        return is_next and captured_s - passed_s > LEAST_GAP_S

    def is_overdue(self, silent_us: int) -> bool:
        """Return whether a camera that sent nothing for so long has stopped, by its own rhythm."""
        return is_pause(silent_us, self._step_us)

    def sync(self) -> bool:
        """Make what is whole survive a power cut; return whether the mark has moved.

        Raises:
            VolumeUnavailable: The volume does not take it.
        """
        whole = self._muxer.whole_until
        if whole is None or self._size_bytes == self._synced_bytes:
            return False
        self._sync_file()
        self._move_mark(whole)
        return True

    def opened_fact(self) -> SegmentFact:
        """Return that it is there."""
        return segment_fact(self._camera_id, self.mark, revision=OPENED)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is whole of it yet."""
        return not self._size_bytes

    def close(self) -> SegmentFact:
        """Complete the file; return what is to be told of it. All of it is safe then.

        Raises:
            VolumeUnavailable: The volume does not take its end. What is whole stays.
        """
        try:
            self._muxer.close()
        except FFmpegError as error:
            raise VolumeUnavailable(f"{self.mark.path}: {error.strerror}") from error
        self._tell_length()
        self._sync_file()
        if self._unsafe:
            self._move_mark(self._newest)
        os.close(self._file)
        self._tell_left_out()
        return segment_fact(
            self._camera_id,
            self.mark,
            revision=DONE,
            ended_us=self.ended_us,
            size_bytes=self._size_bytes,
        )

    def abandon(self) -> SegmentFact:
        """Leave the file as far as it is whole; return what is to be told of it.

        The mark stays: what was written since the last sync may not be on the disk.
        """
        os.close(self._file)
        return segment_fact(
            self._camera_id,
            self.mark,
            revision=DONE,
            ended_us=max(self.mark.safe_us, self.mark.begun_us),
            size_bytes=self._size_bytes,
        )

    def discard(self) -> None:
        """Remove the file, of which nothing was told."""
        os.close(self._file)
        with suppress(OSError):
            # Else it goes when the camera is taken again: it is empty.
            (self._volume.path / self.mark.path).unlink()

    def _tell_left_out(self) -> None:
        if self._audio is not None and self._audio.track.left_out[0]:
            count, reason = self._audio.track.left_out
            log.info("audio_left_out", camera_id=self._camera_id, packets=count, reason=reason)

    def _move_mark(self, whole: EntryId) -> None:
        if whole not in self._unsafe:
            return
        safe_us, gop = self._unsafe[whole]
        # In the order in which they were added: all up to it are safe.
        for entry_id in list(self._unsafe):
            del self._unsafe[entry_id]
            if entry_id == whole:
                break
        self.mark = self.mark.model_copy(update={"entry": whole, "gop": gop, "safe_us": safe_us})

    def _write(self, content: bytes) -> None:
        if not self._size_bytes:
            self._head = content
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            with suppress(OSError):
                # Half a fragment is none; who finishes the file cuts it off too.
                os.ftruncate(self._file, self._size_bytes)
            raise VolumeUnavailable(f"{self.mark.path}: {error.strerror}") from error
        self._size_bytes += len(content)

    def _tell_length(self) -> None:
        try:
            for at, length in lengths_for(self._head, self.length_s):
                os.pwrite(self._file, length, at)
        except OSError as error:
            raise VolumeUnavailable(f"{self.mark.path}: {error.strerror}") from error

    def _sync_file(self) -> None:
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise VolumeUnavailable(f"{self.mark.path}: {error.strerror}") from error
        self._synced_bytes = self._size_bytes


def segment_fact(
    camera_id: CameraId,
    mark: RecordingMark,
    *,
    revision: int,
    ended_us: int | None = None,
    size_bytes: int = 0,
) -> SegmentFact:
    """Return what is to be told of the file that a mark names.

    Args:
        camera_id: Whose.
        mark: It names the file, and the last packet of it that is safe.
        revision: OPENED or DONE.
        ended_us: When its last picture ends; None: it grows.
        size_bytes: Of the file.
    """
    return SegmentFact(
        camera_id=camera_id,
        epoch=mark.epoch,
        volume=mark.volume,
        path=mark.path,
        revision=revision,
        begun_us=mark.begun_us,
        ended_us=ended_us,
        first_entry=mark.first_entry,
        last_entry=None if ended_us is None else mark.entry,
        size_bytes=size_bytes,
        codec=mark.codec,
        width_px=mark.width_px,
        height_px=mark.height_px,
    )


def _has_unit(data: bytes) -> bool:
    """Return whether a packet holds a NAL unit behind a start code (ITU-T H.264, annex B)."""
    at = data.find(_START_CODE)
    return at >= 0 and bool(data[at + len(_START_CODE) :].strip(_START_CODE))


def _streams_of(
    template: Template,
) -> tuple[str, tuple[int, int], bool, AudioParameters | None]:
    """Return codec and size of a template's video, whether it has start codes; and the audio.

    Raises:
        MessageInvalid: FFmpeg cannot read it, finds no size in it, or it is of another codec.
    """
    with reopened(template) as container:
        if not container.streams.video:
            raise MessageInvalid(f"template {template.template_id}: sound alone, without video")
        context = container.streams.video[0].codec_context
        if context.name not in _CODECS:
            raise MessageInvalid(f"{context.name} is not recorded: h264, hevc and mjpeg are")
        if not context.width or not context.height:
            raise MessageInvalid(f"template {template.template_id}: a video of no size")
        # As MP4 has it, a length stands before each unit, and the parameters say so.
        is_annex_b = not bytes(context.extradata or b"").startswith(b"\x01")
        return context.name, (context.width, context.height), is_annex_b, audio_in(container)
