"""The basic recogniser sees people who walk, and takes nothing else for one."""

import time
from pathlib import Path

import numpy as np
import pytest

from bench.accuracy import measure
from bench.footage import data_folder, frames_of, read_mot
from bench.scoring import Score
from object_recognition.basic.background import Background
from object_recognition.basic.recogniser import MOVING, PERSON, BasicRecogniser
from tests.recognition import scenes
from tests.recognition.scenes import Walker

#: Enough for the background to be learned, and for a walker to be looked at more than once.
EMPTY_FRAMES = 10
SETTLED_FRAMES = 12


@pytest.fixture
def shared() -> Path:
    folder = data_folder()
    assert folder is not None, "a test that takes this is marked as needing data"
    return folder


def walkers_on(width: int, height: int) -> list[Walker]:
    scale = height / 360
    return [
        Walker((20 * scale, 300 * scale), 150 * scale, 4 * scale),
        Walker((width - 20 * scale, 330 * scale), 170 * scale, -5 * scale, (90, 60, 40)),
    ]


@pytest.mark.parametrize(("width", "height"), [(320, 240), (640, 360), (1920, 1080)])
def test_sees_who_walks_at_any_size_of_frame(width: int, height: int) -> None:
    street = scenes.a_street(width, height)
    walkers = walkers_on(width, height)
    recogniser, score = BasicRecogniser(), Score()
    for frame in scenes.frames_of(street, [], count=EMPTY_FRAMES):
        recogniser.detect(frame)

    for number, frame in enumerate(scenes.frames_of(street, walkers, count=40)):
        seen = recogniser.detect(frame)
        if number >= SETTLED_FRAMES:
            true = np.array([walker.box(number) for walker in walkers], np.float32)
            score.add(seen.xyxy[seen.class_id == PERSON], true)

    assert score.precision >= 0.85
    assert score.recall >= 0.75


def test_calls_nothing_a_person_that_is_none() -> None:
    recogniser = BasicRecogniser()
    seen = [recogniser.detect(f) for f in scenes.traffic(scenes.a_street(640, 360), count=120)]

    told = np.concatenate([one.class_id for one in seen])

    assert (told == MOVING).sum() > 200
    assert (told == PERSON).mean() < 0.02


def test_somebody_who_stops_is_held_but_not_for_ever() -> None:
    # Given somebody who walks in and then stands like a statue
    street = scenes.a_street(320, 240)
    recogniser = BasicRecogniser()
    walking = list(scenes.frames_of(street, [Walker((40, 200), 110, 3)], count=41))
    for frame in [*scenes.frames_of(street, [], count=EMPTY_FRAMES), *walking]:
        recogniser.detect(frame)

    standing = scenes.frames_of(walking[-1], [], count=360)
    is_seen = [PERSON in recogniser.detect(frame).class_id for frame in standing]

    assert all(is_seen[:100])
    assert not any(is_seen[-10:])


def test_tells_of_nothing_where_nothing_moves() -> None:
    recogniser = BasicRecogniser()
    still = scenes.frames_of(scenes.a_street(640, 360), [], count=40)

    assert [len(recogniser.detect(frame)) for frame in still] == [0] * 40


def test_remembers_each_camera_for_itself() -> None:
    # Given one recogniser that has seen the street, and a fresh one
    street = scenes.a_street(640, 360)
    settled, fresh = BasicRecogniser(), BasicRecogniser()
    for frame in scenes.frames_of(street, [], count=40):
        settled.detect(frame)

    # When both see people there at once
    frames = list(scenes.frames_of(street, [Walker((320, 300), 150, 0)], count=5))
    for frame in frames:
        of_settled, of_fresh = settled.detect(frame), fresh.detect(frame)

    # Then only the first knows that they were not always there
    assert len(of_settled) == 1
    assert len(of_fresh) == 0


def test_a_sudden_change_of_light_is_no_motion() -> None:
    recogniser = BasicRecogniser()
    day = scenes.a_street(640, 360)
    night = (day // 4).astype(np.uint8)

    frames = [*scenes.frames_of(day, [], count=20), *scenes.frames_of(night, [], count=20)]

    assert sum(len(recogniser.detect(frame)) for frame in frames) == 0


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 400), (400, 1), (17, 31)])
def test_frames_too_small_for_anything_give_nothing(width: int, height: int) -> None:
    recogniser = BasicRecogniser()
    random = np.random.default_rng(4)
    for _ in range(6):
        frame = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        assert (recogniser.detect(frame).class_id == MOVING).all()


def test_a_camera_may_change_its_size() -> None:
    recogniser = BasicRecogniser()
    for width, height in [(640, 360), (320, 240), (640, 360)]:
        street = scenes.a_street(width, height)
        for frame in scenes.frames_of(street, walkers_on(width, height), count=8):
            seen = recogniser.detect(frame)
            assert (seen.xyxy <= [width, height, width, height]).all()


def test_a_background_finds_where_something_appeared() -> None:
    background = Background()
    street = scenes.a_street(640, 360)
    for frame in scenes.frames_of(street, [], count=EMPTY_FRAMES):
        background.moving_regions(frame)
    street[200:260, 300:340] = 255

    regions = background.moving_regions(street)

    assert regions is not None
    assert regions.shape == (1, 4)
    assert regions[0] == pytest.approx([300, 200, 340, 260], abs=8)


@pytest.mark.needs("data")
def test_keeps_its_bars_on_vtest(shared: Path) -> None:
    row = measure(BasicRecogniser(), shared)

    assert row.score.precision >= 0.75
    assert row.score.recall >= 0.50
    assert row.cpu_s / row.looks < 0.040


@pytest.mark.needs("data")
def test_takes_no_shared_car_for_a_person(shared: Path) -> None:
    recogniser = BasicRecogniser()
    seen = [recogniser.detect(f) for f in frames_of(shared / "video" / "car-detection.mp4")]

    told = np.concatenate([one.class_id for one in seen])

    assert len(told) > 300
    assert (told == PERSON).mean() < 0.02


@pytest.mark.needs("data")
def test_is_mostly_right_about_people_it_was_not_tuned_on(shared: Path) -> None:
    campus = shared / "tracking" / "TUD-Campus"
    truth = read_mot(campus / "gt" / "gt.txt")
    recogniser, score = BasicRecogniser(), Score()
    for number, frame in enumerate(frames_of(campus / "img1" / "%06d.jpg"), start=1):
        seen = recogniser.detect(frame)
        score.add(seen.xyxy[seen.class_id == PERSON], truth[number].xyxy)

    assert score.precision >= 0.75
    assert score.recall >= 0.30


def test_a_crowd_costs_no_more_than_its_budget() -> None:
    street = scenes.a_street(640, 360)
    crowd = [Walker((40 * n, 200 + 10 * n), 90, 3) for n in range(16)]
    recogniser = BasicRecogniser()
    for frame in scenes.frames_of(street, [], count=EMPTY_FRAMES):
        recogniser.detect(frame)
    frames = list(scenes.frames_of(street, crowd, count=20))

    before_s = time.process_time()
    for frame in frames:
        recogniser.detect(frame)

    assert (time.process_time() - before_s) / len(frames) < 0.040
