"""A replay tells which objects there were, and what was not shown, and which setting says so."""

from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.boxes import iou_of
from object_recognition.detection import Detections, ImageBgr
from object_recognition.replay.changes import changed
from object_recognition.replay.report import SeenObject
from standalone.demo.truth import SceneTruth
from tests.masks import a_box
from tests.recognition.stage import LABELS, FixedDetector, a_basic_camera
from tests.replay.footage import STREET, Street, grey, write_clip
from tests.replay.replays import replayed
from vigil.camera_document import ModelUse, Zone
from vigil.errors import ModelInvalid
from vigil.runtime import StopSignal

LEFT = (20.0, 60.0, 60.0, 160.0)
RIGHT = (240.0, 60.0, 280.0, 160.0)


def a_clip(folder: Path, *, count: int = 40) -> Path:
    """Write 4 s of nothing, at 10 frames a second."""
    return write_clip(folder / "clip.mkv", [grey(90)] * count)


def found(*rows: tuple[tuple[float, float, float, float], float, str]) -> Detections:
    return Detections(
        np.array([box for box, _, _ in rows], np.float32).reshape(len(rows), 4),
        np.array([confidence for _, confidence, _ in rows], np.float32),
        np.array([LABELS.index(label) for _, _, label in rows], np.int64),
    )


def overlap(it: SeenObject, truth: SceneTruth, at_s: float) -> float:
    """Return how well an object's box lies on the best of its label in the frame of a time."""
    box = it.first_box if at_s == it.from_s else it.last_box
    true = [each[1:] for each in truth.frames[round(at_s * truth.fps)] if each.label == it.label]
    if not true:
        return 0.0
    return float(iou_of(np.array([box], np.float32), np.array(true, np.float32)).max())


def test_the_objects_are_those_of_the_truth(street: Street) -> None:
    replay = replayed(street.path, a_basic_camera(), BasicRecogniser())

    # Then of the two people each is one object, from about when they came in
    people = [each for each in replay.account.objects if each.label == "person"]
    assert replay.account.counts["person"] == len(people) == 2
    assert [each.from_s for each in people] == sorted(each.from_s for each in people)
    assert people[0].from_s < 3 < people[1].from_s < 9
    for person in people:
        assert overlap(person, street.truth, person.from_s) > 0.4
        assert overlap(person, street.truth, person.to_s) > 0.4
        assert person.looks > 20
    assert replay.replay.is_whole
    assert replay.replay.looks == STREET.frame_count() // 2
    assert replay.notes == []


def test_under_a_mask_nobody_is_seen(street: Street) -> None:
    camera = a_basic_camera(masks=(a_box(0, 0, 640, 360),))

    replay = replayed(street.path, camera, BasicRecogniser())

    assert replay.replay.looks > 0
    assert replay.account.objects == ()
    assert replay.account.dropped == ()


def test_who_was_not_sure_enough_is_told_of_with_the_setting_that_shows_them(
    tmp_path: Path,
) -> None:
    # Given somebody at 0.37 where 0.4 is asked, beside one at 0.9
    camera = a_basic_camera(min_confidence=0.4)
    path = a_clip(tmp_path)
    detector = FixedDetector(found((LEFT, 0.9, "person"), (RIGHT, 0.37, "person")))

    replay = replayed(path, camera, detector)

    # Then it is told how sure it was, and what to set
    [dropped] = replay.account.dropped
    assert (dropped.reason, dropped.label) == ("confidence", "person")
    assert (dropped.detections, dropped.alone) == (20, 20)
    # Somebody was seen all the while, so this may be a shadow of theirs
    assert dropped.missed == 0
    assert (dropped.nearest.value, dropped.nearest.limit) == ("0.3700", "0.4")
    assert dropped.nearest.box == RIGHT
    # And just that shows it
    again = replayed(path, changed(camera, dropped.nearest.try_set), detector)
    assert again.account.counts == {"person": 2}
    assert again.account.dropped == ()


def test_no_setting_is_named_for_a_bound_of_the_models_own(tmp_path: Path) -> None:
    # Given a model whose own bound is as the camera's
    use = ModelUse(model="basic", min_confidence=0.4)
    camera = a_basic_camera(min_confidence=0.4, models=(use,))
    detector = FixedDetector(found((LEFT, 0.3, "person")))

    [dropped] = replayed(a_clip(tmp_path), camera, detector).account.dropped

    # Then the camera's, which it replaces, is not said to show it
    assert dropped.nearest.try_set == ()


