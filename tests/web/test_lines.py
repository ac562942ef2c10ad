"""``/lines`` and ``/line_counts``: drawn, kept, refused with words; and counted once each."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.web.test_writer import EPOCH, Office
from tests.web.worlds import World
from vigil.camera_document import Line
from vigil.domain.camera import CameraId
from vigil.facts import LineCrossing, TrackFact

LINE = {"start": {"x": 10, "y": 20}, "end": {"x": 10, "y": 90.5}}
GATE = {
    **LINE,
    "start": {"x": 30, "y": 20},
    "name": "Gate",
    "color": "#DC267F",
    "labels": ["person"],
    "min_confidence": 0.5,
}
#: 14:13:20 of that day, UTC.
BEGAN_US = 1_790_000_000_000_000
HOUR_US = 3_600_000_000


def lines_of(world: World, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.admin().get(f"/lines/{camera_id}").json
    return found


def save(world: World, camera_id: int, *bodies: dict[str, Any]) -> list[int]:
    """Save lines, and return their ids."""
    answer = world.admin().post(f"/lines/{camera_id}", list(bodies))
    assert (answer.status_code, answer.json) == (200, {"message": "Lines saved"})
    return [line["id"] for line in lines_of(world, camera_id)]


def test_they_come_back_in_order_and_as_they_came_with_ids(world: World) -> None:
    camera_id = world.camera()

    first, second = save(world, camera_id, GATE, LINE)

    assert lines_of(world, camera_id) == [{**GATE, "id": first}, {**LINE, "id": second}]


def test_the_other_services_learn_of_them(world: World) -> None:
    camera_id = world.camera()

    first, second = save(world, camera_id, GATE, LINE)

    [document] = world.store.documents([CameraId(camera_id)]).values()
    assert document.lines == (
        Line(
            id=first,
            start=(30, 20),
            end=(10, 90.5),
            name="Gate",
            color="#DC267F",
            labels=("person",),
            min_confidence=0.5,
        ),
        Line(id=second, start=(10, 20), end=(10, 90.5)),
    )


def test_a_line_keeps_its_id_while_it_is_named_or_lies_where_it_was(world: World) -> None:
    camera_id = world.camera()
    first, second = save(world, camera_id, GATE, LINE)

    # The first is moved and renamed; the second is where it was, and comes first now
    moved = {**LINE, "start": {"x": 70, "y": 5}, "id": first, "name": "Door"}
    assert save(world, camera_id, {**LINE, "name": "Back"}, moved) == [second, first]
    # And one that is somewhere else, without an id, is another
    [third] = save(world, camera_id, {**LINE, "end": {"x": 11, "y": 90}})
    assert third not in {first, second}


def test_clearing_leaves_none(world: World) -> None:
    camera_id = world.camera()
    save(world, camera_id, LINE)

    answer = world.admin().delete(f"/lines/{camera_id}")

    assert answer.json == {"message": "All lines cleared"}
    assert lines_of(world, camera_id) == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (7, "Must be a list of lines, each an object with start and end."),
        ({}, "Missing data for required field."),
        ({"start": LINE["start"]}, "Missing data for required field."),
        ({**LINE, "start": 7}, 'Must be a corner, as {"x": 10, "y": 20}.'),
        ({**LINE, "start": {"x": -1, "y": 0}}, "Must be greater than or equal to 0"),
        ({**LINE, "end": {"x": 11, "y": 22}}, "It is shorter than 4 pixels"),
        ({**LINE, "end": LINE["start"]}, "It is shorter than 4 pixels"),
        ({**LINE, "end": {"x": 700, "y": 22}}, "beyond the frame's 640 x 360 pixels"),
        ({**LINE, "color": "red"}, "Must look like #ffb000."),
        ({**LINE, "labels": "person"}, 'Must be a list of labels, as ["person"].'),
        ({**LINE, "min_confidence": 2}, "Must be greater than or equal to 0 and less than"),
        ({**LINE, "name": "x" * 101}, "Length must be between 0 and 100."),
        ({**LINE, "name": "a\x00"}, "Must not hold control characters."),
        ({**LINE, "id": 999}, "It has the id 999, which is none of this camera's lines"),
        ({**LINE, "id": "one"}, "Not a valid integer."),
        ({**LINE, "direction": "in"}, "Unknown field."),
    ],
)
def test_a_bad_one_is_refused_in_words_and_changes_nothing(
    world: World, bad: Any, said: str
) -> None:
    camera_id = world.camera()
    world.say(camera_id, width_px=640, height_px=360)
    [line_id] = save(world, camera_id, LINE)

    answer = world.admin().post(f"/lines/{camera_id}", [GATE, bad])

    assert answer.status_code == 422
    assert said in answer.text.replace('\\"', '"')
    assert lines_of(world, camera_id) == [{**LINE, "id": line_id}]


def test_an_id_stands_for_one_line_of_its_own_camera(world: World) -> None:
    camera_id, other_id = world.camera(), world.camera("Yard")
    [line_id] = save(world, camera_id, LINE)

    twice = world.admin().post(f"/lines/{camera_id}", [{**LINE, "id": line_id}] * 2)
    elsewhere = world.admin().post(f"/lines/{other_id}", [{**LINE, "id": line_id}])

    assert (twice.status_code, elsewhere.status_code) == (422, 422)
    assert "as has a line before it" in twice.json["message"]


def test_there_are_at_most_fifty(world: World) -> None:
    many = [{**LINE, "start": {"x": 20 + k, "y": 20}} for k in range(51)]

    answer = world.admin().post(f"/lines/{world.camera()}", many)

    assert answer.status_code == 422
    assert "at most 50" in answer.json["message"]


def test_a_line_goes_with_its_camera(world: World) -> None:
    camera_id = world.camera()
    save(world, camera_id, LINE)

    assert world.admin().delete(f"/cameras/{camera_id}").status_code == 200


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def crossing(line: int = 1, at_us: int = BEGAN_US, **changes: Any) -> LineCrossing:
    fields = {"name": "Gate", "direction": "in", "label": "person", **changes}
    return LineCrossing(line=line, at_us=at_us, **fields)


def crossed(office: Office, *crossings: LineCrossing, track: int = 1, **changes: Any) -> TrackFact:
    return office.fact(track, crossings=crossings, **changes)


def counts(office: Office, query: str = "?since=2026-01-01T00:00Z") -> list[tuple[Any, ...]]:
    answer = office.world.admin().get(f"/line_counts/{office.camera}{query}")
    assert answer.status_code == 200, answer.json
    return [
        (each["line"], each["name"], each["direction"], each["label"], each["count"])
        for each in answer.json
    ]


def test_crossings_are_counted_by_line_direction_and_label(office: Office) -> None:
    office.file(
        crossed(office, crossing(), crossing(at_us=BEGAN_US + 1, direction="out")),
        crossed(office, crossing(), track=2),
        crossed(office, crossing(2, name="", label="car"), track=3),
    )

    assert counts(office) == [
        (1, "Gate", "in", "person", 2),
        (1, "Gate", "out", "person", 1),
        (2, "", "in", "car", 1),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_crossing_counts_once_however_often_and_in_whatever_order_it_is_told(
    office: Office, order: tuple[int, ...], together: bool
) -> None:
    all_of_it = [crossing(), crossing(at_us=BEGAN_US + 1, direction="out")]
    facts = [crossed(office, *all_of_it[:number], revision=number + 1) for number in range(3)]
    told = [facts[number] for number in order]

    for batch in [told, told] if together else [[fact] for fact in told + told]:
        office.file(*batch)

    assert counts(office) == [(1, "Gate", "in", "person", 1), (1, "Gate", "out", "person", 1)]


def test_what_a_newer_fact_does_not_tell_any_more_stays_counted(office: Office) -> None:
    office.file(crossed(office, crossing(), revision=1))

    office.file(crossed(office, crossing(at_us=BEGAN_US + 1), revision=2))
    office.file(crossed(office, revision=3))

    assert counts(office) == [(1, "Gate", "in", "person", 2)]


def test_a_writer_that_died_after_it_filed_counts_nothing_twice(office: Office) -> None:
    office.tell(crossed(office, crossing()))
    # Given that it was killed after the transaction, before Redis heard of it
    taken = office.a_writer()
    office.tell()
    entries = taken._inbox.take(limit=500, wait_s=0.0)
    taken._file(entries)

    office.a_writer()._file(entries)

    assert counts(office) == [(1, "Gate", "in", "person", 1)]


def test_another_worker_counts_on_and_a_paused_one_nothing(office: Office) -> None:
    office.file(crossed(office, crossing()))
    # The next lease begins 10 s later
    later = {"epoch": EPOCH + 10_000, "seen_us": (EPOCH + 10_000) * 1000}
    office.file(crossed(office, crossing(at_us=BEGAN_US + 20_000_000), **later))

    # Its predecessor was paused, and sees somebody a minute after that
    paused_us = (EPOCH + 70_000) * 1000
    office.file(crossed(office, crossing(at_us=paused_us), track=5, seen_us=paused_us))

    assert counts(office) == [(1, "Gate", "in", "person", 2)]


def test_counts_are_of_today_in_the_cameras_time_zone_or_of_the_time_asked_for(
    office: Office,
) -> None:
    camera = f"/cameras/{office.camera}"
    office.world.admin().patch(camera, {"time_zone": "Asia/Taipei"})
    # There it is 22:13; the day began at 16:00 UTC of the day before
    began_us = BEGAN_US - 22 * HOUR_US - 800_000_000
    office.file(crossed(office, crossing(at_us=began_us - 1), crossing(at_us=began_us), crossing()))

    assert counts(office, "") == [(1, "Gate", "in", "person", 2)]
    assert counts(office, "?since=2026-09-20T00:00Z&until=2026-09-20T16:00Z") == [
        (1, "Gate", "in", "person", 1)
    ]
    # A time with an offset is that time, also with one that PostgreSQL would not take
    assert counts(office, "?since=2026-09-22T10:13:20%2B20:00") == [(1, "Gate", "in", "person", 1)]
    assert counts(office, "?since=2026-09-21T22:13:20%2B08:00") == [(1, "Gate", "in", "person", 1)]


@pytest.mark.parametrize(
    "query",
    [
        "?since=yesterday",
        "?since=2026-09-21T00:00Z&until=2026-09-20T00:00Z",
        "?since=0001-01-01T00:00:00%2B14:00",
        "?until=9999-12-31T23:00:00-02:00",
    ],
)
def test_a_time_that_is_none_is_refused(office: Office, query: str) -> None:
    assert office.world.admin().get(f"/line_counts/{office.camera}{query}").status_code == 422


def test_a_line_is_named_as_it_is_called_now_and_when_it_is_gone_as_it_was(
    office: Office,
) -> None:
    [line_id] = save(office.world, office.camera, {**LINE, "name": "Gate"})
    office.file(crossed(office, crossing(line_id)))

    save(office.world, office.camera, {**LINE, "name": "Back gate"})
    renamed = counts(office)
    office.world.admin().delete(f"/lines/{office.camera}")

    assert renamed == [(line_id, "Back gate", "in", "person", 1)]
    assert counts(office) == [(line_id, "Gate", "in", "person", 1)]


def test_only_who_may_see_the_camera_is_told(office: Office) -> None:
    office.file(crossed(office, crossing()))
    stranger = office.world.viewer_of(office.world.camera("Yard"))

    assert stranger.get(f"/line_counts/{office.camera}").status_code == 404
    assert stranger.get(f"/lines/{office.camera}").status_code == 404


def test_crossings_are_forgotten_in_time(office: Office) -> None:
    office.file(crossed(office, crossing()))
    office.world.clock.advance(31 * 86_400)

    office.writer.run_once()

    office.world.log_in(office.world.admin())
    assert counts(office) == []


def test_a_fact_of_an_older_worker_has_no_crossings(office: Office) -> None:
    raw = office.fact().model_dump(exclude={"crossings"}, mode="json")
    assert "crossings" not in raw

    office.file(TrackFact.model_validate(raw))

    assert counts(office) == []
    assert datetime.fromtimestamp(BEGAN_US / 1e6, UTC).isoformat() == "2026-09-21T14:13:20+00:00"
