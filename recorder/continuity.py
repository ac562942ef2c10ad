"""How far one camera's footage goes, what is missing of it, and who is told."""

from collections.abc import Callable

from recorder.footage.marks import MarkFile, newest_of
from recorder.footage.volume import Volume
from recorder.gaps import GapLedger, gap_fact
from recorder.interrupted import finish_all
from vigil.bus.packets.base import EntryId
from vigil.domain.camera import CameraId, Epoch
from vigil.facts import Fact
from vigil.messages import DELIBERATE, GapReason, RecordingMark


class Continuity:
    """Keeps the mark of one camera, and the ledger of its gaps.

    Args:
        camera_id: Which.
        epoch: Of the recording lease.
        volume: Where its footage goes.
        mark: How far it was safe, by Redis; None: it does not say.
        say: To whom gaps are told, and what became of files that others left.

    Attributes:
        mark: How far footage is safe; None: there is none.
        gaps: What it lacks.
        since_us: Since when there is no gap; None: nothing is recorded.

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
        say: Callable[[Fact], None],
    ) -> None:
        self._camera_id, self._epoch, self._say = camera_id, epoch, say
        self._file = MarkFile(volume.folder_of(camera_id))
        beside = self._file.read()
        self.mark = newest_of(mark, beside)
        self.gaps = GapLedger()
        self.since_us: int | None = None
        self._number = 0
        if self.mark is not None:
            found = [each for each in (mark, beside) if each is not None]
            for fact in finish_all(volume, camera_id, found):
                say(fact)
            self.gaps.ended_us = self.mark.safe_us
            # If its packets are not in the log any more, that is why.
            self.gaps.broken_off(self.mark.broken_off or GapReason.RECORDER)

    @property
    def is_wanted(self) -> bool:
        """Whether nobody ended it on purpose, so that what came since is to be recorded."""
        return self.mark is not None and self.mark.broken_off not in DELIBERATE

    @property
    def goes_on_at(self) -> EntryId | None:
        """Behind which packet who goes on begins; None: nothing is recorded yet."""
        return None if self.mark is None else EntryId(self.mark.gop)

    def note(self, mark: RecordingMark, *, is_synced: bool = False) -> None:
        """Keep a mark.

        Raises:
            VolumeUnavailable: The volume takes nothing.
        """
        self._number += 1
        self.mark = mark.model_copy(update={"number": self._number})
        self._file.write(self.mark, is_synced=is_synced)

    def begun(self, begun_us: int) -> None:
        """Take note of footage that begins, and tell of the gap before it."""
        gap = self.gaps.resumed_at(begun_us)
        if gap is not None:
            self._say(gap_fact(self._camera_id, self._epoch, gap))
        if gap is not None or self.since_us is None:
            self.since_us = begun_us

    def ended_for(self, reason: GapReason, *, now_us: int | None = None) -> None:
        """Note why nothing is recorded from now on.

        Args:
            reason: Why.
            now_us: UTC, where there may have been another reason until now: that is told.

        Raises:
            VolumeUnavailable: The volume takes nothing.
        """
        gap = None if now_us is None else self.gaps.turned_at(now_us, reason)
        if gap is not None:
            self._say(gap_fact(self._camera_id, self._epoch, gap))
        if self.mark is not None:
            safe_us = max(self.mark.safe_us, self.gaps.ended_us or 0)
            self.note(self.mark.model_copy(update={"broken_off": reason, "safe_us": safe_us}))

    def ended_unnoted(self, reason: GapReason) -> None:
        """Note for Redis alone why nothing is recorded: the disk takes nothing."""
        if self.mark is not None:
            self._number += 1
            changes = {"broken_off": reason, "number": self._number}
            self.mark = self.mark.model_copy(update=changes)
