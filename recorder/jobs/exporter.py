"""Sees an export through: starts a child, watches it, and tells what became of it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

import structlog

from recorder.exports.making import bytes_of
from recorder.exports.shelf import Shelf
from recorder.footage.volume import Volume
from recorder.jobs.child import Task, Word
from recorder.jobs.clearing import Clearing
from vigil.bus.exports.base import ExportQueue
from vigil.bus.facts.base import FactLog
from vigil.clock import Clock
from vigil.errors import BusUnavailable, FootageInvalid, VolumeUnavailable
from vigil.exports import ExportKind, ExportOrder, ExportState
from vigil.facts import ExportFact, ExportResult
from vigil.runtime import Backoff, StopSignal

log = structlog.get_logger(__name__)

#: So often an export is tried whose child died, or whose disk was away.
TRIES = 3
#: Seconds between two tries.
_AGAIN_S = 5.0
#: A child that says nothing for so long hangs: it says something of each 2000 packets.
_SILENT_S = 300.0
#: How long to wait for a child's word before looking at the rest.
_LOOK_EVERY_S = 0.25
#: Seconds between two questions whether somebody still wants it, and two facts on how far it is.
_ASK_EVERY_S, _TELL_EVERY_S = 0.5, 1.0


class Child(Protocol):
    """A process at work; see `recorder.jobs.child_process`."""

    def words(self, timeout_s: float) -> list[Word] | None:
        """Return what it has said since; None: it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Again:
    """That an export is to be tried again.

    Attributes:
        delay_s: When.
        is_a_try: Whether it counts as one: it does not when we are to end, or another is at it.
    """

    delay_s: float
    is_a_try: bool = True


@dataclass(frozen=True, slots=True)
class _Failed:
    reason: str
    may_pass: bool


class _Cancelled:
    pass


class _Stopped:
    pass


class _Busy:
    """Another makes the same: of an order that came twice."""


_Became: TypeAlias = ExportResult | _Failed | _Cancelled | _Stopped | _Busy


