"""How a file goes on behind another: by what its packets are, and else by when they were."""

from fractions import Fraction

import pytest

from recorder.exports.joining import Joint, Keyframe, Written
from recorder.exports.spans import Span, gaps_between

S = 1_000_000
#: Ticks of a second, and of a picture.
RATE, STEP = 90_000, 3600


def written(seconds: int) -> Written:
    """Return what holds so many seconds of 25 pictures, with a keyframe in each."""
    it = Written(Fraction(1, RATE))
    for number in range(seconds * 25):
        captured_us, dts = number * S // 25, number * STEP
        it.add(captured_us, dts=dts, pts=dts, duration=STEP)
        if number % 25 == 0:
            it.add_keyframe(Keyframe(captured_us, dts, dts, digest=number))
    return it


#: What of ten seconds: when the next file's first picture was captured, its bytes, and what is
#: said. Its own times begin at 0.
JOINTS = {
    "it follows at once": (10 * S, 250, Joint(10 * RATE)),
    "a moment late, as uneven cameras are": (10 * S + 20_000, 250, Joint(10 * RATE + 1800)),
    "a little early: nothing is shown before what is there": (10 * S - 5_000, 250, Joint(899_999)),
    "a second is no gap": (11 * S, 250, Joint(11 * RATE)),
    "more is: closed up": (11 * S + 1, 250, Joint(10 * RATE, gap_us=S + 1)),
    "the same packets": (8 * S, 200, Joint(8 * RATE)),
    "the same, though by a clock that drifted": (8 * S + 3_000, 200, Joint(8 * RATE)),
    "from before all that is there": (0, 0, Joint(0)),
    "other packets of that time, by a clock that was set back": (8 * S, 999, Joint(10 * RATE)),
    "the same bytes of another time": (8 * S, 75, Joint(10 * RATE)),
}


@pytest.mark.parametrize("name", JOINTS)
def test_a_file_goes_on(name: str) -> None:
    captured_us, digest, joint = JOINTS[name]

    assert written(10).join(Keyframe(captured_us, 0, 0, digest)) == joint


def test_of_two_that_are_the_same_the_nearer_counts() -> None:
    it = written(10)
    it.add_keyframe(Keyframe(8 * S + 400_000, 760_000, 760_000, digest=200))

    assert it.join(Keyframe(8 * S + 100_000, 0, 0, 200)) == Joint(8 * RATE)
    assert it.join(Keyframe(8 * S + 300_000, 0, 0, 200)) == Joint(760_000)


ASKED = Span(10 * S, 20 * S)
GAPS: dict[str, tuple[list[tuple[float, float]], list[tuple[int, int]]]] = {
    "all is there": ([(10, 20)], []),
    "more than was asked for": ([(8, 21)], []),
    "nothing": ([], [(10, 20)]),
    "it begins late and ends early": ([(12, 18)], [(10, 12), (18, 20)]),
    "two files that overlap": ([(10, 16), (15, 20)], []),
    "one within another": ([(10, 20), (12, 13)], []),
    "a hole": ([(10, 12), (15, 20)], [(12, 15)]),
    "less than a second is none": ([(10.5, 12), (12.9, 19.2)], []),
}


@pytest.mark.parametrize("name", GAPS)
def test_gaps_are_what_no_span_covers(name: str) -> None:
    spans, gaps = GAPS[name]

    found = gaps_between([Span(round(a * S), round(b * S)) for a, b in spans], ASKED)

    assert found == [Span(a * S, b * S) for a, b in gaps]
