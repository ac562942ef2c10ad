"""Who has stayed in a zone as long as it asks for, through steps outside and pauses."""

import numpy as np
import pytest

from object_recognition.counting.dwelling import Dwelling

SECOND = 1_000_000
BEGAN_US = 1_790_000_000_000_000
#: A zone that counts at once, and one that asks for five seconds.
DWELL_S, PATIENCE_S = (0.0, 5.0), 3.0


class Zones:
    """Somebody, track 4, in and out of a zone, second after second.

    ``i`` in, ``o`` out, ``h`` hidden, ``r`` in and nothing moves, ``-`` a clock that was set
    back by an hour.
    """

    def __init__(self) -> None:
        self.dwelling = Dwelling(DWELL_S, patience_s=PATIENCE_S)
        self.captured_us = BEGAN_US

    def watch(self, seconds: str) -> str:
        """Return for each look at which it was in whether it counted, as 1 or 0."""
        counted = ""
        for each in seconds:
            if each == "-":
                self.captured_us -= 3600 * SECOND
                continue
            if each == "r":
                self.dwelling.rest(self.captured_us)
            else:
                tracks = [] if each == "h" else [4]
                in_each = np.full((2, len(tracks)), each == "i")
                counts = self.dwelling.look(np.array(tracks, np.int64), in_each, self.captured_us)
                counted += "".join(str(int(zone)) for zone in counts[1] if each == "i")
                assert (counts[0] == in_each[0]).all()
            self.captured_us += SECOND
        return counted


CASES = {
    "for long": ("iiiiiiii", "00000111"),
    "and gone": ("iiiioooooo", "0000"),
    "a step outside": ("iiiooiii", "000111"),
    "as long as patience lasts": ("iiiooiooi", "00011"),
    "longer than that": ("iiioooiiiiii", "000000001"),
    "counts at once when it is back": ("iiiiiiooii", "00000111"),
    "begins anew after a long way outside": ("iiiiiioooooiiiiii", "000001000001"),
    "hidden": ("iihhhhii", "0011"),
    "while nothing moves": ("iirrrrii", "0011"),
    "while nothing moves, outside": ("iiorrrrii", "0000"),
    "a clock that was set back": ("iii-iiii", "0000001"),
}


@pytest.mark.parametrize("case", CASES)
def test_who_stays_counts(case: str) -> None:
    seconds, expected = CASES[case]

    assert Zones().watch(seconds) == expected


def test_who_is_not_confirmed_counts_nowhere() -> None:
    dwelling = Dwelling(DWELL_S, patience_s=PATIENCE_S)

    counts = dwelling.look(np.array([0, 7]), np.ones((2, 2), np.bool_), BEGAN_US)

    assert counts.tolist() == [[False, True], [False, False]]


def test_who_has_ended_is_forgotten() -> None:
    zones = Zones()
    zones.watch("iii")
    assert zones.dwelling.stayed_s(4, 1) == 2.0

    zones.dwelling.forget([4])

    assert zones.dwelling.stayed_s(4, 1) == 0.0
    assert zones.watch("iii") == "000"
