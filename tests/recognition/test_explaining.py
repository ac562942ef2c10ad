"""Detections in are those shown and those dropped, and each says what would have shown it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from object_recognition.bounds import Bounds
from object_recognition.detection import Detections
from object_recognition.explaining import EXPLAIN_EVERY_S, MAX_EXPLAINED, Explainer, drops_of
from object_recognition.zones import ZoneFilter
from tests.builders import a_camera
from tests.recognition.stage import FixedDetector
from vigil.domain.camera import Epoch
from vigil.domain.explanation import DropReason
from vigil.domain.frame import FrameStamp
from vigil.messages import Drop, Zone

LABELS = ("person", "car", "dog")
FRAME_WH = (640, 360)


def detections() -> st.SearchStrategy[Detections]:
    def of(count: int) -> st.SearchStrategy[Detections]:
        side = st.floats(0, 640, width=32)
        corners = arrays.arrays(np.float32, (count, 4), elements=side)
        return st.builds(
            lambda xyxy, confidence, class_id: Detections(
                np.concatenate([np.minimum(xyxy[:, :2], xyxy[:, 2:]), xyxy[:, 2:]], axis=1),
                confidence,
                class_id,
            ),
            corners,
            arrays.arrays(np.float32, count, elements=st.floats(0.0625, 1, width=32)),
            arrays.arrays(np.int64, count, elements=st.integers(0, len(LABELS) - 1)),
        )

    return st.integers(0, 6).flatmap(of)


def zones() -> st.SearchStrategy[tuple[Zone, ...]]:
    point = st.tuples(st.floats(0, 640), st.floats(0, 360))
    labels = st.lists(st.sampled_from(LABELS), max_size=2, unique=True).map(tuple)
    zone = st.builds(
        lambda points, labels: Zone(points=tuple(points), labels=labels),
        st.lists(point, min_size=3, max_size=5),
        labels,
    )
    return st.lists(zone, max_size=3).map(tuple)


def drops(
    found: Detections, min_confidence: float, of: tuple[Zone, ...], wanted: tuple[str, ...] = ()
) -> list[tuple[Drop, ...]]:
    return drops_of(
        found,
        bounds=Bounds.of(LABELS, min_confidence=min_confidence, wanted=wanted),
        zone_filter=ZoneFilter(of, labels=LABELS, frame_wh=FRAME_WH),
        zones=of,
    )


def moved(
    min_confidence: float, of: tuple[Zone, ...], said: tuple[Drop, ...]
) -> tuple[float, tuple[Zone, ...]]:
    """Return the settings with exactly those moved that a detection's drops name."""
    for drop in said:
        match drop.reason:
            case DropReason.CONFIDENCE:
                # As it is told: four digits, of which the last may be rounded up
                min_confidence = float(drop.value) - 0.0001
            case DropReason.ZONE:
                of = ()
            case DropReason.LABEL:
                of = tuple(
                    zone.model_copy(update={"labels": (*zone.labels, drop.value)}) for zone in of
                )
    return min_confidence, of


@given(found=detections(), min_confidence=st.floats(0, 1), of=zones())
def test_what_is_dropped_is_shown_when_just_what_it_names_is_moved(
    found: Detections, min_confidence: float, of: tuple[Zone, ...]
) -> None:
    said = drops(found, min_confidence, of)
    inside = ZoneFilter(of, labels=LABELS, frame_wh=FRAME_WH).inside(found)
    is_shown = inside & (found.confidence >= np.float32(min_confidence))

    assert [not each for each in said] == is_shown.tolist()
    for row, why in enumerate(said):
        one = found.take(np.array([row]))
        assert drops(one, *moved(min_confidence, of, why)) == [()]


def test_says_what_it_was_and_what_it_had_to_be() -> None:
    zone = Zone(points=((0, 0), (100, 0), (100, 100), (0, 100)), labels=("person", "car"))
    found = Detections(
        np.array([[10, 10, 50, 90], [80, 10, 140, 90], [400, 10, 440, 90]], np.float32),
        np.array([0.31, 0.9, 0.8], np.float32),
        np.array([2, 0, 0]),
    )

    unsure_dog, at_the_edge, far = drops(found, 0.4, (zone,))

    assert [(each.reason, each.value, each.limit) for each in unsure_dog] == [
        (DropReason.CONFIDENCE, "0.3100", "0.4"),
        (DropReason.LABEL, "dog", "car, person"),
    ]
    [edge] = at_the_edge
    assert (edge.reason, edge.limit) == (DropReason.ZONE, "0.5")
    # The zone's border is painted, a pixel wide
    assert float(edge.value) == pytest.approx(1 / 3, abs=0.03)
    assert [(each.reason, each.value) for each in far] == [(DropReason.ZONE, "0.00")]


def test_explains_once_a_second_and_the_surest() -> None:
    explainer = Explainer()
    count = MAX_EXPLAINED + 2
    found = Detections(
        np.tile(np.array([[10, 10, 50, 90]], np.float32), (count, 1)),
        np.linspace(0.1, 0.5, count).astype(np.float32),
        np.zeros(count, np.int64),
    )

    def explain(at_s: float) -> int | None:
        said = explainer.explain(
            found,
            camera=a_camera(),
            detector=FixedDetector(found, labels=LABELS),
            bounds=Bounds.of(LABELS, min_confidence=0.48),
            zone_filter=ZoneFilter((), labels=LABELS, frame_wh=FRAME_WH),
            stamp=FrameStamp(1, 1_790_000_000_000_000 + round(at_s * 1e6), Epoch(5), 1280, 720),
            full_scale=(2.0, 2.0),
        )
        if said is None:
            return None
        assert (said.shown, said.dropped, len(said.objects)) == (1, count - 1, MAX_EXPLAINED)
        assert said.objects[0].confidence > said.objects[-1].confidence
        assert said.objects[0].box == (20.0, 20.0, 100.0, 180.0)
        return said.sequence

    assert explain(0.0) == 1
    assert explain(EXPLAIN_EVERY_S - 0.2) is None
    assert explain(EXPLAIN_EVERY_S) == 1
    # A clock that was set back
    assert explain(-3600.0) == 1
