"""Zones with their settings, and lines with their direction, drawn in Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tests.web.browsing import Visitor, log_in
from tests.web.pictures import HEIGHT, WIDTH
from tests.web.test_pages_in_browser import drag, editor_of
from tests.web.worlds import World

pytestmark = pytest.mark.needs("chromium")

ZONE = {"x": 128, "y": 72, "width": 256, "height": 144}
LINE = {"start": {"x": 640, "y": 600}, "end": {"x": 640, "y": 100}}


def save(page: Page, said: str) -> None:
    # What is said may be said already, of the time before
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name="Save").click()
    assert answer.value.ok, answer.value.text()
    expect(page.locator("#status")).to_have_text(said)
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_what_a_zone_asks_for_is_set_and_shown_again(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/rectangles/{camera_id}", [ZONE])
    page = editor_of(visitor, pictured, address, camera_id)
    page.locator("#list button").click()

    page.get_by_label("Least confidence").fill("0.6")
    page.get_by_label("Smallest").fill("40")
    page.get_by_label("Largest").fill("400.5")
    page.get_by_label("Dwell").fill("5")
    page.get_by_role("button", name="Add hours").click()
    page.get_by_label("From").fill("18:30")
    page.get_by_label("Sat").check()
    page.get_by_label("Sun").check()
    page.get_by_role("button", name="Add hours").click()
    save(page, "Rectangles saved.")

    expected = {
        **ZONE,
        "color": "#ffb000",
        "min_confidence": 0.6,
        "min_size_px": 40,
        "max_size_px": 400.5,
        "dwell_s": 5,
        "schedule": [
            {"start_time": "18:30", "end_time": "06:00", "days": [5, 6]},
            {"start_time": "22:00", "end_time": "06:00"},
        ],
    }
    assert pictured.admin().get(f"/rectangles/{camera_id}").json == [expected]

    # And it is all there for whoever comes next, who takes the first hours away
    page.reload()
    page.locator("#list button").click()
    expect(page.get_by_label("Smallest")).to_have_value("40")
    expect(page.get_by_label("Sun").first).to_be_checked()
    page.get_by_role("button", name="Remove these hours").first.click()
    save(page, "Rectangles saved.")
    [zone] = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert zone["schedule"] == expected["schedule"][1:]  # type: ignore[index]


def test_what_the_server_refuses_is_said_and_stays_on_the_page(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/rectangles/{camera_id}", [ZONE])
    page = editor_of(visitor, pictured, address, camera_id)
    page.locator("#list button").click()

    page.get_by_label("Smallest").fill("40")
    page.get_by_label("Largest").fill("30")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#problem")).to_contain_text("Must be min_size_px, 40, or more.")
    expect(page.get_by_role("button", name="Save")).to_be_enabled()


def test_a_line_is_drawn_named_turned_and_saved(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/rectangles/{camera_id}", [ZONE])
    page = editor_of(visitor, pictured, address, camera_id)

    page.get_by_label("line", exact=True).check()
    drag(page, (0.5, 0.9), (0.5, 0.2))
    page.get_by_label("Name").fill("gate")
    page.get_by_label("Labels").fill("person")
    # Nobody asks a line for what a zone alone has
    expect(page.get_by_label("Dwell")).to_be_hidden()
    save(page, "Lines saved.")
    [line] = pictured.admin().get(f"/lines/{camera_id}").json
    page.get_by_role("button", name="Turn the arrow").click()
    save(page, "Lines saved.")

    [turned] = pictured.admin().get(f"/lines/{camera_id}").json
    assert (line["name"], line["labels"]) == ("gate", ["person"])
    assert line["start"] == {
        "x": pytest.approx(WIDTH / 2, abs=3),
        "y": pytest.approx(0.9 * HEIGHT, abs=3),
    }
    assert line["end"] == {
        "x": pytest.approx(WIDTH / 2, abs=3),
        "y": pytest.approx(0.2 * HEIGHT, abs=3),
    }
    assert turned == {**line, "start": line["end"], "end": line["start"]}
    # The zone was not touched
    assert pictured.admin().get(f"/rectangles/{camera_id}").json == [ZONE]


def test_a_line_is_moved_and_pulled_and_keeps_its_number(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/lines/{camera_id}", [LINE])
    [before] = pictured.admin().get(f"/lines/{camera_id}").json
    page = editor_of(visitor, pictured, address, camera_id)

    # Chosen a little beside it, and moved to the right by a tenth of the frame
    drag(page, (0.505, 0.3), (0.505, 0.3))
    drag(page, (0.505, 0.3), (0.605, 0.3))
    # Its upper end, pulled
    drag(page, (0.6, 100 / HEIGHT), (0.8, 0.5))
    save(page, "Lines saved.")

    [after] = pictured.admin().get(f"/lines/{camera_id}").json
    assert after["id"] == before["id"]
    assert after["start"] == {"x": pytest.approx(0.6 * WIDTH, abs=6), "y": 600}
    assert after["end"] == {
        "x": pytest.approx(0.8 * WIDTH, abs=6),
        "y": pytest.approx(0.5 * HEIGHT, abs=6),
    }


def test_the_arrow_points_to_where_in_is(pictured: World, address: str, visitor: Visitor) -> None:
    camera_id = pictured.camera()
    # Upwards: to its right is the right of the picture
    pictured.admin().post(f"/lines/{camera_id}", [LINE])
    page = editor_of(visitor, pictured, address, camera_id)

    shaft = page.locator("#shapes line").nth(1)

    assert float(shaft.get_attribute("x1") or 0) == LINE["start"]["x"]
    assert float(shaft.get_attribute("x2") or 0) > LINE["start"]["x"] + 10
    expect(page.locator("#shapes text")).to_have_text("in")


def test_one_save_saves_zones_and_lines_and_undo_takes_back_either(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id)

    drag(page, (0.1, 0.1), (0.3, 0.3))
    page.get_by_label("line", exact=True).check()
    drag(page, (0.5, 0.9), (0.5, 0.2))
    drag(page, (0.7, 0.9), (0.7, 0.2))
    page.get_by_role("button", name="Undo").click()
    save(page, "Rectangles saved. Lines saved.")

    assert len(pictured.admin().get(f"/rectangles/{camera_id}").json) == 1
    assert len(pictured.admin().get(f"/lines/{camera_id}").json) == 1


def test_zones_and_lines_are_drawn_within_a_zone_that_covers_all(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    everywhere = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT}
    pictured.admin().post(f"/rectangles/{camera_id}", [everywhere])
    page = editor_of(visitor, pictured, address, camera_id)

    drag(page, (0.1, 0.1), (0.3, 0.3))
    page.get_by_label("line", exact=True).check()
    drag(page, (0.5, 0.9), (0.5, 0.2))
    # And what is tapped is chosen, and let go by another tap
    drag(page, (0.8, 0.8), (0.8, 0.8))
    expect(page.locator("#list button").first).to_have_attribute("aria-pressed", "true")
    drag(page, (0.8, 0.8), (0.8, 0.8))
    expect(page.locator("#list button").first).to_have_attribute("aria-pressed", "false")
    drag(page, (0.6, 0.6), (0.8, 0.8))
    save(page, "Rectangles saved. Lines saved.")

    first, *others = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert {name: first[name] for name in everywhere} == everywhere
    assert len(others) == 2
    assert len(pictured.admin().get(f"/lines/{camera_id}").json) == 1


def test_a_zone_is_drawn_within_one_that_was_just_drawn_and_moved_after_a_tap(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id)

    drag(page, (0.1, 0.1), (0.9, 0.9))
    drag(page, (0.3, 0.3), (0.5, 0.5))
    drag(page, (0.4, 0.4), (0.4, 0.4))
    drag(page, (0.4, 0.4), (0.6, 0.4))
    save(page, "Rectangles saved.")

    outer, inner = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert [outer["x"] / WIDTH, outer["width"] / WIDTH] == pytest.approx([0.1, 0.8], abs=0.02)
    assert [inner["x"] / WIDTH, inner["width"] / WIDTH] == pytest.approx([0.5, 0.2], abs=0.02)


def test_a_line_that_is_put_back_to_before_it_was_saved_is_the_same_line(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id)
    page.get_by_label("line", exact=True).check()
    drag(page, (0.5, 0.9), (0.5, 0.2))
    expect(page.locator("#list button")).to_have_count(1)
    drag(page, (0.5, 0.5), (0.5, 0.5))
    drag(page, (0.5, 0.5), (0.7, 0.5))
    save(page, "Lines saved.")
    [moved] = pictured.admin().get(f"/lines/{camera_id}").json

    page.get_by_role("button", name="Undo").click()
    save(page, "Lines saved.")

    [put_back] = pictured.admin().get(f"/lines/{camera_id}").json
    assert put_back["start"] != moved["start"]
    # By its number its crossings are counted
    assert put_back["id"] == moved["id"]


@pytest.mark.parametrize("kind", ["rectangles", "lines"])
def test_what_could_not_be_read_is_not_replaced(
    pictured: World, address: str, visitor: Visitor, kind: str
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/rectangles/{camera_id}", [ZONE])
    pictured.admin().post(f"/lines/{camera_id}", [LINE])
    page = editor_of(visitor, pictured, address, camera_id, failing=f"**/{kind}/*")
    expect(page.locator("#problem")).to_have_text("The database does not answer.")

    drag(page, (0.6, 0.6), (0.8, 0.8))

    expect(page.locator("#list button")).to_have_count(0)
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    expect(page.get_by_role("button", name="Delete all")).to_be_disabled()

    # And when it answers again, the new one comes beside the old
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#list button")).to_have_count(2)
    expect(page.locator("#problem")).to_be_hidden()
    drag(page, (0.6, 0.6), (0.8, 0.8))
    save(page, "Rectangles saved.")
    assert len(pictured.admin().get(f"/rectangles/{camera_id}").json) == 2
    assert len(pictured.admin().get(f"/lines/{camera_id}").json) == 1


def test_a_viewer_sees_lines_and_settings_and_changes_nothing(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    night = {"start_time": "22:00", "end_time": "06:00"}
    pictured.admin().post(f"/rectangles/{camera_id}", [{**ZONE, "schedule": [night]}])
    pictured.admin().post(f"/lines/{camera_id}", [{**LINE, "name": "gate"}])
    page = visitor.page()
    page.goto(f"{address}/login?next=/snapshot_ui/{camera_id}")
    log_in(page, pictured.viewer_of(camera_id))
    page.wait_for_url(f"**/snapshot_ui/{camera_id}")

    page.locator("#list button").first.click()

    expect(page.get_by_label("From")).to_have_value("22:00")
    expect(page.get_by_label("From")).to_be_disabled()
    expect(page.locator("#list button").nth(1)).to_have_text("gate")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
