"""The wall of live pictures on the first page, in Chromium, also while the server is away."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.browsing import Site, Visitor, log_in
from tests.web.pictures import a_jpeg, still_pictures
from tests.web.worlds import World, a_world
from vigil.clock import SystemClock
from vigil.messages import CameraState

pytestmark = pytest.mark.needs("chromium")


def test_streams_begin_again_when_the_server_is_back(
    pictured: World, site: Site, visitor: Visitor
) -> None:
    # Given a wall whose streams run
    door, yard = pictured.camera("Door"), pictured.camera("Yard")
    page = visitor.page()
    visit(page, pictured, site)
    for picture in page.locator("article img").all():
        wait_until_shown(page, picture)

    # When the server dies, which no picture tells, and is back
    site.stop()
    expect(page.locator("#problem")).to_contain_text("does not answer")

    # Then each stream is opened anew
    with (
        page.expect_response(f"**/recognized_stream/{door}?*") as of_door,
        page.expect_response(f"**/recognized_stream/{yard}?*") as of_yard,
    ):
        site.start()
    assert of_door.value.ok
    assert of_yard.value.ok
    expect(page.locator("#problem")).to_be_hidden()


def test_streams_begin_again_though_no_call_met_the_restart(
    pictured: World, site: Site, visitor: Visitor
) -> None:
    # Given a wall whose stream runs
    door = pictured.camera("Door")
    page = visitor.page()
    visit(page, pictured, site)
    wait_until_shown(page, page.locator("article img"))
    page.wait_for_load_state("networkidle")

    # When another run of web answers, from one call to the next
    pictures = still_pictures(a_jpeg())
    with a_world(pictured.wiring.settings, streams=pictures) as next_run:
        with page.expect_response(f"**/recognized_stream/{door}?*") as answered:
            site.app = next_run.app
        assert answered.value.ok
        site.stop()


def test_a_stream_that_nobody_sees_waits_until_it_is_seen(
    pictured: World, site: Site, visitor: Visitor
) -> None:
    # Given a phone, on which the second camera is beyond the edge
    pictured.camera("Door")
    yard = pictured.camera("Yard")
    opened: list[str] = []
    page = visitor.page(is_phone=True)
    page.set_viewport_size({"width": 390, "height": 300})
    page.on("request", lambda asked: opened.append(asked.url))
    visit(page, pictured, site)
    first, second = page.locator("article img").first, page.locator("article img").nth(1)
    wait_until_shown(page, first)
    path = f"/recognized_stream/{yard}"
    assert [url for url in opened if path in url] == []

    second.scroll_into_view_if_needed()

    wait_until_shown(page, second)
    assert len([url for url in opened if path in url]) == 1


def test_a_stream_that_is_refused_is_asked_for_again(
    pictured: World, site: Site, visitor: Visitor
) -> None:
    pictured.camera("Door")
    page = visitor.page()
    page.route("**/recognized_stream/*", lambda route: route.fulfill(status=503), times=2)
    visit(page, pictured, site)

    wait_until_shown(page, page.locator("article img"))


def test_a_stream_that_goes_on_being_refused_is_asked_for_ever_less(
    site: Site, visitor: Visitor
) -> None:
    page = visitor.page()
    page.goto(f"{site.address}/login")

    waits_ms = page.evaluate(
        """async () => {
            const { waitMs } = await import("/static/live_stream.js");
            return [1, 2, 3, 4, 5, 6, 2000].map(waitMs);
        }"""
    )

    assert waits_ms == [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]


def test_a_camera_just_added_connects_before_anything_is_wrong(
    pictured: World, site: Site, visitor: Visitor
) -> None:
    # Given a camera that was added now, by PostgreSQL's clock
    pictured.clock.now_us = SystemClock().utc_us()
    yard = pictured.camera("Yard")
    page = visitor.page()
    visit(page, pictured, site)
    cover, state = page.locator("article .cover"), page.locator("article .state")
    why = page.locator("article .why")

    # Then it connects, and no picture says that there is no signal
    expect(cover).to_have_text("connecting ...")
    expect(state).to_have_text("connecting ...")
    expect(why).to_be_hidden()
    expect(page.locator("article img")).to_be_hidden()

    # When nobody reports about it for too long
    pictured.clock.advance(11)
    expect(why).to_have_text("No camera service reports about it.")
    expect(state).to_have_text("inactive")
    expect(cover).to_be_hidden()

    # When somebody does, and has packets, and a picture
    pictured.say(yard, state=CameraState.STARTING)
    expect(cover).to_be_visible()
    pictured.say(yard, state=CameraState.ACTIVE)
    expect(state).to_have_text("active")
    expect(cover).to_be_visible()
    pictured.say(yard, state=CameraState.ACTIVE, last_frame_us=1)
    expect(cover).to_be_hidden()
    expect(page.locator("article img")).to_be_visible()


def test_a_tile_that_is_not_live_says_so(pictured: World, site: Site, visitor: Visitor) -> None:
    fourth_id = [pictured.camera(f"Camera {number}") for number in range(1, 5)][-1]
    page = visitor.page()
    visit(page, pictured, site)

    expect(page.locator("article")).to_have_count(4)
    expect(page.locator("article .pace")).to_have_count(1)
    pace = page.locator("article").filter(has_text="Camera 4").locator(".pace")
    # Of one that sends nothing no picture comes at any pace
    expect(pace).to_be_hidden()
    pictured.say(fourth_id, state=CameraState.ACTIVE)
    expect(pace).to_have_text("Not live: a picture every 2 s.")
    expect(pace).to_be_visible()


def test_a_camera_that_was_added_below_is_scrolled_into_view(
    pictured: World, site: Site, visitor: Visitor
) -> None:
    pictured.camera("Door")
    page = visitor.page(is_phone=True)
    visit(page, pictured, site)
    page.get_by_text("Add a camera").click()
    page.get_by_label("Name").fill("Yard")
    page.get_by_label("Stream URL").fill("rtsp://cam/1")
    page.set_viewport_size({"width": 390, "height": 300})

    page.get_by_role("button", name="Add the camera").click()

    expect(page.get_by_role("heading", name="Yard")).to_be_in_viewport()


def visit(page: Page, world: World, site: Site) -> None:
    """Come to the first page as the admin."""
    page.goto(f"{site.address}/login")
    log_in(page, world.admin())
    page.wait_for_url(f"{site.address}/")


def wait_until_shown(page: Page, picture: Locator) -> None:
    """Return when an image has a picture."""
    expect(picture).to_be_visible()
    page.wait_for_function("img => img.naturalWidth > 0", arg=picture.element_handle())
