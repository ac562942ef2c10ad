"""The pages as a person meets them: in Chromium, with mouse and with finger."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.browsing import Visitor, draw_with_a_finger, log_in
from tests.web.pictures import HEIGHT, WIDTH, a_jpeg
from tests.web.worlds import World
from web.status.readiness import NOT_DURABLE

pytestmark = pytest.mark.needs("chromium")


def test_an_admin_is_told_on_the_first_page_that_the_queue_is_not_durable(
    pictured: World, address: str, visitor: Visitor
) -> None:
    page = visitor.page()
    page.goto(f"{address}/login")
    log_in(page, pictured.admin())

    expect(page.locator("#warnings")).to_have_text(NOT_DURABLE)


def test_a_stranger_logs_in_and_comes_to_where_they_were_going(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera("Front door")
    page = visitor.page()

    page.goto(f"{address}/snapshot_ui/{camera_id}", wait_until="domcontentloaded")
    assert "/login" in page.url
    log_in(page, pictured.admin())

    page.wait_for_url(f"**/snapshot_ui/{camera_id}")
    expect(page.locator("h1")).to_have_text("Front door")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "/.//evil.example", "/\\evil.example"])
def test_a_link_to_the_log_in_leads_to_no_other_site(
    pictured: World, address: str, visitor: Visitor, elsewhere: str
) -> None:
    page = visitor.page()
    page.goto(f"{address}/login?next={elsewhere}")

    log_in(page, pictured.admin())

    page.wait_for_url(f"{address}/")


def test_renewals_at_once_are_one_where_the_browser_has_no_locks(
    pictured: World, address: str, visitor: Visitor
) -> None:
    page = page_without_locks(visitor, pictured, address)
    renewals = renewals_of(page)

    page.evaluate(
        """async () => {
            const { renew } = await import("/static/api.js");
            await Promise.all([renew(), renew(), renew()]);
        }"""
    )

    assert len(renewals) == 1
    page.goto(f"{address}/")
    expect(page.get_by_text("No cameras yet")).to_be_visible()


def test_a_call_does_not_renew_what_another_tab_has_renewed(
    pictured: World, address: str, visitor: Visitor
) -> None:
    page = page_without_locks(visitor, pictured, address)
    renewals = renewals_of(page)
    # As if the cookie had been an old one when the first call went out.
    page.route("**/me", lambda route: route.fulfill(status=401, json={}), times=1)

    told = page.evaluate(
        """async () => {
            const { call } = await import("/static/api.js");
            return call("GET", "/me");
        }"""
    )

    assert told["username"] == "admin"
    assert renewals == []


def test_no_script_can_read_the_tokens(pictured: World, address: str, visitor: Visitor) -> None:
    page = visitor.page()
    page.goto(f"{address}/login")

    log_in(page, pictured.admin())
    page.wait_for_url(f"{address}/")

    readable = page.evaluate("document.cookie")
    assert "vigil_csrf=" in readable
    assert "vigil_access" not in readable
    assert "vigil_refresh" not in readable


def test_a_rectangle_drawn_with_the_mouse_is_saved_in_pixels_of_the_frame(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id)

    drag(page, (0.25, 0.25), (0.5, 0.75))
    page.get_by_label("Name").fill("<b>gate</b>")
    page.get_by_label("Labels").fill("person, car")
    page.get_by_label("Dwell").fill("3")
    page.get_by_label("Dwell").blur()
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#status")).to_have_text("Rectangles saved.")
    (rectangle,) = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert rectangle["x"] == pytest.approx(WIDTH / 4, abs=3)
    assert rectangle["y"] == pytest.approx(HEIGHT / 4, abs=3)
    assert rectangle["width"] == pytest.approx(WIDTH / 4, abs=4)
    assert rectangle["height"] == pytest.approx(HEIGHT / 2, abs=4)
    assert rectangle["name"] == "<b>gate</b>"
    assert rectangle["labels"] == ["person", "car"]
    assert rectangle["dwell_s"] == 3


def test_on_a_sub_streams_picture_rectangles_are_drawn_in_pixels_of_the_full_frame(
    pictured: World, address: str, visitor: Visitor
) -> None:
    # Given a picture that is smaller than the frame, and not quite of its form
    small = a_jpeg(704, 480)
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id, picture=small)
    assert page.locator("#snapshot").evaluate("img => img.naturalWidth") == 704

    drag(page, (0.25, 0.25), (0.5, 0.75))
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#status")).to_contain_text("Rectangles saved")
    (rectangle,) = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert rectangle["x"] == pytest.approx(WIDTH / 4, abs=3)
    assert rectangle["y"] == pytest.approx(HEIGHT / 4, abs=3)
    assert rectangle["width"] == pytest.approx(WIDTH / 4, abs=4)
    assert rectangle["height"] == pytest.approx(HEIGHT / 2, abs=4)
    # And the picture fills the frame's form, or what is drawn would lie beside what it is about
    stage, picture = page.locator("#shapes").bounding_box(), page.locator("#snapshot")
    assert picture.bounding_box() == stage
    assert picture.evaluate("img => getComputedStyle(img).objectFit") == "fill"


def test_a_rectangle_is_moved_resized_and_deleted(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    box = {"x": 128, "y": 72, "width": 256, "height": 144}
    pictured.admin().post(f"/rectangles/{camera_id}", [box])
    page = editor_of(visitor, pictured, address, camera_id)

    # Chosen, then moved by a tenth of the frame, as far as it goes to the right and down
    drag(page, (0.2, 0.2), (0.2, 0.2))
    drag(page, (0.2, 0.2), (0.3, 0.3))
    save(page)
    assert_near(pictured, camera_id, {"x": 256, "y": 144, "width": 256, "height": 144})

    # Pulled by its lower right corner
    drag(page, (0.4, 0.4), (0.6, 0.7))
    save(page)
    assert_near(pictured, camera_id, {"x": 256, "y": 144, "width": 512, "height": 360})

    page.get_by_role("button", name="Delete this shape").click()
    save(page)
    assert pictured.admin().get(f"/rectangles/{camera_id}").json == []


def test_a_name_stays_when_the_next_shape_is_drawn_at_once(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id)

    drag(page, (0.1, 0.1), (0.3, 0.3))
    page.get_by_label("Name").press_sequentially("gate ")
    drag(page, (0.5, 0.5), (0.7, 0.7))
    page.get_by_label("Name").press_sequentially("door")
    save(page)

    rectangles = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert [rectangle["name"] for rectangle in rectangles] == ["gate", "door"]


def test_a_name_can_be_saved_while_it_is_typed_and_one_undo_takes_it_back(
    pictured: World, address: str, visitor: Visitor
) -> None:
    camera_id = pictured.camera()
    box = {"x": 128, "y": 72, "width": 256, "height": 144, "name": "old"}
    pictured.admin().post(f"/rectangles/{camera_id}", [box])
    page = editor_of(visitor, pictured, address, camera_id)
    page.locator("#list button").click()

    page.get_by_label("Name").press("End")
    page.get_by_label("Name").press_sequentially(" gate")
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    expect(page.locator("#list button")).to_have_text("old gate")

    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#list button")).to_have_text("old")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_a_finger_draws_on_a_phone(pictured: World, address: str, visitor: Visitor) -> None:
    camera_id = pictured.camera()
    page = editor_of(visitor, pictured, address, camera_id, is_phone=True)

    draw_with_a_finger(page, "#shapes", (0.2, 0.4, 0.6))
    save(page)

    (rectangle,) = pictured.admin().get(f"/rectangles/{camera_id}").json
    assert rectangle["x"] == pytest.approx(0.2 * WIDTH, abs=6)
    assert rectangle["width"] == pytest.approx(0.4 * WIDTH, abs=8)
    # Nothing hangs over the edge of the small screen
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_stay_text(pictured: World, address: str, visitor: Visitor) -> None:
    name = "<img src=x onerror=\"document.title='owned'\">"
    camera_id = pictured.camera(name)
    shape_name = "</text><script>1</script>"
    box = {"x": 1, "y": 1, "width": 99, "height": 99, "name": shape_name}
    pictured.admin().post(f"/rectangles/{camera_id}", [box])

    page = editor_of(visitor, pictured, address, camera_id)
    expect(page.locator("h1")).to_have_text(name)
    expect(page.locator("#list button")).to_have_text(shape_name)
    page.goto(address, wait_until="domcontentloaded")

    expect(page.locator("article h2")).to_have_text(name)
    assert page.title() == "Cameras · Vigil"


def test_the_api_page_works_without_internet(
    pictured: World, address: str, visitor: Visitor
) -> None:
    page = visitor.page()
    foreign: list[str] = []
    page.on("request", lambda asked: foreign.append(asked.url))

    page.goto(f"{address}/docs")

    expect(page.locator("#operations-cameras-post_cameras")).to_be_visible()
    assert [url for url in foreign if not url.startswith((address, "data:"))] == []


def test_a_camera_is_added_on_the_first_page(
    pictured: World, address: str, visitor: Visitor
) -> None:
    page = visitor.page()
    page.goto(f"{address}/login")
    log_in(page, pictured.admin())
    page.wait_for_url(f"{address}/")
    expect(page.get_by_text("No cameras yet")).to_be_visible()

    page.get_by_text("Add a camera").click()
    page.get_by_label("Name").fill("Yard")
    page.get_by_label("Stream URL").fill("ftp://cam/1")
    page.get_by_role("button", name="Add the camera").click()
    expect(page.locator("#add-problem")).to_contain_text("must begin with one of")
    page.get_by_label("Stream URL").fill("rtsp://anna:s3cret@cam/1")
    page.get_by_label("Sub-stream").fill("rtsp://cam/2")
    page.get_by_role("button", name="Add the camera").click()

    expect(page.locator("article h2")).to_have_text("Yard")
    (camera,) = pictured.admin().get("/cameras").json
    assert (camera["sub_stream_url"], camera["location"]) == ("rtsp://cam/2", "")
    expect(page.locator("article .why")).to_have_text("No camera service reports about it.")
    expect(page.locator("#added")).to_have_text("Yard was added.")


def test_the_first_visitor_finds_the_form_for_an_account_open_and_nobody_after(
    pictured: World, address: str, visitor: Visitor
) -> None:
    page = visitor.page()
    name = page.locator("#register").get_by_label("User name")

    page.goto(f"{address}/login")
    expect(name).to_be_focused()

    pictured.admin()
    page.reload()
    expect(name).to_be_hidden()
    expect(page.locator("#log-in").get_by_label("User name")).to_be_focused()


@pytest.mark.parametrize("form", ["#log-in", "#register", "#add"])
def test_what_is_typed_before_the_page_is_ready_stays_out_of_every_address(
    pictured: World, address: str, visitor: Visitor, form: str
) -> None:
    page = visitor.page()
    if form == "#add":
        page.goto(f"{address}/login")
        log_in(page, pictured.admin())
        page.wait_for_url(f"{address}/")
    # Given that its script does not come
    page.route(re.compile(r"/static/(login|first_page)\.js"), lambda route: route.abort())
    page.goto(address + ("/" if form == "#add" else "/login"))
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")

    # Then nothing sends the form; and if the browser did, then not as an address
    expect(page.locator(f"{form} [type=submit]")).to_be_disabled()
    expect(page.locator(form)).to_have_attribute("method", "post")
    page.locator(f"{form} input").first.press("Enter")
    assert "?" not in page.url


def page_without_locks(visitor: Visitor, world: World, address: str) -> Page:
    """Return the admin's first page, in a browser that came over plain HTTP from elsewhere."""
    page = visitor.page()
    page.add_init_script('Object.defineProperty(navigator, "locks", { value: undefined })')
    page.goto(f"{address}/login")
    log_in(page, world.admin())
    page.wait_for_url(f"{address}/")
    expect(page.get_by_text("No cameras yet")).to_be_visible()
    return page


