"""Privacy masks as an admin draws them: in Chromium, with mouse and with finger."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.web.browsing import Visitor, draw_with_a_finger, log_in
from tests.web.pictures import HEIGHT, WIDTH
from tests.web.test_pages_in_browser import drag, editor_of
from tests.web.worlds import World
from web.access.rights import Role

pytestmark = pytest.mark.needs("chromium")

BOX = {"x": 128, "y": 72, "width": 256, "height": 144}


def masking(visitor: Visitor, world: World, address: str, camera_id: int, **how: Any) -> Page:
    """Return the page of a camera's shapes, on which masks are drawn."""
    page = editor_of(visitor, world, address, camera_id, **how)
    page.get_by_role("button", name="Privacy masks").click()
    return page


def save(page: Page) -> None:
    with page.expect_response("**/masks/*") as answer:
        page.get_by_role("button", name="Save masks").click()
    assert answer.value.ok, answer.value.text()


def test_a_mask_drawn_with_the_mouse_is_saved_with_the_frame_that_it_was_drawn_on(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = masking(visitor, pictured, address, camera_id)

    drag(page, (0.25, 0.25), (0.5, 0.75))
    page.get_by_label("What it hides").fill("<b>window</b>")
    page.get_by_label("In its place").select_option("blur")
    expect(page.locator("#masks-list button")).to_have_text("<b>window</b> · blur")
    save(page)

    expect(page.locator("#masks-status")).to_contain_text("Masks saved")
    (mask,) = pictured.admin().get(f"/masks/{camera_id}").json
    expected = {"x": WIDTH / 4, "y": HEIGHT / 4, "width": WIDTH / 4, "height": HEIGHT / 2}
    assert {name: mask[name] for name in expected} == pytest.approx(expected, abs=4)
    assert (mask["frame_width"], mask["frame_height"]) == (WIDTH, HEIGHT)
    assert (mask["style"], mask["name"]) == ("blur", "<b>window</b>")
    # And no rectangle came of it
    assert pictured.admin().get(f"/rectangles/{camera_id}").json == []


def test_a_mask_is_moved_resized_and_deleted_and_rectangles_stay(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/masks/{camera_id}", [BOX])
    pictured.admin().post(f"/rectangles/{camera_id}", [BOX])
    page = masking(visitor, pictured, address, camera_id)

    drag(page, (0.2, 0.2), (0.3, 0.3))
    drag(page, (0.4, 0.4), (0.6, 0.7))
    save(page)

    (mask,) = pictured.admin().get(f"/masks/{camera_id}").json
    expected = {"x": 256, "y": 144, "width": 512, "height": 360}
    assert {name: mask[name] for name in expected} == pytest.approx(expected, abs=6)
    page.locator("#masks-list button").focus()
    page.locator("h2", has_text="Privacy masks").click()
    page.keyboard.press("Delete")
    save(page)
    assert pictured.admin().get(f"/masks/{camera_id}").json == []
    assert pictured.admin().get(f"/rectangles/{camera_id}").json == [BOX]


def test_a_mask_that_was_drawn_on_another_size_lies_where_it_hides(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    half = {"x": 64, "y": 36, "width": 128, "height": 72, "frame_width": WIDTH // 2}
    mask = {**half, "frame_height": HEIGHT // 2, "style": "black"}
    pictured.admin().post(f"/masks/{camera_id}", [mask])

    page = masking(visitor, pictured, address, camera_id)

    polygon = page.locator("#masks polygon.black")
    expect(polygon).to_have_attribute("points", "128,72 384,72 384,216 128,216")
    # Nothing was changed by looking at it
    expect(page.get_by_role("button", name="Save masks")).to_be_disabled()


def test_masks_that_could_not_be_read_are_not_replaced(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    pictured.admin().post(f"/masks/{camera_id}", [BOX])
    page = masking(visitor, pictured, address, camera_id, failing="**/masks/*")
    expect(page.locator("#masks-problem")).to_have_text("The database does not answer.")

    drag(page, (0.6, 0.6), (0.9, 0.9))

    expect(page.locator("#masks polygon")).to_have_count(0)
    expect(page.get_by_role("button", name="Save masks")).to_be_disabled()
    expect(page.locator("#masks-problem")).to_be_visible()

    # And when it answers again, the new one comes beside the old
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#masks-list button")).to_have_count(1)
    expect(page.locator("#masks-problem")).to_be_hidden()
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    drag(page, (0.6, 0.6), (0.9, 0.9))
    save(page)
    assert len(pictured.admin().get(f"/masks/{camera_id}").json) == 2


def test_a_finger_draws_a_mask_on_a_phone(pictured: World, address: str, visitor: Visitor) -> None:
    camera_id = pictured.camera()
    page = masking(visitor, pictured, address, camera_id, is_phone=True)

    draw_with_a_finger(page, "#masks", (0.2, 0.4, 0.6))
    save(page)

    (mask,) = pictured.admin().get(f"/masks/{camera_id}").json
    assert mask["x"] == pytest.approx(0.2 * WIDTH, abs=6)
    assert mask["height"] == pytest.approx(0.4 * HEIGHT, abs=8)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_rectangles_are_drawn_as_ever_after_a_look_at_the_masks(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = masking(visitor, pictured, address, camera_id)

    page.get_by_role("button", name="Where to look").click()
    drag(page, (0.25, 0.25), (0.5, 0.75))
    with page.expect_response("**/rectangles/*"):
        page.get_by_role("button", name="Save").click()

    assert len(pictured.admin().get(f"/rectangles/{camera_id}").json) == 1
    assert pictured.admin().get(f"/masks/{camera_id}").json == []


def test_an_operator_draws_no_masks(pictured: World, address: str, visitor: Visitor) -> None:
    camera_id = pictured.camera()
    page = visitor.page()
    page.goto(f"{address}/login?next=/snapshot_ui/{camera_id}")
    log_in(page, pictured.person(Role.OPERATOR))

    expect(page.get_by_role("button", name="Delete all")).to_be_visible()
    expect(page.get_by_role("button", name="Privacy masks")).to_have_count(0)
