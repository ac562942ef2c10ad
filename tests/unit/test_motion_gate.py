"""What moves and what does not, on painted scenes and on real footage."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from bench.footage import data_folder, people_of_vtest
from camera_ctrl.decode.motion import MotionGate
from standalone.demo.scene import Scene
from vigil.domain.motion import Motion
from vigil.media.jpeg import luma_of

Plane = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.floating[Any]]
Change = Callable[[Plane, float], Levels]

BEGAN_US = 1_790_000_000_000_000
SIZE_WH = (1280, 720)
FPS = 5
#: The first frames are taken for moving: nobody knows.
SETTLED_S = 2.0


def street() -> Plane:
    """Return the luma of an empty street."""
    image_bgr, _ = Scene(1, actors=()).look(0.0, SIZE_WH)
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY), np.uint8)


def looked_at(planes: Iterable[Plane], *, fps: float = FPS) -> list[Motion]:
    gate = MotionGate()
    return [
        gate.look(plane, BEGAN_US + round(number * 1e6 / fps))
        for number, plane in enumerate(planes)
    ]


def changed(change: Change, *, length_s: float = 19.0) -> Iterator[Plane]:
    """Yield an empty street under a change that depends on the second."""
    plane = street()
    for number in range(round(length_s * FPS)):
        yield np.clip(np.rint(change(plane, number / FPS)), 0, 255).astype(np.uint8)


def noisy(sigma: float) -> Change:
    rng = np.random.default_rng(7)
    # Drawn once, and shifted at random: drawing it anew takes longer than all that is tested.
    grain = rng.normal(0, sigma, (SIZE_WH[1] + 64, SIZE_WH[0] + 64)).astype(np.float32)

    def change(plane: Plane, _: float) -> Levels:
        down, across = rng.integers(0, 64, 2)
        return plane + grain[down : down + SIZE_WH[1], across : across + SIZE_WH[0]]

    return change


def breathing(plane: Plane, at_s: float) -> Levels:
    """Return the picture as an encoder pulses: blurred a little, sharp again each two seconds."""
    blurred = cv2.GaussianBlur(plane, (0, 0), 0.4 + 0.15 * (at_s % 2))
    return np.asarray(blurred, np.float64)


NIGHT = noisy(8)
#: Changes of the light and of the picture itself, and the seconds of them that count as motion.
NO_MOTION: dict[str, tuple[Change, float]] = {
    "nothing": (lambda plane, _: plane * 1.0, 0.0),
    "daylight's noise": (noisy(2), 0.0),
    "night's noise": (noisy(14), 0.0),
    "an encoder that pulses": (breathing, 0.0),
    "clouds": (lambda plane, at_s: plane * (1 + 0.25 * np.sin(at_s / 3)), 0.0),
    # What was bright is white then: it is another picture for a moment.
    "a longer exposure": (lambda plane, at_s: plane * (1.4 if at_s > 8 else 1.0), 3.2),
    "a shorter one": (lambda plane, at_s: plane * (0.5 if at_s > 8 else 1.0), 0.0),
    "the lamp goes on": (lambda plane, at_s: plane * 0.3 + (110 if at_s > 8 else 0), 0.0),
    "another picture": (lambda plane, at_s: plane[:: -1 if at_s > 8 else 1] * 1.0, 1.2),
    "a night, exposed anew": (
        lambda plane, at_s: NIGHT(plane, at_s) * (1.2 if at_s > 8 else 0.9),
        0.0,
    ),
}


@pytest.mark.parametrize("case", NO_MOTION)
def test_the_light_and_the_camera_are_no_motion(case: str) -> None:
    change, allowed_s = NO_MOTION[case]

    seen = looked_at(changed(change))[round(SETTLED_S * FPS) :]

    assert sum(each.is_moving for each in seen) <= allowed_s * FPS
    assert all(each.is_moving or not each.boxes for each in seen)


#: Height in pixels of 720p, contrast in levels, pixels a second, what else happens.
WALKERS: dict[str, tuple[int, int, float, Change]] = {
    "near": (240, 40, 80.0, noisy(2)),
    "far": (24, 40, 10.0, noisy(2)),
    "far and slow": (24, 50, 4.0, noisy(2)),
    "pale": (90, -18, 25.0, noisy(2)),
    "at night": (90, 40, 25.0, noisy(14)),
    "under clouds": (60, 40, 20.0, NO_MOTION["clouds"][0]),
    "where the encoder pulses": (60, 40, 20.0, breathing),
}
ENTERS_S, LEAVES_S, FEET_PX = 8.0, 14.0, 520


def box_of(case: str, at_s: float) -> tuple[int, int, int, int] | None:
    """Return where somebody is: on an even part of the street, who comes and goes at once."""
    height, _, pace, _ = WALKERS[case]
    if not ENTERS_S <= at_s < LEAVES_S:
        return None
    left = round(500 + pace * (at_s - ENTERS_S))
    return left, FEET_PX - height, left + max(3, round(0.35 * height)), FEET_PX


def walked(case: str) -> Iterator[Plane]:
    _, contrast, _, change = WALKERS[case]

    def with_walker(plane: Plane, at_s: float) -> Levels:
        box = box_of(case, at_s)
        scene = plane.astype(np.int16)
        if box is not None:
            left, top, right, bottom = box
            scene[top:bottom, left:right] += contrast
        return change(np.clip(scene, 0, 255).astype(np.uint8), at_s)

    return changed(with_walker)


@pytest.mark.parametrize("case", WALKERS)
def test_somebody_who_walks_is_motion_from_the_first_frame_to_the_last(case: str) -> None:
    seen = looked_at(walked(case))

    for number, motion in enumerate(seen):
        at_s, box = number / FPS, box_of(case, number / FPS)
        if SETTLED_S <= at_s < ENTERS_S:
            assert not motion.is_moving, at_s
        if box is not None:
            assert motion.is_moving, at_s
            assert motion.since_us == BEGAN_US + round(ENTERS_S * 1e6)
    # The middle of them lies in a box, nearly always
    present = [(m, b) for n, m in enumerate(seen) if (b := box_of(case, n / FPS)) is not None]
    assert sum(has_middle(motion, box) for motion, box in present) >= 0.7 * len(present)
    # And where they were is soon the street again
    assert not any(each.is_moving for each in seen[round((LEAVES_S + 4.0) * FPS) :])


def has_middle(motion: Motion, box: tuple[float, float, float, float]) -> bool:
    """Return whether the middle of a box is where something moves, or nearly."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(b[0] - 8 <= x <= b[2] + 8 and b[1] - 8 <= y <= b[3] + 8 for b in motion.boxes)