def renewals_of(page: Page) -> list[str]:
    """Return a list that grows with each renewal that the page asks for."""
    asked: list[str] = []
    page.on(
        "request", lambda sent: asked.append(sent.url) if "/token/refresh" in sent.url else None
    )
    return asked


def editor_of(
    visitor: Visitor,
    world: World,
    address: str,
    camera_id: int,
    *,
    is_phone: bool = False,
    failing: str = "",
    picture: bytes = b"",
) -> Page:
    """Return the page of a camera's rectangles, loaded, for the admin.

    Args:
        picture: What the page is shown of the full frame, instead of the camera's own.
        failing: Where the API answers the first call with 503, as while PostgreSQL is away.
    """
    page = visitor.page(is_phone=is_phone)
    if failing:
        away = {"message": "The database does not answer."}
        page.route(failing, lambda route: route.fulfill(status=503, json=away), times=1)
    if picture:
        size = {"X-Frame-Size": f"{WIDTH}x{HEIGHT}", "Content-Type": "image/jpeg"}
        page.route("**/get_snapshot/*", lambda route: route.fulfill(body=picture, headers=size))
    page.goto(f"{address}/login?next=/snapshot_ui/{camera_id}")
    log_in(page, world.admin())
    page.wait_for_url(f"**/snapshot_ui/{camera_id}")
    expect(page.locator("#shapes")).to_have_attribute("viewBox", f"0 0 {WIDTH} {HEIGHT}")
    expect(page.locator("#snapshot")).to_have_attribute("src", re.compile("^blob:"))
    return page


def drag(page: Page, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Drag from one part of the frame to another, each as a share of its width and height."""
    bounds = page.locator("#shapes").bounding_box()
    assert bounds is not None

    def at(part: tuple[float, float]) -> tuple[float, float]:
        return bounds["x"] + part[0] * bounds["width"], bounds["y"] + part[1] * bounds["height"]

    page.mouse.move(*at(start))
    page.mouse.down()
    page.mouse.move(*at(stop), steps=4)
    page.mouse.up()


def save(page: Page) -> None:
    with page.expect_response("**/rectangles/*") as answer:
        page.get_by_role("button", name="Save").click()
    assert answer.value.ok, answer.value.text()


def assert_near(world: World, camera_id: int, expected: dict[str, float]) -> None:
    (rectangle,) = world.admin().get(f"/rectangles/{camera_id}").json
    assert {name: rectangle[name] for name in expected} == pytest.approx(expected, abs=6)
