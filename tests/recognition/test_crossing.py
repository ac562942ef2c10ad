"""Who crosses a line, which way, and what is no crossing."""

from collections.abc import Sequence

import numpy as np
import pytest

from object_recognition.counting.crossing import Crossed, LineWatch
from object_recognition.tracking.tracked import Tracks
from vigil.camera_document import Line

LABELS = ("person", "car")
#: Upwards in the picture: to its right is where x grows.
GATE = Line(id=1, start=(100.0, 300.0), end=(100.0, 100.0))
#: A box is 100 px high, so that clear of the line is more than 10 px away.
HEIGHT, CLEAR_PX = 100.0, 10.0

Foot = tuple[float, float]


def tracks(
    *feet: Foot, ids: Sequence[int] = (), class_id: int = 0, first: Foot | None = None
) -> Tracks:
    """Return tracks whose feet are there; numbered from 1, unless said otherwise."""
    n = len(feet)

    def boxes(places: Sequence[Foot]) -> np.ndarray:
        return np.array([(x - 20, y - HEIGHT, x + 20, y) for x, y in places], np.float32).reshape(
            -1, 4
        )

    return Tracks(
        np.array(ids or range(1, n + 1), np.int64),
        np.full(n, class_id, np.int64),
        boxes([first or each for each in feet]),
        boxes(feet),
        np.full(n, 0.8, np.float32),
        np.zeros(n),
        np.zeros(n),
    )


NOBODY = tracks()


def walk(feet: Sequence[Foot], *lines: Line, class_id: int = 0) -> list[Crossed]:
    """Return what somebody crosses who goes from place to place; frame k is captured at k us."""
    watch = LineWatch(lines or (GATE,), LABELS)
    crossed = watch.look(tracks(feet[0], class_id=class_id), NOBODY, at_us=0)
    for at_us, foot in enumerate(feet[1:], start=1):
        crossed += watch.look(NOBODY, tracks(foot, class_id=class_id), at_us=at_us)
    return crossed


def across(*xs: float, y: float = 200.0) -> list[Foot]:
    return [(x, y) for x in xs]


WALKS: dict[str, tuple[list[Foot], list[str]]] = {
    "from the left to the right": (across(50, 80, 110, 140), ["in"]),
    "from the right to the left": (across(150, 120, 90, 60), ["out"]),
    "there and back": (across(50, 80, 120, 150, 120, 80, 50), ["in", "out"]),
    "in one step": (across(10, 190), ["in"]),
    "up to it and back": (across(50, 99, 50), []),
    "onto it and back": (across(50, 100, 50), []),
    "over it, not clear of it, and back": (across(50, 109, 50), []),
    "swaying on it, and over": (across(50, 95, 106, 94, 107, 95, 130), ["in"]),
    "swaying on it, and back": (across(50, 95, 106, 94, 107, 95, 60), []),
    "stopping right on it, and over": (across(50, 100, 100, 100, 150), ["in"]),
    "swaying long after": (across(50, 150, 95, 106, 95, 150), ["in"]),
    "comes into sight on it, and leaves to the right": (across(105, 150), []),
    "comes into sight on it, and crosses later": (across(95, 150, 50), ["out"]),
    "lost on it": (across(50, 100), []),
    "along it": ([(105, y) for y in range(320, 80, -20)], []),
    "around its upper end": ([(50, 200), (50, 50), (150, 50), (150, 200)], []),
    "around its lower end": ([(50, 200), (50, 350), (150, 350), (150, 200)], []),
    "around it and back through it": (
        [(50, 200), (50, 50), (150, 50), (150, 200), (50, 200)],
        ["out"],
    ),
    "just past its end": ([(50, 90), (150, 108)], []),
    "just within its end": ([(50, 95), (150, 110)], ["in"]),
    "along it, clear, over its end": ([(50, 200), (105, 200), (105, 60), (150, 60)], ["in"]),
    "beside it": (across(20, 40, 60), []),
}


@pytest.mark.parametrize("case", WALKS)
def test_a_walk(case: str) -> None:
    feet, expected = WALKS[case]

    assert ["in" if each.is_in else "out" for each in walk(feet)] == expected


@pytest.mark.parametrize("case", WALKS)
def test_a_line_the_other_way_round_turns_in_to_out(case: str) -> None:
    feet, expected = WALKS[case]
    turned = GATE.model_copy(update={"start": GATE.end, "end": GATE.start})

    assert ["out" if each.is_in else "in" for each in walk(feet, turned)] == expected


