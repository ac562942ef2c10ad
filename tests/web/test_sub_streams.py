"""``sub_stream_url``: the rules of ``stream_url``, and whose password it is opened with."""

import pytest
import sqlalchemy as sa

from tests.web.worlds import World
from vigil.domain.camera import CameraId, Stream
from vigil.messages import CameraState, SubStreamStatus
from web.access.rights import Role
from web.database import db

MAIN = "rtsp://anna:s3cret@cam/1"


def told(world: World, camera_id: int) -> tuple[str | None, str | None]:
    """Return where the other services are told that the sub-stream is, and its user."""
    document = world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]
    assert "hidden" not in document.model_dump_json()
    open_ = world.wiring.sealer.open
    url, pair = document.sealed_sub_url, document.sub_credentials
    return url and open_(url), pair and open_(pair)


def main_told(world: World, camera_id: int) -> tuple[str, str | None]:
    document = world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]
    return document.sealed_url, document.credentials


def test_a_camera_has_none_unless_it_is_said(world: World) -> None:
    camera_id = world.camera()

    assert world.admin().get(f"/cameras/{camera_id}").json["sub_stream_url"] is None
    assert told(world, camera_id) == (None, None)


@pytest.mark.parametrize(
    ("typed", "shown", "opened_with"),
    [
        # Its camera's user, on the same host and port alone
        ("rtsp://cam/2", "rtsp://cam/2", "anna:s3cret"),
        ("rtsp://cam:554/2", "rtsp://cam:554/2", "anna:s3cret"),
        ("rtsp://CAM/2", "rtsp://cam/2", "anna:s3cret"),
        ("rtsp://cam:8554/2", "rtsp://cam:8554/2", None),
        ("http://cam/2", "http://cam/2", None),
        ("rtsp://evil.example/2", "rtsp://evil.example/2", None),
        # An own one, wherever it is
        ("rtsp://berta:hidden@cam/2", "rtsp://cam/2", "berta:hidden"),
        ("rtsp://berta:hidden@other/2", "rtsp://other/2", "berta:hidden"),
        # None, and that on purpose
        ("rtsp://@cam/2", "rtsp://cam/2", ""),
    ],
)
def test_it_is_opened_with_its_own_user_or_its_cameras(
    world: World, typed: str, shown: str, opened_with: str | None
) -> None:
    made = world.admin().post(
        "/cameras", {"name": "Door", "stream_url": MAIN, "sub_stream_url": typed}
    )

    assert made.status_code == 201
    assert made.json["sub_stream_url"] == shown
    assert told(world, made.json["id"]) == (shown, opened_with)
    assert not any(text in made.text for text in ("hidden", "s3cret"))


def test_a_secret_in_it_rests_nowhere_in_clear_and_sent_back_as_shown_it_stays(
    world: World,
) -> None:
    url = "http://cam/shot.cgi?user=anna&pwd=hidden&ch=2"
    camera_id = world.camera(stream_url=MAIN, sub_stream_url=url.replace("//", "//b:hidden@"))
    path = f"/cameras/{camera_id}"

    shown = world.admin().get(path).json["sub_stream_url"]
    changed = world.admin().patch(path, {"sub_stream_url": shown, "location": "hall"})
    refused = world.admin().patch(path, {"sub_stream_url": shown.replace("ch=2", "ch=3")})

    assert "hidden" not in shown + changed.text + world.admin().get("/audit").text
    with world.app.app_context():
        rows = db.session.scalars(sa.text("SELECT cameras::text FROM cameras")).all()
    assert not any("hidden" in row for row in rows)
    assert told_in_clear(world, camera_id) == (url, "b:hidden")
    assert refused.status_code == 422
    assert refused.json["errors"] == {
        "sub_stream_url": ["It holds ***, which hides a secret: write the secret itself."]
    }


def told_in_clear(world: World, camera_id: int) -> tuple[str | None, str | None]:
    document = world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]
    open_ = world.wiring.sealer.open
    assert document.sealed_sub_url is not None
    assert document.sub_credentials is not None
    return open_(document.sealed_sub_url), open_(document.sub_credentials)