class Exporter:
    """Makes exports, one after the other or several at once; each thread calls ``run``.

    Args:
        volume: Where footage is.
        shelf: Where results go.
        clearing: Makes room for them.
        queue: Says what nobody wants any more.
        facts: Where it is told.
        start: Starts a child.
        kept: How long results stay.
        log_level: Of the children.
        clock: For the pace of all this.
        stop: Ends it.
    """

    def __init__(
        self,
        *,
        volume: Volume,
        shelf: Shelf,
        clearing: Clearing,
        queue: ExportQueue,
        facts: FactLog,
        start: Callable[[Task], AbstractContextManager[Child]],
        kept: timedelta,
        log_level: str,
        clock: Clock,
        stop: StopSignal,
    ) -> None:
        self._volume, self._shelf, self._clearing = volume, shelf, clearing
        self._queue, self._facts, self._start = queue, facts, start
        self._kept, self._log_level = kept, log_level
        self._clock, self._stop = clock, stop

    def run(self, order: ExportOrder, *, tries: int) -> Again | None:
        """See an export through; return None once the fact of its end is in the queue Redis.

        Args:
            order: What to make.
            tries: How often it was tried before.
        """
        became = self._made(order)
        if isinstance(became, _Stopped | _Busy):
            delay_s = 0.0 if isinstance(became, _Stopped) else _AGAIN_S
            return Again(delay_s, is_a_try=False)
        if isinstance(became, _Failed) and became.may_pass and tries + 1 < TRIES:
            log.warning("export_broken_off", export=str(order.export), reason=became.reason)
            return Again(_AGAIN_S)
        if not isinstance(became, ExportResult):
            self._forget(order)
        is_told = self._tell_surely(_fact_of(order, became))
        return None if is_told else Again(0.0, is_a_try=False)

    def _made(self, order: ExportOrder) -> _Became:
        """Return what became of an export."""
        if self._is_cancelled(order):
            return _Cancelled()
        try:
            found = self._shelf.find(order.export)
            if found is not None:
                # Who made it died before all was told.
                return found
            # A clip lies there until it is encoded anew, or in its ZIP.
            is_made_twice = order.is_exact or order.kind is not ExportKind.MP4
            takes = bytes_of(order, self._volume)
            self._clearing.make_room(takes, is_made_twice=is_made_twice)
        except FootageInvalid as error:
            return _Failed(str(error), may_pass=False)
        except (VolumeUnavailable, BusUnavailable) as error:
            return _Failed(str(error), may_pass=True)
        self._tell(_running(order, 0.0))
        task = Task(
            order=order,
            volume=self._volume.volume_id,
            path=self._volume.path.absolute(),
            kept_s=self._kept.total_seconds(),
            log_level=self._log_level,
        )
        with self._start(task) as child:
            became = self._watched(order, child)
        if isinstance(became, ExportResult) and self._is_cancelled(order):
            return _Cancelled()
        return became

    def _watched(self, order: ExportOrder, child: Child) -> _Became:
        heard_s = self._clock.monotonic_s()
        ask_due_s = tell_due_s = 0.0
        while not self._stop.is_set():
            words = child.words(_LOOK_EVERY_S)
            now_s = self._clock.monotonic_s()
            if words is None:
                return _Failed("its process died", may_pass=True)
            if words:
                heard_s = now_s
                ended = _end_in(words)
                if ended is not None:
                    return ended
                if now_s >= tell_due_s:
                    tell_due_s = now_s + _TELL_EVERY_S
                    self._tell(_running(order, words[-1].progress))
            if now_s >= ask_due_s:
                ask_due_s = now_s + _ASK_EVERY_S
                if self._is_cancelled(order):
                    return _Cancelled()
            if now_s - heard_s > _SILENT_S:
                return _Failed("its process hung", may_pass=True)
        return _Stopped()

    def _is_cancelled(self, order: ExportOrder) -> bool:
        try:
            return self._queue.is_cancelled(order.export)
        except BusUnavailable as error:
            # It is asked again, and who clears up asks too.
            log.warning("export_cancellation_unknown", reason=str(error))
            return False

    def _forget(self, order: ExportOrder) -> None:
        try:
            self._shelf.remove(order.export)
        except VolumeUnavailable as error:
            log.warning("export_not_removed", export=str(order.export), reason=str(error))

    def _tell(self, fact: ExportFact) -> None:
        """Tell how far it is; nobody needs to know."""
        try:
            self._facts.append([fact.model_dump_json().encode()])
        except BusUnavailable as error:
            log.info("export_progress_not_told", reason=str(error))

    def _tell_surely(self, fact: ExportFact) -> bool:
        """Tell how it ended, however long that takes; return False where we are to end first."""
        backoff = Backoff(first_s=0.2, max_s=5.0)
        while True:
            try:
                self._facts.append([fact.model_dump_json().encode()])
            except BusUnavailable as error:
                log.warning("export_not_told", export=str(fact.export), reason=str(error))
                if self._stop.wait(backoff.next_s()):
                    return False
            else:
                log.info("export_ended", export=str(fact.export), state=fact.state)
                return True


def _end_in(words: Sequence[Word]) -> ExportResult | _Failed | _Busy | None:
    """Return what became of an export by its child's words; None: it goes on."""
    for word in words:
        if word.kind == "done" and word.result is not None:
            return word.result
        if word.kind == "busy":
            return _Busy()
        if word.kind != "going":
            reason = word.reason or "its process does not say why"
            return _Failed(reason, may_pass=word.kind == "broken_off")
    return None


def _running(order: ExportOrder, progress: float) -> ExportFact:
    return ExportFact(export=order.export, state=ExportState.RUNNING, progress=progress)


def _fact_of(order: ExportOrder, became: ExportResult | _Failed | _Cancelled) -> ExportFact:
    if isinstance(became, ExportResult):
        return ExportFact(export=order.export, state=ExportState.DONE, progress=1.0, result=became)
    if isinstance(became, _Failed):
        reason = became.reason[:1000]
        return ExportFact(export=order.export, state=ExportState.FAILED, reason=reason)
    return ExportFact(export=order.export, state=ExportState.CANCELLED)
