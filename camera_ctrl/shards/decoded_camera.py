"""One camera of a decode shard: what is wanted of it, and how far it is."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.decode.demand import KEYFRAME_EVERY_S, Demand
from camera_ctrl.liveness import DEAD_AFTER_INTERVALS, DEAD_AFTER_S
from camera_ctrl.nal import stands_alone
from camera_ctrl.rate import RateMeter
from camera_ctrl.reports import DecodeReport
from vigil import keys
from vigil.bus.packets.base import Entry, EntryId
from vigil.clock import MICROSECONDS
from vigil.domain.camera import Epoch
from vigil.domain.frame import read_stamp
from vigil.messages import RECOGNITION_OFF, CameraConfig, Decoding


@dataclass(slots=True)
class DecodedCamera:
    """One camera of a shard. Its decoder runs in one thread at a time.

    Attributes:
        position: Behind which the next read begins.
        due_s: When to look again: packets that make no picture lie until the next one's is there.
        decoding: How much is decoded now.
        gop_at: While idle: right before the keyframe that was decoded last.
        keyframe_us: When that was captured.
        begins_anew: Whether the decoder has to forget first, because a keyframe comes again.
        is_waking: Whether what was left out is looked through for the first frame that moves.
        is_gone: Taken away, while a thread may still be at it.
    """

    config: CameraConfig
    epoch: Epoch
    decoder: CameraDecoder
    demand: Demand
    position: EntryId | None = None
    due_s: float = 0.0
    decoding: Decoding = Decoding.FULL
    gop_at: EntryId | None = None
    keyframe_us: int = 0
    begins_anew: bool = False
    is_waking: bool = False
    busy: "Future[None] | None" = None
    lost_epoch: Epoch | None = None
    is_gone: bool = False
    last_frame_us: int | None = None
    rate: RateMeter = field(default_factory=RateMeter)

    def is_worked_on(self) -> bool:
        """Return whether a thread is at it."""
        return self.busy is not None and not self.busy.done()

    def is_looked_at(self) -> bool:
        """Return whether a recogniser wants to see what moves."""
        return self.config.recognition != RECOGNITION_OFF

    def put_on_masks(self) -> None:
        """Have the masks of now painted, if they are others than before. No thread is at it.

        Of a camera that rests, the keyframe that was decoded last makes the first masked picture.
        """
        if self.decoder.masks == self.config.masks:
            return
        self.decoder.mask(self.config.masks, self.config.mask_mark)
        if self.decoding is Decoding.IDLE:
            self.position, self.gop_at, self.keyframe_us = None, None, 0

    def asks(self, now_us: int) -> bool:
        """Return whether it matters now if somebody watches."""
        return self.demand.asks(now_us, is_looked_at=self.is_looked_at())

    def judge(self, entries: Sequence[Entry], now_us: int) -> bool:
        """Decide how much to decode; return whether what was left out is wanted now."""
        hints = self.demand.note_packets([each.packet for each in entries], self.decoder.codec)
        was = self.decoding
        self.decoding = self.demand.decoding(now_us, is_looked_at=self.is_looked_at())
        if was is not Decoding.IDLE:
            return False
        if self.decoding is Decoding.IDLE and hints and self.is_looked_at():
            self.demand.note_hint(now_us)
            self.decoding, self.is_waking = Decoding.GATED, True
        return self.decoding is not Decoding.IDLE

    def pass_by(self, entries: Sequence[Entry]) -> Entry | None:
        """Leave out what was read, but for its newest keyframe, if another is wanted by now."""
        codec = self.decoder.codec or ""
        every_us = max(KEYFRAME_EVERY_S, 0.9 / self.config.frame_fps) * MICROSECONDS
        keyframe = None
        for before, entry in zip(
            [self.position, *(e.entry_id for e in entries)], entries, strict=False
        ):
            packet = entry.packet
            if (
                packet.stream_index == 0
                and packet.is_keyframe
                # A clock that was set back makes it one that is long ago.
                and not 0 <= packet.captured_at_us - self.keyframe_us < every_us
                and stands_alone(codec, packet.data)
            ):
                keyframe, self.gop_at, self.keyframe_us = entry, before, packet.captured_at_us
        if entries:
            self.position = entries[-1].entry_id
        return keyframe

    def may_show(self, jpeg: bytes, now_us: int) -> bool:
        """Return whether a picture shows what is live, and nothing that is hidden by now."""
        # No longer than the watch waits for packets: it removes the picture of a camera that died,
        # and what is put behind that would stay.
        live_s = max(DEAD_AFTER_S, DEAD_AFTER_INTERVALS / self.config.frame_fps)
        is_live = now_us < read_stamp(jpeg).captured_at_us + live_s * MICROSECONDS
        return is_live and not self.is_gone and self.config.lets_show(jpeg)

    def frame_ttl_s(self) -> float:
        """Return how long its next picture lives."""
        ttl_s = keys.frame_ttl_s(self.config.frame_fps)
        return max(ttl_s, keys.IDLE_FRAME_TTL_S) if self.decoding is Decoding.IDLE else ttl_s

    def report(self, now_s: float, now_us: int) -> DecodeReport:
        """Return how its frames are made."""
        is_idle = self.decoding is Decoding.IDLE
        return DecodeReport(
            frame_fps=self.rate.events_per_s(now_s),
            last_frame_us=self.last_frame_us,
            error=self.decoder.error,
            lost_epoch=self.lost_epoch,
            motion=self.decoder.motion,
            decoding=self.decoding,
            decoding_reason=None
            if is_idle
            else self.demand.why_not_idle(now_us, is_looked_at=self.is_looked_at()),
            frames_decoded=self.decoder.frames_decoded,
        )
