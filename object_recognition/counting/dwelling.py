"""Who has stayed in a zone for as long as it asks.

A stay begins with the look in which a confirmed track is first in the zone. It goes on while the
track is hidden, and through a step outside that is no longer than a tracker's patience: a foot on
the border is in and out by turns. While nothing moves time passes, and who is in stays in.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from object_recognition.tracking.tracked import UNTRACKED
from vigil.clock import MICROSECONDS


@dataclass(slots=True)
class _Stay:
    """One track in one zone, by the clock of `Dwelling`."""

    since_us: int
    in_us: int
    is_out: bool = False
    has_dwelt: bool = False


class Dwelling:
    """Tells which tracks of a camera count in which of its zones.

    Args:
        dwell_s: For each zone how long something must stay in it; 0: it counts at once.
        patience_s: A step outside of no more than this does not end a stay.
    """

    def __init__(self, dwell_s: Sequence[float], *, patience_s: float) -> None:
        self._dwell_us = [round(each * MICROSECONDS) for each in dwell_s]
        self._patience_us = round(patience_s * MICROSECONDS)
        self._stays: dict[int, dict[int, _Stay]] = {
            zone: {} for zone, each in enumerate(self._dwell_us) if each
        }
        self._now_us = 0
        self._stamp_us: int | None = None

    def look(
        self, track_id: NDArray[np.int64], in_each: NDArray[np.bool_], captured_at_us: int
    ) -> NDArray[np.bool_]:
        """Take in who is where in a frame; return who counts where, ``(zones, n)``.

        Args:
            track_id: ``(n,)``. Whose each detection is; who is not confirmed counts nowhere.
            in_each: ``(zones, n)``. Whether each is in a zone.
            captured_at_us: Of the frame. A time before the last counts as the same instant.
        """
        self._pass_to(captured_at_us)
        counts: NDArray[np.bool_] = in_each & (track_id != UNTRACKED)
        for zone, stays in self._stays.items():
            for row, track in enumerate(track_id.tolist()):
                if counts[zone, row]:
                    counts[zone, row] = self._stay_in(stays, track, zone)
                elif track in stays:
                    self._step_out(stays, track)
        return counts

    def rest(self, captured_at_us: int) -> None:
        """Note that nothing moved up to a frame: who is in a zone has stayed in it."""
        self._pass_to(captured_at_us)
        for stays in self._stays.values():
            for stay in stays.values():
                if not stay.is_out:
                    stay.in_us = self._now_us

    def is_over(self, captured_at_us: int) -> bool:
        """Return whether somebody who stays has stayed long enough at a frame, since the last."""
        now_us = self._now_us + self._passed_us(captured_at_us)
        return any(
            not (stay.has_dwelt or stay.is_out) and now_us - stay.since_us >= self._dwell_us[zone]
            for zone, stays in self._stays.items()
            for stay in stays.values()
        )

    def stayed_s(self, track: int, zone: int) -> float:
        """Return for how long a track has stayed in a zone; 0: it is not in it."""
        stay = self._stays.get(zone, {}).get(track)
        return 0.0 if stay is None else (self._now_us - stay.since_us) / MICROSECONDS

    def forget(self, tracks: Collection[int]) -> None:
        """Forget tracks that have ended."""
        for track in tracks:
            for stays in self._stays.values():
                stays.pop(track, None)

    def _passed_us(self, captured_at_us: int) -> int:
        return 0 if self._stamp_us is None else max(0, captured_at_us - self._stamp_us)

    def _pass_to(self, captured_at_us: int) -> None:
        self._now_us += self._passed_us(captured_at_us)
        self._stamp_us = captured_at_us

    def _stay_in(self, stays: dict[int, _Stay], track: int, zone: int) -> bool:
        stay = stays.get(track)
        if stay is None or (stay.is_out and self._now_us - stay.in_us > self._patience_us):
            stay = stays[track] = _Stay(self._now_us, self._now_us)
        stay.in_us, stay.is_out = self._now_us, False
        stay.has_dwelt = self._now_us - stay.since_us >= self._dwell_us[zone]
        return stay.has_dwelt

    def _step_out(self, stays: dict[int, _Stay], track: int) -> None:
        if self._now_us - stays[track].in_us > self._patience_us:
            del stays[track]
        else:
            stays[track].is_out = True