def test_what_has_come_to_rest_moves_no_more() -> None:
    # Given a car that drives in for two seconds, and stays
    def parks(plane: Plane, at_s: float) -> Levels:
        scene = plane.astype(np.float64)
        if at_s >= 6:
            left = round(200 + 200 * min(2.0, at_s - 6))
            scene[400:520, left : left + 260] = 40
        return scene

    seen = looked_at(changed(parks))

    assert all(each.is_moving for each in seen[6 * FPS : 8 * FPS])
    assert not any(each.is_moving for each in seen[12 * FPS :])


def test_keyframes_alone_tell_who_is_there() -> None:
    frames = list(walked("near"))[:: 2 * FPS]

    seen = looked_at(frames, fps=0.5)

    assert [each.is_moving for each in seen] == [True] + 3 * [False] + 3 * [True] + 3 * [False]


@pytest.mark.parametrize("size_wh", [(2, 2), (33, 17), (352, 288), (1921, 1081), (3840, 2160)])
def test_frames_of_any_size_are_looked_at(size_wh: tuple[int, int]) -> None:
    plane = np.zeros((size_wh[1], size_wh[0]), np.uint8)

    seen = looked_at([plane] * (3 * FPS))

    assert not seen[-1].is_moving
    # Another size begins anew
    gate = MotionGate()
    gate.look(plane, BEGAN_US)
    assert gate.look(np.zeros((90, 160), np.uint8), BEGAN_US + 3_000_000).is_moving


def test_another_picture_counts_as_moving_anew_whatever_moved_before() -> None:
    height, width = street().shape
    tiles = np.random.default_rng(0).integers(20, 230, (height // 40 + 1, width // 40 + 1))
    elsewhere = np.kron(tiles, np.ones((40, 40)))[:height, :width]

    def turns(plane: Plane, at_s: float) -> Levels:
        scene = plane.astype(np.float64)
        if at_s >= 4:
            scene[400:520, 300 + round(100 * (at_s - 4)) :][:, :260] = 40
        # Given a camera that turns elsewhere while something moves
        return scene if at_s < 6 else elsewhere

    seen = looked_at(changed(turns))

    began, turned = seen[5 * FPS], seen[6 * FPS]
    assert began.is_moving
    assert turned.is_moving
    assert turned.since_us == BEGAN_US + 6_000_000 > began.since_us


def test_a_clock_that_was_set_back_begins_anew() -> None:
    gate, plane = MotionGate(), street()
    for number in range(3 * FPS):
        motion = gate.look(plane, BEGAN_US + number * 200_000)
    assert not motion.is_moving

    assert gate.look(plane, BEGAN_US - 3_600_000_000).is_moving


def footage(path: Path, *, length_s: float) -> list[tuple[int, Motion]]:
    """Return number and verdict of five frames a second of a clip."""
    gate, seen, due_s = MotionGate(), [], 0.0
    with av.open(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if frame.time < due_s:
                continue
            if frame.time > length_s:
                break
            due_s += 1 / FPS
            luma = luma_of(frame)
            assert luma is not None
            seen.append((number, gate.look(luma, BEGAN_US + round(frame.time * 1e6))))
    return seen


@pytest.fixture
def shared() -> Path:
    folder = data_folder()
    assert folder is not None
    return folder


@pytest.mark.needs("data")
def test_people_of_vtest_are_where_something_moves(shared: Path) -> None:
    truth = people_of_vtest(shared)

    seen = footage(shared / "video" / "vtest_480x360.avi", length_s=30.0)[5 * FPS :]

    assert all(motion.is_moving for _, motion in seen)
    people = [(motion, tuple(box)) for number, motion in seen for box in truth.get(number + 1, ())]
    found = sum(has_middle(motion, box) for motion, box in people)
    assert found >= 0.8 * len(people)


@pytest.mark.needs("data")
def test_cars_move_and_an_empty_room_does_not(shared: Path) -> None:
    cars = footage(shared / "video" / "car-detection.mp4", length_s=20.0)
    room = footage(shared / "video" / "one-by-one-person-detection.mp4", length_s=20.0)

    assert all(motion.is_moving for _, motion in cars)
    # Nobody is there before the seventh second
    assert not any(motion.is_moving for _, motion in room[2 * FPS : 6 * FPS])
    assert all(motion.is_moving for _, motion in room[7 * FPS :])
