"""One camera of a decode shard: what is wanted of it, and how far it is."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.decode.demand import FLOOR_FPS, KEYFRAME_EVERY_S, Demand
from camera_ctrl.decode.trial import Trial
from camera_ctrl.liveness import DEAD_AFTER_INTERVALS, DEAD_AFTER_S
from camera_ctrl.nal import stands_alone
from camera_ctrl.rate import RateMeter
from camera_ctrl.reports import DecodeReport
from camera_ctrl.stream_choice import StreamChoice
from vigil import keys
from vigil.bus.packets.base import Entry, EntryId, place_of
from vigil.camera_document import RECORDS_MOTION, CameraConfig
from vigil.clock import MICROSECONDS
from vigil.domain.camera import Epoch, Stream
from vigil.domain.frame import read_stamp
from vigil.domain.interval import IntervalMeter
from vigil.messages import Decoding

#: The keyframe at which a stream is begun lies no farther back than that.
_OLD_S = 10.0


@dataclass(slots=True)
class DecodedCamera:
    """One camera of a shard. Its decoder runs in one thread at a time.

    Attributes:
        choice: Which stream is to be decoded.
        stream: Which one is, now.
        trial: Whether pictures can be made of the sub-stream.
        turn_due_s: When to look again whether the other stream can be begun.
        left_at: Behind which the sub-stream was not read any more.
        newer_than_us: After another stream: when its last picture was captured.
        frames_seen: How many the decoder had made when it was last asked.
        position: Behind which the next read begins.
        due_s: When to look again: packets that make no picture lie until the next one's is there.
        decoding: How much is decoded now.
        gop_at: While idle: right before the keyframe that was decoded last.
        keyframe_us: When that was captured.
        is_at_floor: Whether few pictures are made of what is decoded whole.
        begins_anew: Whether the decoder has to forget first, because a keyframe comes again.
        is_waking: Whether what was left out is looked through for the first frame that moves.
        is_gone: Taken away, while a thread may still be at it.
        interval: Of the camera's packets, by its own steps of time.
        anchor_us: From which those steps are counted; another one stands behind a gap.
    """

    config: CameraConfig
    epoch: Epoch
    decoder: CameraDecoder
    demand: Demand
    choice: StreamChoice = field(default_factory=StreamChoice)
    stream: Stream = Stream.MAIN
    trial: Trial = field(default_factory=Trial)
    turn_due_s: float = 0.0
    left_at: EntryId | None = None
    newer_than_us: int = 0
    frames_seen: int = 0
    position: EntryId | None = None
    due_s: float = 0.0
    decoding: Decoding = Decoding.FULL
    gop_at: EntryId | None = None
    keyframe_us: int = 0
    is_at_floor: bool = False
    begins_anew: bool = False
    is_waking: bool = False
    busy: "Future[None] | None" = None
    lost_epoch: Epoch | None = None
    is_gone: bool = False
    last_frame_us: int | None = None
    interval: IntervalMeter = field(default_factory=IntervalMeter)
    anchor_us: int | None = None
    rate: RateMeter = field(default_factory=RateMeter)

    def is_worked_on(self) -> bool:
        """Return whether a thread is at it."""
        return self.busy is not None and not self.busy.done()

    def take(self, config: CameraConfig, epoch: Epoch) -> bool:
        """Go on as web wants it now; return whether other masks are to be painted at once."""
        if config.sealed_sub_url != self.config.sealed_sub_url:
            # Another one, for all we know.
            self.trial = Trial()
        has_other_masks = self.config.masks != config.masks
        if has_other_masks:
            self.due_s = 0.0
        self.config, self.epoch = config, epoch
        self.decoder.picker.fps = config.frame_fps
        return has_other_masks

    def choose(self, choice: StreamChoice) -> None:
        """Go on with this stream, as soon as it can be begun."""
        if choice != self.choice:
            self.choice, self.due_s, self.turn_due_s = choice, 0.0, 0.0

    def wanted_stream(self, now_s: float) -> Stream:
        """Return which stream to decode: the chosen one, unless nothing comes of it."""
        return Stream.MAIN if self.trial.is_left_alone(now_s) else self.choice.stream

    def can_begin_sub(self, position: EntryId | None) -> bool:
        """Return whether a keyframe of the sub-stream came since it was decoded last."""
        if position is None or self.left_at is None:
            return position is not None
        return place_of(position) >= place_of(self.left_at)

    def turn_to(self, stream: Stream, position: EntryId | None, *, now_s: float) -> None:
        """Decode another stream, from a position on."""
        if self.stream is Stream.SUB:
            self.left_at = self.position
        else:
            self.trial.begin(now_s)
        self.stream, self.position = stream, position
        self.decoder.begin_stream()
        self.demand = self.demand.of_stream(stream)
        self.decoding, self.due_s, self.turn_due_s = Decoding.FULL, now_s, 0.0
        self.gop_at, self.keyframe_us, self.interval = None, 0, IntervalMeter()
        self.begins_anew = self.is_waking = self.is_at_floor = False
        self.newer_than_us = self.last_frame_us or 0

    def note_decoded(self, now_s: float) -> None:
        """Take note of what came of the packets that a thread was given."""
        frames, self.frames_seen = self.frames_seen, self.decoder.frames_decoded
        if self.stream is Stream.SUB:
            has_frame = self.frames_seen > frames
            self.trial.note_decoded(now_s, has_frame=has_frame, error=self.decoder.error)

    def is_old(self, captured_at_us: int) -> bool:
        """Return whether another stream showed something newer before."""
        if 0 <= self.newer_than_us - captured_at_us < _OLD_S * MICROSECONDS:
            return True
        self.newer_than_us = 0
        return False

    def is_looked_at(self) -> bool:
        """Return whether a recogniser wants to see what moves."""
        return bool(self.config.models)

    def _awaits_motion(self) -> bool:
        """Return whether it is recorded when something moves, and nothing does yet.

        That it still moves keyframes tell in time: recording goes on for a while behind it.
        """
        motion = self.decoder.motion
        has_begun = motion is not None and motion.is_moving
        return self.config.recording in RECORDS_MOTION and not has_begun

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
        self._measure(entries)
        hints = self.demand.note_packets([each.packet for each in entries], self.decoder.codec)
        was, was_at_floor, is_looked_at = self.decoding, self.is_at_floor, self.is_looked_at()
        self.decoding = self.demand.decoding(now_us, is_looked_at=is_looked_at)
        self.is_at_floor = self.demand.is_at_floor(now_us, is_looked_at=is_looked_at)
        is_idle = was is Decoding.IDLE and self.decoding is Decoding.IDLE
        is_at_rest = is_idle or (was_at_floor and self.is_at_floor)
        if hints and is_at_rest and (is_looked_at or self._awaits_motion()):
            self.demand.note_hint(now_us)
            self.decoding, self.is_waking, self.is_at_floor = Decoding.GATED, is_idle, False
        fps = self.config.frame_fps
        self.decoder.picker.fps = min(FLOOR_FPS, fps) if self.is_at_floor else fps
        return was is Decoding.IDLE and self.decoding is not Decoding.IDLE

    def _measure(self, entries: Sequence[Entry]) -> None:
        """Take note of how often the camera sends a picture, which may be less than is wanted."""
        for packet in (each.packet for each in entries if each.packet.stream_index == 0):
            if packet.anchor_us != self.anchor_us:
                self.anchor_us = packet.anchor_us
                self.interval.interrupted()
            self.interval.note(packet.dts * float(packet.time_base))

    def _interval_s(self) -> float:
        """Return how long after a picture the next one is expected."""
        return max(1 / self.config.frame_fps, self.interval.interval_s())

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
        live_s = max(DEAD_AFTER_S, DEAD_AFTER_INTERVALS * self._interval_s())
        is_live = now_us < read_stamp(jpeg).captured_at_us + live_s * MICROSECONDS
        return is_live and not self.is_gone and self.config.lets_show(jpeg)

    def frame_ttl_s(self) -> float:
        """Return how long its next picture lives."""
        ttl_s = keys.frame_ttl_s(self._interval_s())
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
            stream=self.stream,
            sub_error=self.trial.error,
        )
