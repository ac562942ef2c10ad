"""Keeps footage within its limits: the oldest goes first. It needs no database.

It runs in a thread of its own: recording never waits for a folder to be read or a file to go.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import structlog

from recorder.footage.listing import DAY_US
from recorder.footage.volume import Volume
from recorder.room.inventory import Inventory
from recorder.room.orders import Orders
from recorder.room.protections import REFUSED_S, Protections
from recorder.room.removal import Removal
from recorder.room.report import FootageLimits, volume_report
from recorder.room.rule import CameraLimits, Purge, Room, StoredFile, to_purge
from vigil.bus.footage.base import FootageStore
from vigil.camera_document import CameraConfig
from vigil.clock import Clock
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable, SetupInvalid, VolumeUnavailable
from vigil.facts import Fact
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped

log = structlog.get_logger(__name__)

#: Seconds between two looks at how much room there is.
LOOK_EVERY_S = 5.0
#: ... and at how old footage is, for which folders are read.
AGE_EVERY_S = 60.0
#: Seconds between two turns when there is nothing to do.
TURN_EVERY_S = 1.0
#: Seconds between two reports of the volume.
REPORT_EVERY_S = 10.0
#: A look is followed by so many times its length of rest at least.
_REST = 20
#: Files that go in one turn.
AT_ONCE = 50
#: Recording that stopped for want of room goes on when so much of the reserve is free beside it.
_RESUME_PART = 8
_FOR_GOOD_US = 2**53


class Retention:
    """Deletes the oldest footage of a volume, and says when recording has to stop.

    Args:
        volume: It.
        limits: What footage may take.
        cameras: Gives each camera as it is configured now; it may have limits of its own. None:
            that is not known yet, and footage goes for the reserve alone.
        store: Where web says what is protected, and what users deleted.
        say: To whom it is told what goes.
        clock: Judges age.

    Attributes:
        protections: What is protected of the footage.
    """

    def __init__(
        self,
        volume: Volume,
        *,
        limits: FootageLimits,
        cameras: Callable[[], Mapping[CameraId, CameraConfig] | None],
        store: FootageStore,
        say: Callable[[Fact], None],
        clock: Clock,
    ) -> None:
        self._volume, self._limits, self._cameras = volume, limits, cameras
        self._store, self._clock = store, clock
        self.protections = Protections(volume, store=store, clock=clock)
        self._inventory = Inventory(volume, protections=self.protections, clock=clock)
        self._removal = Removal(volume, say=say)
        self._orders = Orders(
            volume,
            store=store,
            removal=self._removal,
            is_protected=self._is_protected,
            clock=clock,
        )
        self._due_s = self._age_due_s = self._report_due_s = 0.0
        self._has_begun = False
        #: Why a camera cannot be recorded; of None: why none can. Replaced as a whole.
        self._refusals: Mapping[CameraId | None, str] = {}

    def heard(self, fact: Fact) -> None:
        """Take note of a file that is done, or that others removed. From any thread; at once."""
        self._inventory.heard(fact)

    def refusal(self, camera_id: CameraId) -> str | None:
        """Return why a camera cannot be recorded now, in an operator's words; None: it can.

        From any thread.
        """
        refusals = self._refusals
        return refusals.get(None) or refusals.get(camera_id)

    def run_once(self) -> bool:
        """Do a part of what there is to do; return whether there is more."""
        try:
            self._volume.require_mounted()
            if not self._has_begun:
                self._removal.repeat()
                self._has_begun = True
            return self._turn()
        except (VolumeUnavailable, OSError) as error:
            log.error("no_room_made", reason=str(error))
            return False

    def _turn(self) -> bool:
        self._follow_protections(is_urgent=False)
        is_deleting = self._follow_orders()
        was_counted = self._inventory.is_counted
        is_counting = self._inventory.keep_up()
        if self._inventory.is_counted and not was_counted:
            # Now it is known who takes too much.
            self._due_s = self._report_due_s = 0.0
        is_purging = self._make_room()
        self._report()
        return is_purging or is_counting or is_deleting

    def _follow_protections(self, *, is_urgent: bool) -> None:
        for camera_id in self.protections.refresh(is_urgent=is_urgent):
            self._inventory.count_again(camera_id)
            # Something may go now that could not, or the other way.
            self._due_s = self._age_due_s = 0.0

    def _follow_orders(self) -> bool:
        for path in self._orders.carry_out():
            self._inventory.changed(path)
            # There may be room to record now.
            self._due_s = 0.0
        return self._orders.is_more

    def _is_protected(self, path: str) -> bool:
        if not self._inventory.is_protected(path):
            return False
        # A user may have taken that back right before.
        self._follow_protections(is_urgent=True)
        return self._inventory.is_protected(path)

    def _make_room(self) -> bool:
        """Delete what must go, if a look is due; return whether more must."""
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s:
            return False
        self._due_s = now_s + LOOK_EVERY_S
        room = self._room()
        if self._is_over(room):
            # Others delete here, too: nothing goes, or is refused, for what is gone already.
            self._inventory.count_changed()
            room = self._room()
        purge = self._purge(room, is_old_due=now_s >= self._age_due_s)
        if now_s >= self._age_due_s:
            self._age_due_s = now_s + AGE_EVERY_S
        stuck = self._remove(purge.goes)
        if not purge.is_whole and stuck is None:
            self._due_s = self._age_due_s = now_s
            return True
        # Where much has to be looked through and nothing may go it is done less often.
        took_s = self._clock.monotonic_s() - now_s
        self._due_s = max(self._due_s, self._clock.monotonic_s() + took_s * _REST)
        is_full = purge.is_full or (stuck is not None and self._is_short(room))
        self._refuse(replace(purge, is_full=is_full), stuck)
        return False

    def _report(self) -> None:
        """Say how full the volume is, now and then."""
        now_s = self._clock.monotonic_s()
        if now_s < self._report_due_s:
            return
        self._report_due_s = now_s + REPORT_EVERY_S
        report = volume_report(
            self._volume,
            self._inventory,
            limits=self._limits,
            limits_of=self._limits_of,
            refusals=self._refusals,
            now_us=self._clock.utc_us(),
        )
        try:
            self._store.report(report)
        except BusUnavailable as error:
            log.warning("volume_not_reported", reason=str(error))
        except SetupInvalid as error:
            # That nobody is told how full it is is no reason to let it run full.
            log.error("volume_report_refused", reason=str(error))
            self._report_due_s = now_s + REFUSED_S

    def _room(self) -> Room:
        reserve_bytes = self._limits.reserve_bytes
        if None in self._refusals:
            # Or it would go on and stop with each file.
            reserve_bytes += reserve_bytes // _RESUME_PART
        return Room(
            free_bytes=self._volume.free_bytes(),
            reserve_bytes=reserve_bytes,
            max_bytes=None if self._is_waiting() else self._limits.max_bytes,
            used_bytes=self._inventory.tally.used_bytes(),
        )

    def _is_waiting(self) -> bool:
        """Return whether nothing may go but for the reserve: nobody knows what cameras may keep."""
        return self._limits.purges and self._cameras() is None

    def _purge(self, room: Room, *, is_old_due: bool) -> Purge:
        if not (is_old_due or self._is_over(room) or self._is_short(room)):
            return Purge(())
        files: Mapping[CameraId, Iterable[StoredFile]] = dict.fromkeys(room.used_bytes, ())
        if self._limits.purges:
            # What was protected a moment ago is not to go now.
            self._follow_protections(is_urgent=True)
            files = self._inventory.stored()
        return to_purge(
            files,
            room,
            limits_of=self._limits_of,
            now_us=self._clock.utc_us(),
            at_most=AT_ONCE,
        )

    def _is_over(self, room: Room) -> bool:
        """Return whether footage takes more bytes than all of it may, or a camera's own."""
        if room.max_bytes is not None and sum(room.used_bytes.values()) > room.max_bytes:
            return True
        return any(
            used_bytes > (self._limits_of(camera_id).max_bytes or used_bytes)
            for camera_id, used_bytes in room.used_bytes.items()
        )

    def _is_short(self, room: Room) -> bool:
        is_over = room.max_bytes is not None and sum(room.used_bytes.values()) > room.max_bytes
        return is_over or room.free_bytes < room.reserve_bytes

    def _remove(self, files: Iterable[StoredFile]) -> str | None:
        """Remove files; return why one of them could not be, or None."""
        stuck = None
        for file in files:
            try:
                if self._removal.remove(file.path, reason="limits"):
                    # By whomever: it was counted when it was there.
                    self._inventory.gone(file.camera_id, file.begun_us, file.path, file.size_bytes)
            except OSError as error:
                # The others may go all the same.
                stuck = f"{file.path}: {error.strerror}"
                log.error("footage_not_deleted", path=file.path, reason=error.strerror)
        return stuck

    def _limits_of(self, camera_id: CameraId) -> CameraLimits:
        cameras = self._cameras()
        if cameras is None:
            return CameraLimits(kept_us=_FOR_GOOD_US)
        camera = cameras.get(camera_id)
        kept_days = None if camera is None else camera.recording_kept_days
        return CameraLimits(
            kept_us=round((kept_days or self._limits.kept_days) * DAY_US),
            max_bytes=None if camera is None else camera.recording_max_bytes,
        )

    def _refuse(self, purge: Purge, stuck: str | None) -> None:
        """Say which cameras cannot be recorded, and why."""
        refusals: dict[CameraId | None, str] = {}
        if purge.is_full:
            limit = f"FOOTAGE_RESERVE_BYTES ({self._limits.reserve_bytes}) would not be left free"
            if self._limits.max_bytes is not None:
                limit += f", or FOOTAGE_MAX_BYTES ({self._limits.max_bytes}) is used up"
            refusals[None] = self._in_words(limit, stuck)
        for camera_id in purge.full_cameras:
            limit = f"recording_max_bytes ({self._limits_of(camera_id).max_bytes}) is used up"
            refusals[camera_id] = self._in_words(limit, stuck)
        if refusals.keys() - self._refusals.keys():
            log.error("recording_refused", reasons=sorted(refusals.values()))
        elif refusals.keys() != self._refusals.keys():
            log.info("recording_allowed", still_refused=sorted(refusals.values()))
        self._refusals = refusals

    def _in_words(self, limit: str, stuck: str | None) -> str:
        if not self._limits.purges:
            return f"{limit}, and FOOTAGE_PURGE is off: delete footage, or make room"
        if stuck is not None:
            return f"{limit}, and footage cannot be deleted: {stuck}"
        return (
            f"{limit}, and no footage is left that may go: take protections back, raise the "
            "limit, or clear the disk of what is no footage"
        )


def keep_room_until_stopped(retention: Retention, stop: StopSignal) -> None:
    """Keep footage within its limits. The work of a thread."""

    def step() -> None:
        if not retention.run_once():
            stop.wait(TURN_EVERY_S)

    backoff = Backoff(first_s=0.2, max_s=2.0)
    run_until_stopped(step, stop=stop, heartbeat=FileHeartbeat(None), backoff=backoff)