@pytest.mark.parametrize("confidence", [0.39996, 0.39994, 0.3000001, 0.25, 0.0501, 0.00004])
def test_the_setting_that_is_named_does_show_it(tmp_path: Path, confidence: float) -> None:
    # Given a confidence that is told of in four digits, rounded up or down
    camera, path = a_basic_camera(min_confidence=0.4), a_clip(tmp_path, count=4)
    detector = FixedDetector(found((LEFT, confidence, "person")))
    [dropped] = replayed(path, camera, detector).account.dropped

    again = replayed(path, changed(camera, dropped.nearest.try_set), detector)

    assert again.account.dropped == ()
    assert again.account.unnumbered == {"person": 2}


@pytest.mark.parametrize(
    ("zone", "reason", "value"),
    [
        pytest.param(
            Zone(points=((0, 0), (100, 0), (100, 240), (0, 240))), "zone", "0.00", id="outside"
        ),
        pytest.param(
            Zone(points=((0, 0), (320, 0), (320, 240), (0, 240)), labels=("car",)),
            "label",
            "person",
            id="another label",
        ),
    ],
)
def test_who_is_where_nobody_looks_is_told_of_too(
    tmp_path: Path, zone: Zone, reason: str, value: str
) -> None:
    camera, path = a_basic_camera(zones=(zone,)), a_clip(tmp_path)
    detector = FixedDetector(found((RIGHT, 0.9, "person")))

    [dropped] = replayed(path, camera, detector).account.dropped

    assert (dropped.reason, dropped.nearest.value) == (reason, value)
    assert dropped.nearest.try_set == ("zones=off",)
    again = replayed(path, changed(camera, dropped.nearest.try_set), detector)
    assert again.account.counts == {"person": 1}


def test_where_two_settings_keep_it_out_both_are_named(tmp_path: Path) -> None:
    zone = Zone(points=((0, 0), (100, 0), (100, 240), (0, 240)))
    camera, path = a_basic_camera(zones=(zone,)), a_clip(tmp_path)
    detector = FixedDetector(found((RIGHT, 0.3, "person")))

    of_confidence, of_zone = sorted(
        replayed(path, camera, detector).account.dropped, key=lambda each: each.reason
    )

    assert (of_confidence.alone, of_zone.alone) == (0, 0)
    assert of_confidence.nearest.also == ("zone",)
    assert of_zone.nearest.also == ("confidence",)
    assert set(of_zone.nearest.try_set) == {"min_confidence=0.299", "zones=off"}
    again = replayed(path, changed(camera, of_zone.nearest.try_set), detector)
    assert again.account.counts == {"person": 1}


def test_the_nearest_is_one_that_nothing_else_keeps_out(tmp_path: Path) -> None:
    # Given one at 0.38 outside of the zone, and one at 0.2 within
    zone = Zone(points=((0, 0), (100, 0), (100, 240), (0, 240)))
    camera, path = a_basic_camera(zones=(zone,)), a_clip(tmp_path)
    detector = FixedDetector(found((RIGHT, 0.38, "person"), (LEFT, 0.2, "person")))

    account = replayed(path, camera, detector).account

    of_confidence = next(each for each in account.dropped if each.reason == "confidence")
    assert (of_confidence.detections, of_confidence.alone) == (40, 20)
    assert of_confidence.nearest.value == "0.2000"


class _Leaving(FixedDetector):
    """Sees somebody who gets less sure, and much later somebody else who never is sure."""

    @override
    def detect(self, image_bgr: ImageBgr) -> Detections:
        super().detect(image_bgr)
        at = len(self.levels)
        if at <= 10:
            return found((LEFT, 0.9 if at <= 5 else 0.39, "person"))
        return found((RIGHT, 0.2, "person")) if at == 30 else Detections.none()


