"""The camera that an installation begins with, and those that people add beside it."""

import pytest

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from web.cameras.demo import NAME, keep_demo_camera
from web.database import db

DEMO_URL = "rtsp://127.0.0.1:8554/street"
ELSEWHERE = "rtsp://127.0.0.1:9000/street"


@pytest.fixture
def demo_world(world_of: WorldOf) -> World:
    """Give an installation that began with the demo camera."""
    world = world_of()
    start(world, DEMO_URL)
    return world


def start(world: World, url: str) -> None:
    """Do what a start of web does when the demo plays at url."""
    with world.app.app_context():
        keep_demo_camera(
            db.session(),
            url,
            site_time_zone="UTC",
            sealer=world.wiring.sealer,
            configuration=world.wiring.configuration,
        )


def urls(world: World) -> dict[str, str]:
    return {each["name"]: each["stream_url"] for each in world.admin().get("/cameras").json}


def test_the_demo_is_followed_to_another_port(demo_world: World) -> None:
    start(demo_world, ELSEWHERE)

    assert urls(demo_world) == {NAME: ELSEWHERE}


def test_an_own_camera_that_looks_like_the_demo_is_left_alone(demo_world: World) -> None:
    admin = demo_world.admin()
    own = {
        "Wrong password": "rtsp://anna:wrong@127.0.0.1:8554/street",
        "Nobody there": "rtsp://127.0.0.1:9998/street",
    }
    for name, url in own.items():
        assert admin.post("/cameras", {"name": name, "stream_url": url}).status_code == 201
    before = urls(demo_world)
    # PostgreSQL puts a row that was changed behind the others.
    [demo] = [each for each in admin.get("/cameras").json if each["name"] == NAME]
    admin.patch(f"/cameras/{demo['id']}", {"location": "street"})

    for _ in own:
        start(demo_world, DEMO_URL)
    assert urls(demo_world) == before

    start(demo_world, ELSEWHERE)
    assert urls(demo_world) == {**before, NAME: ELSEWHERE}


def test_who_moves_the_demo_makes_it_an_own_camera(demo_world: World) -> None:
    admin = demo_world.admin()
    [demo] = admin.get("/cameras").json
    moved = "rtsp://127.0.0.1:7000/street"
    admin.patch(f"/cameras/{demo['id']}", {"stream_url": moved})

    start(demo_world, ELSEWHERE)

    assert urls(demo_world) == {NAME: moved}


def test_who_has_removed_the_demo_is_not_given_it_again(demo_world: World) -> None:
    [demo] = demo_world.admin().get("/cameras").json
    assert demo_world.admin().delete(f"/cameras/{demo['id']}").status_code == 200

    start(demo_world, DEMO_URL)

    assert urls(demo_world) == {}


def test_nobody_calls_a_camera_the_demo(demo_world: World) -> None:
    body = {"name": "Mine", "stream_url": ELSEWHERE, "is_demo": True}

    assert demo_world.admin().post("/cameras", body).status_code == 422
