"""Which pictures are keyframes, and which are left out: tables of cases."""

import itertools
from collections.abc import Sequence

import pytest

from recorder.encoding.pace import BEHIND_S, KeyframePace, Thinning

ANCHOR_US = 1_790_000_000_000_000


def keyframes(times_s: Sequence[float], anchors: Sequence[int] | None = None) -> list[int]:
    pace = KeyframePace()
    return [
        number
        for number, at_s in enumerate(times_s)
        if pace.is_keyframe(
            ANCHOR_US + (anchors[number] if anchors else 0), ANCHOR_US + round(at_s * 1e6)
        )
    ]


@pytest.mark.parametrize(
    ("times_s", "found"),
    [
        # Each two seconds
        ([n / 10 for n in range(45)], [0, 20, 40]),
        ([n / 3 for n in range(14)], [0, 6, 12]),
        # As rare as they are
        ([n * 1.0 for n in range(5)], [0, 2, 4]),
        ([n * 2.0 for n in range(4)], [0, 1, 2, 3]),
        ([n * 10.0 for n in range(4)], [0, 1, 2, 3]),
        # Behind a pause, where a file may have to end; not because one comes late
        ([0.0, 0.1, 0.2, 1.3, 1.4], [0, 3]),
        ([0.0, 0.1, 0.2, 1.1, 1.2], [0]),
        ([0.0, 0.5, 1.0, 1.9], [0]),
        # Times that stand still or go back
        ([0.0, 0.1, 0.1, 0.05, 0.2], [0]),
    ],
)
def test_keyframes_come_often_enough(times_s: list[float], found: list[int]) -> None:
    assert keyframes(times_s) == found


def test_another_anchor_and_whoever_asks_begin_one() -> None:
    assert keyframes([0.0, 0.1, 0.2, 0.3], [0, 0, 9, 9]) == [0, 2]
    pace = KeyframePace()
    assert pace.is_keyframe(1, 0)
    assert not pace.is_keyframe(1, 100_000)
    pace.begin_gop()
    assert pace.is_keyframe(1, 200_000)
    assert not pace.is_keyframe(1, 300_000)


class Encoder:
    """One that takes its time for each picture, on a clock that counts what it took."""

    def __init__(self, *, took_s: float) -> None:
        self.thinning, self.took_s, self.now_s = Thinning(), took_s, 0.0

    def encodes(self, count: int, *, fps: float = 10.0, behind_s: float = 0.0) -> list[int]:
        """Have pictures come, the last of which is behind by so much; return which it encodes."""
        taken = []
        begun_s = self.now_s
        for number in range(count):
            at_s = begun_s - behind_s + number / fps
            # It waits for what was not captured yet.
            self.now_s = max(self.now_s, at_s)
            captured_us = ANCHOR_US + round(at_s * 1e6)
            if self.thinning.takes(captured_us, behind_s=self.now_s - at_s):
                taken.append(number)
                self.now_s += self.took_s
                self.thinning.note_took(self.took_s)
        self.late_s = self.now_s - at_s
        return taken


@pytest.mark.parametrize("took_s", [0.001, 0.05, 0.09])
def test_none_is_left_out_as_long_as_it_is_fast_enough(took_s: float) -> None:
    assert len(Encoder(took_s=took_s).encodes(300)) == 300


@pytest.mark.parametrize("took_s", [0.001, 0.05, 0.09])
def test_who_was_away_catches_up_and_leaves_none_out(took_s: float) -> None:
    encoder = Encoder(took_s=took_s)
    assert len(encoder.encodes(600, behind_s=25.0)) == 600
    assert encoder.late_s < 25.0


@pytest.mark.parametrize("took_s", [0.12, 0.2, 0.5, 1.0])
def test_who_is_too_slow_leaves_out_evenly_and_stays_close_behind(took_s: float) -> None:
    encoder = Encoder(took_s=took_s)
    taken = encoder.encodes(3000)

    assert encoder.thinning.is_on
    assert encoder.late_s < BEHIND_S + 5 * took_s
    # As many as it can, from when that is known
    steady = [number for number in taken if number >= 1000]
    assert len(steady) == pytest.approx(200 / took_s, rel=0.12)
    steps = {after - before for before, after in itertools.pairwise(steady)}
    assert max(steps) - min(steps) <= 2
    assert encoder.thinning.words().startswith(f"the machine encodes {1 / took_s:.1f} of the 10.0")


def test_all_are_encoded_again_once_it_is_fast_enough() -> None:
    encoder = Encoder(took_s=0.5)
    encoder.encodes(600)
    encoder.took_s = 0.02
    encoder.encodes(200)

    assert not encoder.thinning.is_on
    assert len(encoder.encodes(300)) == 300


def test_a_machine_that_stood_still_for_once_is_not_slow() -> None:
    encoder = Encoder(took_s=0.03)
    encoder.encodes(100)
    encoder.took_s = 8.0
    encoder.encodes(1)
    encoder.took_s = 0.03

    assert len(encoder.encodes(300, behind_s=8.0)) == 300
