"""What is to be done beside the jobs, now and then."""

from collections.abc import Callable

import structlog

from recorder.jobs.clearing import Clearing
from vigil.clock import Clock
from vigil.errors import VolumeUnavailable
from vigil.runtime import StopSignal

log = structlog.get_logger(__name__)

#: Seconds between two looks for jobs of dead workers, and for results that must go.
TAKE_UP_EVERY_S, CLEAR_EVERY_S = 5.0, 30.0
_PAUSE_S = 1.0


class Upkeep:
    """Takes up what dead workers left, and clears the shelf.

    Args:
        clearing: Clears it.
        take_up_left: Gives jobs back to the queue; returns how many.
        clock: For the pace.
    """

    def __init__(
        self, *, clearing: Clearing, take_up_left: Callable[[], int], clock: Clock
    ) -> None:
        self._clearing, self._take_up_left, self._clock = clearing, take_up_left, clock
        self._take_up_due_s = self._clear_due_s = 0.0

    def run_once(self, stop: StopSignal) -> None:
        """Do what is due, and wait a moment.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        now_s = self._clock.monotonic_s()
        if now_s >= self._take_up_due_s:
            count = self._take_up_left()
            self._take_up_due_s = now_s + TAKE_UP_EVERY_S
            if count:
                log.warning("jobs_of_the_dead_taken_up", count=count)
        if now_s >= self._clear_due_s:
            try:
                self._clearing.run_once()
            except VolumeUnavailable as error:
                log.error("exports_not_cleared", reason=str(error))
            self._clear_due_s = now_s + CLEAR_EVERY_S
        stop.wait(_PAUSE_S)
