"""The annotated picture shows what was seen, at every size, and changes nothing else."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from object_recognition.canvas import Canvas
from object_recognition.detection import Detections, ImageBgr
from object_recognition.drawing import Caption, annotate, color_of
from vigil.camera_document import Line, Zone
from vigil.messages import LineTally

LABELS = ("person", "moving", "unicorn")
CAPTION = Caption("basic recogniser", datetime(2026, 9, 21, 12, 30, tzinfo=UTC))
GREY = 90


def a_frame(width: int = 640, height: int = 360) -> ImageBgr:
    return np.full((height, width, 3), GREY, np.uint8)


def one(xyxy: tuple[float, ...], class_id: int = 0) -> Detections:
    return Detections(
        np.array([xyxy], np.float32), np.array([0.83], np.float32), np.array([class_id], np.int64)
    )


def drawn(frame: ImageBgr, found: Detections, *zones: Zone, **changes: Any) -> ImageBgr:
    arguments: dict[str, Any] = {"labels": LABELS, "zones": zones, "caption": CAPTION}
    picture = frame.copy()
    annotate(Canvas(picture), found, **arguments | changes)
    return picture


def test_a_box_is_drawn_in_the_colour_of_its_label() -> None:
    picture = drawn(a_frame(), one((200, 100, 260, 250)))

    for x, y in [(200, 180), (260, 180), (230, 100), (230, 250)]:
        assert tuple(picture[y, x]) == color_of("person")
    assert (picture[150:240, 210:250] == GREY).all()


def test_an_empty_frame_says_who_looked_and_when() -> None:
    picture = drawn(a_frame(), Detections.none())

    assert (picture[:330] == GREY).all()
    footer = picture[345:]
    assert (footer[:, :200] > 200).any()
    assert (footer[:, 450:] > 200).any()
    # Two recognisers are told apart by the picture.
    other = drawn(a_frame(), Detections.none(), caption=Caption("yolox", CAPTION.captured_at))
    assert (other != picture).any()


def test_labels_have_colours_of_their_own() -> None:
    colors = {color_of(label) for label in ("person", "moving", "car", "unicorn", "griffin")}

    assert len(colors) == 5
    assert color_of("unicorn") == color_of("unicorn")


def test_a_zone_is_outlined_and_tinted() -> None:
    zone = Zone(points=((100, 100), (300, 100), (300, 200), (100, 200)), color="#ff0000")

    picture = drawn(a_frame(), Detections.none(), zone)

    assert picture[150, 100].astype(int) == pytest.approx([0, 0, 255], abs=20)
    tint = picture[150, 200].astype(int)
    assert tint[2] > GREY > tint[0]
    assert (picture[250] == GREY).all()


def test_zones_and_labels_are_named_in_any_script() -> None:
    def with_names(zone: str, label: str) -> ImageBgr:
        area = Zone(points=((100, 100), (300, 100), (300, 200), (100, 200)), name=zone)
        return drawn(a_frame(), one((400, 100, 460, 250)), area, labels=(label,))

    tag, label = slice(100, 120), slice(85, 100)
    chinese = with_names("後門", "人")
    assert (chinese[tag, 100:150] != with_names("前門", "人")[tag, 100:150]).any()
    assert (chinese[label, 400:450] != with_names("後門", "車")[label, 400:450]).any()
    assert (chinese[tag, 100:150] == with_names("後門", "車")[tag, 100:150]).all()


def test_a_long_name_leaves_half_of_the_picture() -> None:
    zone = Zone(points=((0, 100), (600, 100), (600, 200), (0, 200)), name=100 * "門")

    picture = drawn(a_frame(), Detections.none(), zone)

    row = picture[110, :, :].astype(int)
    tag = (row == [0, 176, 255]).all(axis=1)
    assert tag[:300].any()
    assert not tag[345:].any()


def test_a_zone_without_a_name_has_no_tag() -> None:
    points = ((100.0, 100.0), (300.0, 100.0), (300.0, 200.0), (100.0, 200.0))

    pictures = [
        drawn(a_frame(), Detections.none(), Zone(points=points, name=name)) for name in ("", " \n")
    ]

    assert (pictures[0] == pictures[1]).all()
    assert not (pictures[0][110, 105:295] == [0, 176, 255]).all(axis=1).any()


ZONES = {
    "not a number": ((np.nan, 0.0), (100.0, 0.0), (100.0, 100.0)),
    "outside": ((5000.0, 5000.0), (6000.0, 5000.0), (6000.0, 6000.0)),
    "crossing itself": ((0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)),
    "absurdly far": ((-1e30, 0.0), (1e30, 0.0), (0.0, 1e30)),
}


@pytest.mark.parametrize("case", ZONES)
def test_a_bad_zone_does_no_harm(case: str) -> None:
    zone = Zone.model_construct(points=ZONES[case], name="門 door", color="no colour", labels=())

    assert drawn(a_frame(), Detections.none(), zone).shape == (360, 640, 3)


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (3, 500), (500, 3), (320, 240), (1080, 1920), (3840, 2160)]
)
def test_any_size_of_frame_can_be_drawn_on(width: int, height: int) -> None:
    found = one((width * 0.8, -5, width * 1.2, height * 0.9), class_id=2)

    picture = drawn(a_frame(width, height), found)

    assert picture.shape == (height, width, 3)
    assert (picture != GREY).any()


def test_lines_grow_with_the_picture() -> None:
    def green(width: int) -> int:
        picture = drawn(a_frame(width, width * 9 // 16), one((width * 0.4, 30, width * 0.6, 200)))
        row = picture[180, : width // 2]
        return int((row == color_of("person")).all(axis=1).sum())

    assert green(640) == 1
    assert green(3840) >= 5


def a_line(**changes: Any) -> tuple[Line, LineTally]:
    fields: dict[str, Any] = {"id": 1, "start": (320.0, 300.0), "end": (320.0, 60.0)}
    line = Line(**{**fields, "color": "#ff0000", **changes})
    return line, LineTally(line=1, name=line.name, in_count=3, out_count=1)


def with_line(line: Line, tally: LineTally) -> ImageBgr:
    return drawn(a_frame(), Detections.none(), lines=[line], tallies=[tally])


def reds(picture: ImageBgr, *part: slice) -> int:
    return int((np.abs(picture[part].astype(int) - [0, 0, 255]).max(axis=-1) < 60).sum())


def test_a_line_has_an_arrow_to_its_right() -> None:
    upwards, downwards = (
        with_line(*a_line()),
        with_line(*a_line(start=(320.0, 60.0), end=(320.0, 300.0))),
    )

    # Beside its middle: right of the line, and left of it where the line goes the other way
    right, left = (slice(176, 185), slice(324, 345)), (slice(176, 185), slice(296, 317))
    assert reds(upwards, slice(60, 300), slice(320, 321)) > 200
    assert reds(upwards, *right) > 15
    assert reds(downwards, *left) > 15
    assert (upwards[60:300, 345:] == GREY).all()
    assert (downwards[60:300, :296] == GREY).all()


def test_a_line_says_how_many_crossed_it() -> None:
    line, tally = a_line(name="gate")

    some, more = with_line(line, tally), with_line(line, tally.model_copy(update={"in_count": 4}))

    assert (some[:330] != more[:330]).any()
    assert (some[345:] == more[345:]).all()


@pytest.mark.parametrize(
    "ends",
    [
        {"start": (5.0, 5.0), "end": (5.0, 5.0)},
        {"start": (-1e30, 0.0), "end": (1e30, 9.0)},
        {"start": (5000.0, 5000.0), "end": (6000.0, 5000.0)},
        {"start": (0.0, 0.0), "end": (0.0, 360.0)},
    ],
)
def test_a_bad_line_does_no_harm(ends: dict[str, Any]) -> None:
    assert with_line(*a_line(**ends)).shape == (360, 640, 3)


def test_a_zone_says_how_many_count_in_it() -> None:
    zone = Zone(points=((100, 100), (300, 100), (300, 200), (100, 200)), name="yard")

    pictures = [drawn(a_frame(), Detections.none(), zone, occupancy=[each]) for each in (3, 4)]

    assert (pictures[0] != pictures[1]).any()


def test_what_waits_is_paler_and_thinner() -> None:
    box = one((200, 100, 260, 250))
    waiting, counting = (
        drawn(a_frame(1920, 1080), box, is_waiting=np.array([each])) for each in (True, False)
    )

    assert waiting[180, 200].mean() > counting[180, 200].mean()
    assert (waiting[180, 190:200] == GREY).all()
    assert not (counting[180, 190:200] == GREY).all()


def test_the_footer_says_what_is_counted_and_how_often_somebody_looks() -> None:
    caption = Caption("yolox", CAPTION.captured_at, looked_fps=4.9, counts={"person": 2, "car": 1})

    assert caption.text() == "2 person, 1 car - yolox - 4.9/s"
    assert Caption("yolox", CAPTION.captured_at).text() == "yolox"
