"""What holds for a tracker whatever a detector and a clock do."""

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from object_recognition.detection import Detections
from object_recognition.tracking.tracked import Tracked
from object_recognition.tracking.tracker import Tracker

#: Box, confidence and class.
Object = tuple[tuple[float, float, float, float], float, int]
#: A pause, and what is seen after it; None where the gate stayed closed.
Looks = list[tuple[float, list[Object] | None]]

#: Usual boxes and what no detector should give: no size, inside out, nan, endless, enormous.
_coordinates = st.one_of(
    st.integers(0, 40).map(float),
    st.floats(width=32, allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 3e38, -3e38, 1e-45]),
)
_boxes = st.one_of(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 30), st.integers(5, 30)).map(
        lambda ltwh: (ltwh[0], ltwh[1], ltwh[0] + ltwh[2], ltwh[1] + ltwh[3])
    ),
    st.tuples(_coordinates, _coordinates, _coordinates, _coordinates),
)
_confidences = st.one_of(st.floats(0, 1, width=32), st.just(float("nan")))
_objects = st.tuples(_boxes, _confidences, st.integers(-1, 4))
_pauses = st.one_of(
    st.sampled_from([0.0, 0.04, 0.2, 1.0, 60.0, -0.2, -1e6, 1e300]), st.floats(-5, 5)
)
_looks = st.tuples(_pauses, st.one_of(st.none(), st.lists(_objects, max_size=8)))
_films = st.lists(_looks, max_size=12)

#: The same with pauses whose halves, thirds, quarters and fifths a float holds exactly.
_exact_films = st.lists(
    st.tuples(
        st.integers(-4, 4).map(lambda k: k * 60 / 64),
        st.one_of(st.none(), st.lists(_objects, max_size=8)),
    ),
    max_size=12,
)


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """What a tracker made of each look of a film."""

    told: list[Tracked]
    left: list[int]


def played(film: Looks) -> Film:
    tracker = Tracker(confirm_hits=2, confirm_looks=3, kin=[{1, 2}], max_tracks=6)
    now_s, told = 0.0, []
    for pause_s, objects in film:
        now_s = min(max(now_s + pause_s, -1e300), 1e300)
        if objects is None:
            tracker.rest(now_s)
        else:
            told.append(tracker.update(detections_of(objects), now_s))
    return Film(told, tracker.close_all().track_id.tolist())


def detections_of(objects: list[Object]) -> Detections:
    return Detections(
        np.array([box for box, _, _ in objects], np.float32).reshape(-1, 4),
        np.array([confidence for _, confidence, _ in objects], np.float32),
        np.array([class_id for _, _, class_id in objects], np.int64),
    )


def identities(told: Tracked) -> list[int]:
    return [each for each in told.track_id.tolist() if each]


@given(_films)
def test_no_identity_stands_twice_in_a_frame_and_each_detection_keeps_its_row(film: Looks) -> None:
    frames = [objects for _, objects in film if objects is not None]
    for objects, told in zip(frames, played(film).told, strict=True):
        assert len(told.track_id) == len(told.detections) == len(objects)
        assert len(set(identities(told))) == len(identities(told))
        np.testing.assert_array_equal(told.detections.xyxy, detections_of(objects).xyxy)


@given(_films)
def test_an_identity_opens_once_is_seen_while_it_is_open_and_closes_once(film: Looks) -> None:
    film_told = played(film)
    is_open: set[int] = set()
    last = 0
    for told in film_told.told:
        closed, opened = set(told.closed.track_id.tolist()), told.opened.track_id.tolist()
        assert closed <= is_open
        is_open -= closed
        assert set(told.updated.track_id.tolist()) <= is_open
        # Numbers only grow, so that none is ever given again.
        assert opened == list(range(last + 1, last + 1 + len(opened)))
        last += len(opened)
        is_open |= set(opened)
        assert set(identities(told)) == set(opened) | set(told.updated.track_id.tolist())
        assert len(is_open) <= 6
    assert set(film_told.left) == is_open


@given(_films)
def test_nothing_that_is_told_is_nan_or_endless(film: Looks) -> None:
    for told in played(film).told:
        for tracks in (told.opened, told.updated, told.closed):
            assert np.isfinite(tracks.xyxy).all()
            assert np.isfinite(tracks.first_seen_s).all()
            assert np.isfinite(tracks.last_seen_s).all()
            assert ((tracks.confidence >= 0) & (tracks.confidence <= 1)).all()


@given(_films)
def test_the_same_film_is_told_the_same_way(film: Looks) -> None:
    once, again = played(film), played(film)

    assert [each.track_id.tolist() for each in once.told] == [
        each.track_id.tolist() for each in again.told
    ]


@given(_films)
def test_a_track_keeps_to_its_class_or_to_its_kin(film: Looks) -> None:
    kin_of_track: dict[int, int] = {}
    frames = [objects for _, objects in film if objects is not None]
    for objects, told in zip(frames, played(film).told, strict=True):
        for (_, _, class_id), identity in zip(objects, told.track_id.tolist(), strict=True):
            if identity:
                kin = 1 if class_id == 2 else class_id
                assert kin_of_track.setdefault(identity, kin) == kin


@given(_exact_films, st.integers(2, 5))
def test_a_pause_told_of_in_parts_is_one_pause(film: Looks, parts: int) -> None:
    in_parts: Looks = []
    for pause_s, objects in film:
        if objects is None:
            in_parts += [(pause_s / parts, None)] * parts
        else:
            in_parts.append((pause_s, objects))

    assert [each.track_id.tolist() for each in played(film).told] == [
        each.track_id.tolist() for each in played(in_parts).told
    ]
