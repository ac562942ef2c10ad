"""One camera of a recorder: which segment its packets go to, and how far they are safe."""

from collections.abc import Callable, Iterable, Sequence

import structlog

from recorder.audio.decoder import AudioDecoder
from recorder.continuity import Continuity
from recorder.encoding.pictures import EncodedPictures
from recorder.footage.volume import Volume
from recorder.interleaving import HOLD_S, Interleaver, Placed
from recorder.segment import Segment
from vigil.bus.packets.base import Entry, EntryId, Template, place_of
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, MessageInvalid, VolumeUnavailable
from vigil.facts import Fact
from vigil.messages import GapReason, RecordingMark, RecordingStatus

log = structlog.get_logger(__name__)

#: A camera that sent nothing for so long, and by its own rhythm should have, has stopped.
STOPPED_S = 5.0
#: How long an end waits for pictures that are just being encoded.
_FINISH_S = 1.0
#: The streams of a template that are recorded: the video, and the audio.
_RECORDED = (0, 1)


class RecordedCamera:
    """Turns the packets of one camera into segments.

    Args:
        camera_id: Which.
        epoch: Of the recording lease.
        volume: Where its footage goes.
        mark: How far it was safe, by Redis; None: it does not say.
        segment_s: How long a segment is to be. It goes on to the next keyframe.
        template_of: Gives the template of packets; None: it is not there any more.
        say: To whom facts are told.

    Attributes:
        position: Behind which the next read begins; None: nobody said yet where it is to.
        error: Why nothing is recorded; None while all is.
        with_audio: Whether its audio is recorded, too: others may change it at any time.
        audio_error: Why no audio is; None while all is that is wanted.
        refusal: Why it may not be recorded now; None: it may.
        pictures: Where video goes that has to be encoded.

    Raises:
        VolumeUnavailable: The volume is not there, or what another left on it cannot be read.
    """

    def __init__(
        self,
        camera_id: CameraId,
        epoch: Epoch,
        *,
        volume: Volume,
        mark: RecordingMark | None,
        segment_s: float,
        template_of: Callable[[CameraId, str], Template | None],
        say: Callable[[Fact], None],
    ) -> None:
        self.camera_id, self.epoch = camera_id, epoch
        self._volume, self._segment_s = volume, segment_s
        self._say = say
        self.pictures = EncodedPictures(camera_id, template_of=template_of)
        self._footage = Continuity(camera_id, epoch, volume=volume, mark=mark, say=say)
        self.position = self._footage.goes_on_at if self._footage.is_wanted else None
        self.error: str | None = None
        self.with_audio = False
        self.audio_error: str | None = None
        #: While audio is recorded.
        self._order: Interleaver | None = None
        self._decoder = AudioDecoder()
        self.refusal: str | None = None
        self._segment: Segment | None = None
        #: When packets came last, by the monotonic clock.
        self._fed_s = 0.0
        #: Whether somebody was told of the segment, and what was safe before it was made.
        self._is_told, self._mark_before = False, self.mark
        self._begins_file = False

    @property
    def mark(self) -> RecordingMark | None:
        """How far footage is safe; None: there is none."""
        return self._footage.mark

    def begin_at(self, position: EntryId) -> None:
        """Begin behind a position, or where it is recorded already, which of them is later."""
        done = self._footage.goes_on_at
        if done is not None and place_of(done) > place_of(position):
            position = done
        self.position = position

    def begin_anew_at(self, position: EntryId | None) -> None:
        """Go on behind a position of a log that began anew, whose places are smaller."""
        log.warning("packet_log_began_anew", camera_id=self.camera_id)
        self.position = position

    def is_silent(self, now_s: float) -> bool:
        """Return whether nothing came for long, by the monotonic clock."""
        return now_s - self._fed_s > STOPPED_S

    def begin_file(self) -> None:
        """Begin another file with the next keyframe."""
        self._begins_file = True
        self.pictures.begin_gop()

    def take(self, entries: Sequence[Entry], *, now_s: float) -> bool:
        """Record packets that were read, in their order.

        Args:
            entries: At least one.
            now_s: By the monotonic clock.

        Returns:
            Whether all were taken; the others are to be read again.

        Raises:
            BusUnavailable: A template could not be read; the packets will be read again.
        """
        self._fed_s = now_s
        try:
            if self.with_audio is not (self._order is not None):
                self._switch_audio()
            for entry in entries:
                # Of the first that is read nothing is known of what stands before it.
                before = self.position or entry.entry_id
                if not self.pictures.concerns(entry.packet):
                    self._pass_on(entry, before)
                elif self.pictures.has_room:
                    self.pictures.put(entry, before)
                else:
                    return False
                self.position = entry.entry_id
        except VolumeUnavailable as error:
            self._break_off(str(error))
        return True

    def take_encoded(self, *, now_s: float) -> None:
        """Record what was encoded meanwhile; arguments and errors are those of ``take``."""
        if self.pictures.is_waiting:
            # What is late has not stopped.
            self._fed_s = now_s
        if self.pictures.is_stuck:
            self._footage.gaps.broken_off(GapReason.RECORDER)
        try:
            for entry, before in self.pictures.ready(now_s=now_s):
                self._pass_on(entry, before)
        except VolumeUnavailable as error:
            self._break_off(str(error))
        if self._segment is None:
            self.error = self.pictures.error or self.error

    def sync(self, *, now_s: float) -> None:
        """Make what was recorded survive a power cut; complete the file of a camera that stopped.

        Args:
            now_s: By the monotonic clock.
        """
        silent_s = now_s - self._fed_s
        if self.refusal is not None:
            return
        try:
            if self._order is not None and silent_s > HOLD_S:
                self._take_all(self._order.drain(), self._order)
            self._sync_segment(silent_s)
        except VolumeUnavailable as error:
            self._break_off(str(error))

    def _sync_segment(self, silent_s: float) -> None:
        segment = self._segment
        if segment is None:
            return
        self._note_audio_error(segment)
        if silent_s > STOPPED_S and segment.is_overdue(round(silent_s * MICROSECONDS)):
            self._close_segment()
            # Who goes on after our death knows that it was not for that.
            self._footage.ended_for(GapReason.CAMERA)
        elif segment.sync():
            self._footage.note(segment.mark)
            self._tell(segment)

    def close(self, reason: GapReason | None = None, *, now_us: int | None = None) -> None:
        """Complete the segment.

        Args:
            reason: Why nothing is recorded from now on; None: another goes on.
            now_us: UTC, where there may have been another reason until now.
        """
        try:
            if reason is not None:
                # Else another goes on with what is being encoded.
                self.pictures.finish(timeout_s=_FINISH_S)
            self.take_encoded(now_s=self._fed_s)
            self.pictures.end()
            self._record_what_waits()
            self._close_segment()
            if reason is not None:
                self._footage.ended_for(reason, now_us=now_us)
        except VolumeUnavailable as error:
            self._break_off(str(error))
            if reason is not None:
                # Who goes on must not take it for a full disk's.
                self._footage.ended_unnoted(reason)

    def _record_what_waits(self) -> None:
        if self._order is None or self._segment is None:
            return
        try:
            self._take_all(self._order.drain(), self._order)
        except BusUnavailable as error:
            log.warning("left_in_the_log", camera_id=self.camera_id, what=str(error))

    def refuse(self, reason: str | None) -> None:
        """Record nothing for a while, as there is no room for it; None: go on.

        Who goes on begins behind what is recorded, as far as packets are still in the log.
        """
        before, self.refusal = self.refusal, reason
        if reason is None:
            if before is not None and self.error == before:
                self.error = None
            return
        if before is None:
            log.error("recording_refused", camera_id=self.camera_id, reason=reason)
            self._put_back()
            # Else what was not wanted would be read, as if a full disk had been why.
            self.close(GapReason.DISK if self._footage.is_wanted else None)
            self._footage.gaps.broken_off(GapReason.DISK)
            self._footage.since_us = None
        self.error = reason

    def _put_back(self) -> None:
        """Read again later what was read, and waits for its order while there is no file."""
        if self._order is None or self._segment is not None:
            return
        self.position = self._order.held_from() or self.position
        self._order.clear()

    def leave(self) -> None:
        """Leave all as it is: another has the camera, finishes the file, and tells of it."""
        self.pictures.end()
        segment, self._segment = self._segment, None
        if segment is not None and segment.is_empty:
            segment.discard()
        elif segment is not None:
            segment.abandon()

    def status(self, owner: str) -> RecordingStatus:
        """Return what is to be said of it."""
        return RecordingStatus(
            owner=owner,
            epoch=self.epoch,
            error=self.error,
            audio_error=self.audio_error,
            encoding_error=self.pictures.error,
            since_us=self._footage.since_us,
            safe_us=None if self.mark is None else self.mark.safe_us,
        )

    def _switch_audio(self) -> None:
        if self._order is None:
            self._order = Interleaver()
            return
        order, self._order = self._order, None
        self.audio_error = None
        # What waits has been read: it goes first. The audio of it is not wanted any more.
        self._take_all(order.drain(), order)

    def _pass_on(self, entry: Entry, before: EntryId) -> None:
        """Record a packet of a kind that files take, in the order of times with the audio's."""
        if self._order is None:
            self._take_all([(entry, before)], None)
        elif entry.packet.stream_index in _RECORDED:
            self._take_all(self._order.put(entry, before), self._order)

    def _take_all(self, packets: Iterable[Placed], order: Interleaver | None) -> None:
        """Record packets in the order of their times.

        Raises:
            VolumeUnavailable, BusUnavailable: They will be read again.
        """
        for entry, before in packets:
            try:
                self._take(entry, before)
            except (VolumeUnavailable, BusUnavailable):
                # Those that wait behind it are in the log, too.
                self.position = before
                self.pictures.clear()
                if order is not None:
                    order.clear()
                raise

    def _take(self, entry: Entry, before: EntryId) -> None:
        if entry.packet.stream_index != 0:
            if self._order is not None and self._segment is not None:
                self._segment.add_audio(entry)
            return
        try:
            self._record(entry, before)
        except MessageInvalid as error:
            # It can never be recorded, nor what follows, up to the next keyframe.
            if str(error) != self.error:
                log.error("not_recorded", camera_id=self.camera_id, reason=str(error))
            self._close_segment()
            self.error = str(error)

    def _record(self, entry: Entry, before: EntryId) -> None:
        packet, segment = entry.packet, self._segment
        if segment is not None and packet.is_keyframe:
            is_due = segment.length_s >= self._segment_s or self._begins_file
            is_other = segment.with_audio is not (self._order is not None)
            if is_due or is_other or not segment.goes_on_with(packet):
                is_stepped = segment.is_stepped(packet)
                self._close_segment()
                if is_stepped:
                    self._footage.gaps.broken_off(GapReason.CLOCK)
        elif segment is not None and packet.template_id != segment.template_id:
            self._close_segment()
        if self._segment is None:
            if not packet.is_keyframe:
                return
            self._open_segment(entry, before)
        if self._segment is not None:
            self._segment.add(entry, before=before)

    def _open_segment(self, first: Entry, before: EntryId) -> None:
        template = self.pictures.template(first.packet.template_id)
        if template is None:
            log.warning("template_gone", camera_id=self.camera_id)
            return
        segment = Segment(
            self._volume,
            self.camera_id,
            epoch=self.epoch,
            template=template,
            first=first,
            before=before,
            safe_us=self._footage.gaps.ended_us,
            decoder=None if self._order is None else self._decoder,
        )
        self._segment, self._is_told, self._mark_before = segment, False, self.mark
        self._begins_file = False
        # First: who goes on after our death finishes the file, and tells of it.
        self._footage.note(segment.mark, is_synced=True)

    def _note_audio_error(self, segment: Segment) -> None:
        if segment.audio_error not in (None, self.audio_error):
            log.warning("audio_not_recorded", camera_id=self.camera_id, reason=segment.audio_error)
        self.audio_error = segment.audio_error

    def _tell(self, segment: Segment) -> None:
        """Tell of a segment once something of it is safe, and of the gap before it."""
        if self._is_told:
            return
        self._is_told, self.error = True, None
        self._footage.begun(segment.mark.begun_us)
        self._say(segment.opened_fact())

    def _close_segment(self) -> None:
        segment = self._segment
        if segment is None:
            return
        fact = segment.close()
        self._segment = None
        self._tell(segment)
        self._footage.gaps.ended_us = segment.ended_us
        self._say(fact)
        self._footage.note(segment.mark.model_copy(update={"is_whole": True}))

    def _break_off(self, error: str) -> None:
        """Begin again behind what is safe: the packets are still in the log, for a while."""
        if error != self.error:
            log.error("recording_broken_off", camera_id=self.camera_id, reason=error)
        segment, self._segment, self.error = self._segment, None, error
        self._footage.since_us = None
        self._footage.gaps.broken_off(GapReason.DISK)
        if self._order is not None:
            self._order.clear()
        self.pictures.clear()
        if segment is not None:
            self.position = EntryId(segment.mark.gop)
            self._give_up(segment)
            # What it says of now is an error all the same.
            self.error = error
        self._footage.ended_unnoted(GapReason.DISK)

    def _give_up(self, segment: Segment) -> None:
        if segment.is_empty:
            segment.discard()
            self._footage.mark = self._mark_before
            return
        self._tell(segment)
        self._say(segment.abandon())
        self._footage.mark = segment.mark
        self._footage.gaps.ended_us = segment.mark.safe_us
