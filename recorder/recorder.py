"""The recorder: packets from the bus, files on a volume, and what is to be told of them."""

from collections.abc import Callable, Collection, Mapping

import structlog

from recorder.footage.volume import Volume
from recorder.recorded_camera import RecordedCamera
from recorder.signs import SignBoards
from recorder.wanted import Signs, Wish, may_be_recorded
from vigil.bus.packets.base import EntryId, PacketLog, Template, place_of
from vigil.bus.status.base import StatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.camera_document import CameraConfig
from vigil.clock import Clock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable, ServerUnavailable, VolumeUnavailable
from vigil.facts import Fact
from vigil.leases import LeaseKeeper
from vigil.messages import GapReason, RecordingMark, RecordingStatus

log = structlog.get_logger(__name__)

#: Packets lie in the log anyway: they are fetched so often, many at a time.
READ_EVERY_S = 0.5
#: Packets of one camera in one read: of eight that are behind, some 20 MB.
READ_LIMIT = 100
#: ... of one whose pictures are encoded: more is read while they are.
ENCODED_READ_LIMIT = 32
#: No log holds more.
BACKLOG_AT_MOST_S = 86_400.0
#: Seconds between two syncs, marks and statuses of a camera.
SYNC_EVERY_S = 1.0


class Recorder:
    """Records the cameras that are its own.

    Args:
        configs: Which cameras there are, and when they are recorded.
        keeper: The recording leases.
        packets: What they send.
        boards: What is known of them.
        marks: How far each one's footage is safe.
        statuses: Where each one's status goes.
        volume: Where footage goes.
        refusal: Says why a camera cannot be recorded now; None: it can.
        say: To whom it is told which files there are.
        clock: For the pace of all this.
        segment_s: How long a file is to be.
    """

    def __init__(
        self,
        *,
        configs: CameraConfigs,
        keeper: LeaseKeeper,
        packets: PacketLog,
        boards: SignBoards,
        marks: StatusBoard[RecordingMark],
        statuses: StatusBoard[RecordingStatus],
        volume: Volume,
        refusal: Callable[[CameraId], str | None],
        say: Callable[[Fact], None],
        clock: Clock,
        segment_s: float,
    ) -> None:
        self._configs, self._keeper, self._packets = configs, keeper, packets
        self._boards = boards
        self._marks, self._statuses = marks, statuses
        self._volume, self._refusal = volume, refusal
        self._say, self._clock, self._segment_s = say, clock, segment_s
        #: Those that are recorded now, and what is wished of all that are ours.
        self._cameras: dict[CameraId, RecordedCamera] = {}
        self._wishes: dict[CameraId, Wish] = {}
        self._sync_due_s = 0.0

    def run_once(self) -> bool:
        """Record what has come; return whether more is there already.

        Raises:
            BusUnavailable: Redis does not answer; what was not read will be.
        """
        self._decide_who_is_ours()
        now_s = self._clock.monotonic_s()
        for camera in self._cameras.values():
            camera.refuse(self._refusal(camera.camera_id))
            if camera.position is None:
                before_s = self._wishes[camera.camera_id].pre_s
                begin = self._keyframe(camera.camera_id, before_s=before_s)
                if begin is not None:
                    camera.begin_at(begin)
        has_more = self._take(now_s)
        if now_s >= self._sync_due_s:
            self._sync_due_s = now_s + SYNC_EVERY_S
            self._sync(now_s)
            self._follow_new_logs(now_s)
        return has_more

    def _take(self, now_s: float) -> bool:
        """Read of all cameras; return whether more is there already."""
        has_more = False
        copied, encoded = dict[CameraId, EntryId](), dict[CameraId, EntryId]()
        for each in self._cameras.values():
            each.take_encoded(now_s=now_s)
            if each.position is None or each.refusal is not None:
                continue
            if each.pictures.has_room:
                of = encoded if each.pictures.is_used else copied
                of[each.camera_id] = each.position
        for positions, limit in ((copied, READ_LIMIT), (encoded, ENCODED_READ_LIMIT)):
            found = self._packets.read(positions, limit=limit) if positions else {}
            for camera_id, entries in found.items():
                takes_all = self._cameras[camera_id].take(entries, now_s=now_s)
                has_more |= takes_all and len(entries) == limit
        return has_more

    def close(self) -> None:
        """Complete all files, and give the cameras back."""
        for camera in self._cameras.values():
            camera.close()
        try:
            self._tell_marks()
        except BusUnavailable as error:
            log.warning("marks_not_told", reason=str(error))
        self._keeper.release_all()

    def _decide_who_is_ours(self) -> None:
        """Follow configuration and leases. While a Redis is away all stays as it is."""
        try:
            self._configs.refresh()
        except BusUnavailable as error:
            log.warning("configuration_unavailable", what=str(error))
        cameras = self._configs.cameras
        ours = {each.id: 1.0 for each in cameras.values() if may_be_recorded(each)}
        for camera_id in self._cameras.keys() - ours.keys():
            # Before the lease goes: nobody writes beside us.
            self._end(camera_id, GapReason.SWITCHED_OFF)
        try:
            self._keeper.keep(ours)
        except ServerUnavailable as error:
            log.warning("server_unavailable", what=str(error))
        held = self._keeper.held()
        for camera_id, camera in list(self._cameras.items()):
            if held.get(camera_id) != camera.epoch:
                # Another has it: what we have not marked is theirs to record.
                self._cameras.pop(camera_id).leave()
        self._follow_wishes([cameras[each] for each in held if each in cameras])
        recorded = {each for each, wish in self._wishes.items() if wish.is_recorded}
        begins = recorded - self._cameras.keys()
        if begins:
            self._begin({each: held[each] for each in begins})

    def _follow_wishes(self, cameras: Collection[CameraConfig]) -> None:
        """Find out which of our cameras are to be recorded now, and end the others' files."""
        signs = self._boards.read(cameras)
        now_us, now_s = self._clock.utc_us(), self._clock.monotonic_s()
        wishes = {each.id: self._wishes.get(each.id) or Wish() for each in cameras}
        self._wishes = wishes
        for camera in cameras:
            wish, recorded = wishes[camera.id], self._cameras.get(camera.id)
            takes_before = wish.takes
            wish.look(camera, signs.get(camera.id, Signs()), now_us=now_us, now_s=now_s)
            if recorded is None:
                continue
            if not wish.is_recorded:
                self._end(camera.id, GapReason.NOT_WANTED)
                continue
            recorded.with_audio = camera.record_audio
            if wish.takes != takes_before:
                recorded.begin_file()

    def _end(self, camera_id: CameraId, reason: GapReason) -> None:
        """Record a camera no more; whoever is to, later, does not want what comes until then."""
        camera = self._cameras.pop(camera_id)
        camera.close(reason, now_us=self._clock.utc_us())
        try:
            if camera.mark is not None:
                self._marks.put_all({camera_id: (camera.mark, camera.epoch)})
        except BusUnavailable as error:
            log.warning("marks_not_told", reason=str(error))

    def _begin(self, held: Mapping[CameraId, Epoch]) -> None:
        try:
            marks = self._marks.read(held)
        except ServerUnavailable as error:
            log.warning("marks_unread", what=str(error))
            return
        for camera_id, epoch in held.items():
            if camera_id in marks.unread:
                continue
            try:
                self._cameras[camera_id] = RecordedCamera(
                    camera_id,
                    epoch,
                    volume=self._volume,
                    mark=marks.get(camera_id),
                    segment_s=self._segment_s,
                    template_of=self._template_of,
                    say=self._say,
                )
                wants_audio = self._configs.cameras[camera_id].record_audio
                self._cameras[camera_id].with_audio = wants_audio
            except VolumeUnavailable as error:
                # It is tried again with the next turn; the other cameras go on.
                log.error("recording_not_begun", camera_id=camera_id, reason=str(error))

    def _keyframe(self, camera_id: CameraId, *, before_s: float = 0.0) -> EntryId | None:
        try:
            return self._packets.last_keyframe(camera_id, before_s=before_s)
        except ServerUnavailable as error:
            # Of a cluster: the cameras of its other servers do not wait for it.
            log.warning("camera_unread", camera_id=camera_id, what=str(error))
            return None

    def _follow_new_logs(self, now_s: float) -> None:
        """Go on with what a log holds that began anew while Redis' clock was set back.

        All its places lie before those that were read, and nothing would be read of it.
        """
        for camera_id, camera in self._cameras.items():
            is_asked = camera.pictures.is_used or camera.is_silent(now_s)
            if camera.position is None or not is_asked:
                continue
            try:
                newest = self._packets.last_entry(camera_id)
            except ServerUnavailable as error:
                log.warning("camera_unread", camera_id=camera_id, what=str(error))
                continue
            if newest is not None and camera.pictures.is_used:
                camera.pictures.note_newest(newest)
            if newest is not None and place_of(newest) < place_of(camera.position):
                camera.begin_anew_at(self._keyframe(camera_id, before_s=BACKLOG_AT_MOST_S))

    def _template_of(self, camera_id: CameraId, template_id: str) -> Template | None:
        return self._packets.template(camera_id, template_id)

    def _sync(self, now_s: float) -> None:
        for camera in self._cameras.values():
            camera.sync(now_s=now_s)
        self._tell_marks()
        statuses = {
            camera_id: (self._status_of(camera_id, epoch), epoch)
            for camera_id, epoch in self._keeper.held().items()
        }
        self._note_lost(self._statuses.put_all(statuses) if statuses else {})

    def _status_of(self, camera_id: CameraId, epoch: Epoch) -> RecordingStatus:
        camera, wish = self._cameras.get(camera_id), self._wishes.get(camera_id)
        if camera is not None:
            return camera.status(self._keeper.member)
        is_waiting = wish is not None and not wish.is_recorded
        return RecordingStatus(owner=self._keeper.member, epoch=epoch, is_waiting=is_waiting)

    def _tell_marks(self) -> None:
        marks = {
            each.camera_id: (each.mark, each.epoch) for each in self._cameras.values() if each.mark
        }
        self._note_lost(self._marks.put_all(marks) if marks else {})

    def _note_lost(self, written: Mapping[CameraId, bool]) -> None:
        for camera_id, is_written in written.items():
            camera = self._cameras.get(camera_id)
            if not is_written and camera is not None:
                self._keeper.lost(camera_id, epoch=camera.epoch)