def test_who_was_missed_comes_before_who_only_came_or_went(tmp_path: Path) -> None:
    # Given somebody at 0.39 who was followed a moment before, and another at 0.2 who never was
    path = a_clip(tmp_path, count=80)

    account = replayed(path, a_basic_camera(), _Leaving(Detections.none())).account

    [dropped] = account.dropped
    assert account.counts == {"person": 1}
    assert (dropped.detections, dropped.missed) == (6, 1)
    assert (dropped.nearest.value, dropped.nearest.box) == ("0.2000", RIGHT)


class _Passing(FixedDetector):
    """Sees somebody in one of its looks."""

    @override
    def detect(self, image_bgr: ImageBgr) -> Detections:
        seen = super().detect(image_bgr)
        return seen if len(self.levels) == 7 else Detections.none()


def test_it_is_told_when_it_was_nearest_and_what_never_became_an_object(tmp_path: Path) -> None:
    path = a_clip(tmp_path)
    unsure = _Passing(found((LEFT, 0.3, "car")))
    sure = _Passing(found((LEFT, 0.8, "car")))

    [dropped] = replayed(path, a_basic_camera(), unsure).account.dropped
    shown = replayed(path, a_basic_camera(), sure).account

    # The seventh look at five a second
    assert dropped.nearest.at_s == pytest.approx(1.2)
    assert shown.objects == ()
    assert shown.unnumbered == {"car": 1}


def test_other_settings_are_compared_over_the_same_looks(tmp_path: Path) -> None:
    camera, path = a_basic_camera(min_confidence=0.4), a_clip(tmp_path)
    detector = FixedDetector(found((LEFT, 0.9, "person"), (RIGHT, 0.3, "car")))

    replay = replayed(path, camera, detector, other=changed(camera, ["min_confidence=0.25"]))

    # Then the car is the only difference, and each frame was looked at once
    assert len(detector.levels) == replay.replay.looks == 20
    assert replay.comparison is not None
    by_number = {each.track: each.label for each in replay.comparison.account.objects}
    assert [by_number[each] for each in replay.comparison.only_after] == ["car"]
    assert replay.comparison.only_before == ()
    # And the other way round
    back = replayed(
        path, changed(camera, ["min_confidence=0.25"]), detector, other=camera
    ).comparison
    assert back is not None
    assert (len(back.only_before), back.only_after) == (1, ())


def test_it_looks_as_often_as_its_camera_has_it(tmp_path: Path) -> None:
    detector = FixedDetector(Detections.none())

    replay = replayed(a_clip(tmp_path), a_basic_camera(frame_fps=2.0), detector)

    assert replay.replay.looks == 8


def test_a_size_that_changes_in_mid_clip_is_looked_at_as_it_is(tmp_path: Path) -> None:
    parts = [
        write_clip(tmp_path / "large.ts", [grey(60)] * 10),
        write_clip(tmp_path / "small.ts", [grey(120, width=160, height=120)] * 10),
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    zone = Zone(points=((0, 0), (100, 0), (100, 240), (0, 240)))
    detector = FixedDetector(found((LEFT, 0.9, "person")))

    replay = replayed(path, a_basic_camera(zones=(zone,)), detector)

    sizes = [(each.published.width_px, each.published.height_px) for each in replay.seen]
    assert sizes == [(320, 240)] * 5 + [(160, 120)] * 5
    # It stands where it stood, so it is the same object
    assert replay.account.counts == {"person": 1}


def test_a_stop_leaves_what_was_seen_so_far(tmp_path: Path) -> None:
    stop = StopSignal()

    class Stopping(FixedDetector):
        @override
        def detect(self, image_bgr: ImageBgr) -> Detections:
            if len(self.levels) == 9:
                stop.set()
            return super().detect(image_bgr)

    replay = replayed(
        a_clip(tmp_path), a_basic_camera(), Stopping(found((LEFT, 0.9, "person"))), stop=stop
    )

    assert not replay.replay.is_whole
    assert replay.replay.looks == 10
    assert [(each.label, each.looks) for each in replay.account.objects] == [("person", 10)]


def test_a_model_that_does_not_run_is_no_miss(tmp_path: Path) -> None:
    # Given what a worker would replace by its basic recogniser
    detector = FixedDetector(Detections.none(), error=ModelInvalid("it has another output"))

    with pytest.raises(ModelInvalid, match="another output"):
        replayed(a_clip(tmp_path), a_basic_camera(), detector)