def test_it_is_added_moved_and_removed_and_the_main_stream_stays_as_it_is(world: World) -> None:
    camera_id = world.camera(stream_url=MAIN)
    path, before = f"/cameras/{camera_id}", main_told(world, camera_id)

    def change(url: str | None) -> None:
        answer = world.admin().patch(path, {"sub_stream_url": url})
        assert answer.status_code == 200
        assert main_told(world, camera_id) == before

    change("rtsp://berta:own@cam/2")
    assert told(world, camera_id) == ("rtsp://cam/2", "berta:own")
    # Its own password stays with its server ...
    change("rtsp://cam/3")
    assert told(world, camera_id) == ("rtsp://cam/3", "berta:own")
    # ... and goes nowhere else
    change("rtsp://evil.example/3")
    assert told(world, camera_id) == ("rtsp://evil.example/3", None)
    change(None)
    assert told(world, camera_id) == (None, None)


def test_where_it_has_no_user_of_its_own_it_follows_its_cameras(world: World) -> None:
    camera_id = world.camera(stream_url=MAIN, sub_stream_url="rtsp://cam/2")
    path = f"/cameras/{camera_id}"

    world.admin().patch(path, {"stream_url": "rtsp://anna:another@cam/1"})
    assert told(world, camera_id) == ("rtsp://cam/2", "anna:another")
    # A camera that was moved takes its password along
    world.admin().patch(path, {"stream_url": "rtsp://anna:third@elsewhere/1"})
    assert told(world, camera_id) == ("rtsp://cam/2", None)


@pytest.mark.parametrize("url", ["", "ftp://cam/2", "rtsp://", 7, "rtsp://cam/a b"])
def test_one_that_is_none_is_refused_by_its_name_and_changes_nothing(
    world: World, url: object
) -> None:
    camera_id = world.camera(stream_url=MAIN, sub_stream_url="rtsp://cam/2")

    added = world.admin().post(
        "/cameras", {"name": "Yard", "stream_url": MAIN, "sub_stream_url": url}
    )
    changed = world.admin().patch(f"/cameras/{camera_id}", {"sub_stream_url": url})

    assert (added.status_code, changed.status_code) == (422, 422)
    assert "sub_stream_url" in str(added.json["errors"])
    assert "sub_stream_url" in str(changed.json["errors"])
    assert told(world, camera_id) == ("rtsp://cam/2", "anna:s3cret")
    assert len(world.admin().get("/cameras").json) == 1


def test_a_file_of_the_machine_is_for_admins(world: World) -> None:
    operator = world.person(Role.OPERATOR)
    body = {"name": "Door", "stream_url": MAIN, "sub_stream_url": "file:///videos/a.mp4"}

    assert operator.post("/cameras", body).status_code == 403
    assert world.admin().post("/cameras", body).status_code == 201


def test_the_status_says_how_it_is_and_what_is_decoded(world: World) -> None:
    with_sub, without = world.camera("Door"), world.camera("Yard")
    world.say(
        with_sub,
        decoded_stream=Stream.MAIN,
        decoding_reason="its sub-stream is away: no answer in time",
        sub_stream=SubStreamStatus(
            state=CameraState.INACTIVE,
            error="no answer in time",
            width_px=640,
            height_px=360,
            packet_fps=12.5,
        ),
    )
    world.say(without)

    details = world.admin().get("/camera_status?detail=1").json

    said = details[f"camera_{with_sub}"]
    assert said["decoded_stream"] == "main"
    assert said["decoding_reason"] == "its sub-stream is away: no answer in time"
    assert said["sub_stream"] == {
        "state": "inactive",
        "error": "no answer in time",
        "codec": None,
        "width_px": 640,
        "height_px": 360,
        "fps": 12.5,
        "bitrate_bps": 0.0,
    }
    assert details[f"camera_{without}"]["sub_stream"] is None