# Start, end, and a walk that comes in: on the right of whoever looks along it in the picture
DIRECTIONS = {
    "up": ((0, 100), (0, 0), [(-50, 50), (50, 50)]),
    "down": ((0, 0), (0, 100), [(50, 50), (-50, 50)]),
    "to the right": ((0, 0), (100, 0), [(50, -50), (50, 50)]),
    "to the left": ((100, 0), (0, 0), [(50, 50), (50, -50)]),
    "down to the right": ((0, 0), (100, 100), [(90, 10), (10, 90)]),
}


@pytest.mark.parametrize("case", DIRECTIONS)
def test_in_is_to_the_right_of_the_way_from_start_to_end(case: str) -> None:
    start, end, feet = DIRECTIONS[case]

    [crossed] = walk(feet, Line(id=1, start=start, end=end))

    assert crossed.is_in


def test_says_when_it_was_first_beyond_the_line() -> None:
    [crossed] = walk(across(50, 95, 105, 95, 104, 108, 130))

    # In frame 2 it was beyond, but came back; from 4 on it stayed
    assert crossed.at_us == 4


def test_who_crossed_before_being_confirmed_has_crossed() -> None:
    watch = LineWatch((GATE,), LABELS)

    [crossed] = watch.look(tracks((150, 200), first=(50, 200)), NOBODY, at_us=9)

    assert (crossed.is_in, crossed.at_us) == (True, 9)


def test_what_it_is_and_how_sure_it_was_decide_whether_it_counts() -> None:
    cars = GATE.model_copy(update={"labels": ("car",)})
    sure = GATE.model_copy(update={"min_confidence": 0.9})
    feet = across(50, 150)

    crossed = walk(feet, cars, sure, GATE) + walk(feet, cars, class_id=1)

    assert [(each.line, each.class_id) for each in crossed] == [(2, 0), (0, 1)]


def test_many_cross_many_lines_each_as_if_it_were_alone() -> None:
    random = np.random.default_rng(3)
    lines = [
        Line(id=k + 1, start=tuple(start), end=tuple(end))
        for k, (start, end) in enumerate(random.uniform(0, 400, (6, 2, 2)).tolist())
    ]
    ways = np.cumsum(random.normal(0, 25, (40, 20, 2)), axis=0) + 200
    watch = LineWatch(lines, LABELS)

    together = []
    for frame, feet in enumerate(ways.tolist()):
        seen = tracks(*map(tuple, feet))
        opened, updated = (seen, NOBODY) if frame == 0 else (NOBODY, seen)
        together += watch.look(opened, updated, at_us=frame)

    alone = [
        (track + 1, line.id, each.is_in, each.at_us)
        for track in range(20)
        for line in lines
        for each in walk([tuple(foot) for foot in ways[:, track].tolist()], line)
    ]
    assert len(alone) > 50
    assert sorted((e.track, lines[e.line].id, e.is_in, e.at_us) for e in together) == sorted(alone)


def test_who_is_hidden_for_a_while_is_where_they_were() -> None:
    watch = LineWatch((GATE,), LABELS)
    watch.look(tracks((50, 200), (60, 200)), NOBODY, at_us=0)

    watch.look(NOBODY, tracks((60, 200), ids=[2]), at_us=1)
    crossed = watch.look(NOBODY, tracks((150, 200), ids=[1]), at_us=2)

    assert [(each.track, each.is_in) for each in crossed] == [(1, True)]


def test_who_has_ended_is_forgotten_and_the_others_are_not() -> None:
    watch = LineWatch((GATE,), LABELS)
    watch.look(tracks((50, 200), (60, 200)), NOBODY, at_us=0)

    watch.forget(tracks((50, 200)))
    watch.look(tracks((50, 200), ids=[3]), NOBODY, at_us=1)
    crossed = watch.look(NOBODY, tracks((150, 200), (160, 200), ids=[2, 3]), at_us=2)

    assert [each.track for each in crossed] == [2, 3]


def test_whoever_was_open_before_the_line_was_drawn_may_cross_it() -> None:
    watch = LineWatch((GATE,), LABELS)
    watch.begin(tracks((50, 200)))

    assert len(watch.look(NOBODY, tracks((150, 200)), at_us=1)) == 1


def test_who_began_before_another_and_was_confirmed_later_keeps_their_own_side() -> None:
    # Given two whose numbers are not in the order in which they are told, one on each side
    watch = LineWatch((GATE,), LABELS)
    watch.begin(tracks((50, 200), (150, 200), ids=(2, 1)))

    # When both go to the right
    crossed = watch.look(NOBODY, tracks((150, 200), (180, 200), ids=(2, 1)), at_us=1)

    # Then the one crosses who was on the left
    assert [each.track for each in crossed] == [2]


def test_a_line_without_a_length_is_never_crossed() -> None:
    point = Line(id=1, start=(100.0, 200.0), end=(100.0, 200.0))

    assert walk(across(50, 150), point) == []
