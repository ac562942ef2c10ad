"""``/cameras``: adding, changing, deleting, and what the other services are told."""

import pytest
import sqlalchemy as sa

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from vigil import keys
from vigil.camera_document import CameraConfig, ModelUse
from vigil.domain.camera import CameraId
from web import startup
from web.access.rights import Role
from web.database import db

DOOR = {"name": "Door", "stream_url": "rtsp://cam/1"}


def test_adding_a_camera_answers_with_its_number_and_shows_no_password(world: World) -> None:
    body = {"name": "Door", "stream_url": "rtsp://anna:s3cret@cam/1", "location": "hall"}

    answer = world.admin().post("/cameras", body)

    assert answer.status_code == 201
    assert answer.json["message"] == "Camera added."
    assert answer.json["stream_url"] == "rtsp://cam/1"
    assert answer.json["has_credentials"] is True
    assert "s3cret" not in answer.text
    assert "s3cret" not in world.admin().get("/cameras").text


def test_the_other_services_are_told_with_the_password_sealed(world: World) -> None:
    camera_id = CameraId(world.camera(stream_url="rtsp://anna:s3cret@cam/1"))

    document = world.store.documents([camera_id])[camera_id]
    head = world.store.head()

    assert "s3cret" not in document.model_dump_json()
    assert "rtsp" not in document.model_dump_json()
    assert opened(world, document) == ("rtsp://cam/1", "anna:s3cret")
    assert head is not None
    assert head.camera_ids == (camera_id,)
    assert head.generation == document.revision


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\x00b"},
        {"name": "\ud800"},
        {"name": None},
        {"stream_url": "ftp://cam/1"},
        {"stream_url": ""},
        {"stream_url": 7},
        {"frame_fps": 0},
        {"frame_fps": 0.009},
        {"frame_fps": 31},
        {"frame_fps": 1e400},
        {"min_confidence": 1.1},
        {"min_confidence": "x"},
        {"transport": "carrier pigeon"},
        {"time_zone": "Europe/Atlantis"},
        {"loop": "perhaps"},
        {"surprise": 1},
    ],
)
def test_a_bad_camera_is_refused_by_the_field_at_fault(
    world: World, change: dict[str, object]
) -> None:
    answer = world.admin().post("/cameras", {**DOOR, **change})

    assert answer.status_code == 422
    said = str(answer.json.get("errors"))
    assert next(iter(change)) in said or "Infinity" in answer.json["message"]
    assert world.admin().get("/cameras").json == []


def test_a_camera_is_where_the_site_is_unless_it_says_otherwise(world_of: WorldOf) -> None:
    world = world_of(site_time_zone="Asia/Taipei", demo_camera_url="rtsp://127.0.0.1:8554/street")
    startup.prepare(world.app)
    near, far = world.camera("Near"), world.camera("Far", time_zone="Europe/Berlin")

    world.admin().patch(f"/cameras/{near}", {"location": "hall"})

    zones = {camera["id"]: camera["time_zone"] for camera in world.admin().get("/cameras").json}
    (demo,) = zones.keys() - {near, far}
    assert zones == {demo: "Asia/Taipei", near: "Asia/Taipei", far: "Europe/Berlin"}


def test_a_models_url_names_what_looks_at_a_camera(world: World) -> None:
    url = "https://models.example.org/" + "x" * 200 + ".onnx"
    camera_id = world.camera(recognition=url)

    world.admin().patch(f"/cameras/{camera_id}", {"recognition": f"{url}?v=2"})

    assert world.admin().get(f"/cameras/{camera_id}").json["recognition"] == f"{url}?v=2"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "https://hub/models/best.onnx?token=hidden&v=2",
            "https://hub/models/best.onnx?token=***&v=2",
        ),
        ("https://anna:hidden@hub/best.onnx", "https://***@hub/best.onnx"),
        ("ftp://anna:hidden@hub/best.onnx", "ftp://***@hub/best.onnx"),
    ],
)
def test_a_secret_in_a_models_address_rests_nowhere_in_clear(
    world: World, address: str, shown: str
) -> None:
    admin, body = world.admin(), {**DOOR, "recognition": address}

    made = admin.post("/cameras", body)
    path = f"/cameras/{made.json['id']}"
    changed = admin.patch(path, {"recognition": shown, "location": "hall"})

    assert made.json["recognition"] == changed.json["recognition"] == shown
    seen = [admin.get(each).text for each in ("/cameras", path, "/audit")]
    assert not any("hidden" in text for text in [made.text, changed.text, *seen, *rows_of(world)])
    # Sent back as it was shown, it is what it was; and only who has the secret can read it
    camera_id = CameraId(made.json["id"])
    document = world.store.documents([camera_id])[camera_id]
    assert "hidden" not in document.model_dump_json()
    [use] = document.models
    assert use.sealed is not None
    assert world.wiring.sealer.open(use.sealed) == address


def test_another_recognition_leaves_nothing_of_a_models_address(world: World) -> None:
    camera_id = CameraId(world.camera(recognition="https://hub/best.onnx?token=hidden"))
    path = f"/cameras/{camera_id}"

    refused = world.admin().patch(path, {"recognition": "https://hub/other.onnx?token=***"})
    assert refused.status_code == 422
    assert refused.json["errors"] == {
        "recognition": ["It holds ***, which hides a secret: write the secret itself."]
    }
    assert world.admin().patch(path, {"recognition": "basic"}).status_code == 200

    document = world.store.documents([camera_id])[camera_id]
    assert document.models == (ModelUse(model="basic"),)


def test_a_name_is_taken_once_whatever_its_case(world: World) -> None:
    world.camera("Door")

    answer = world.admin().post("/cameras", {**DOOR, "name": "dOOR"})

    assert answer.status_code == 409


@pytest.mark.parametrize("url", ["file:///videos/a.mp4", "/dev/video0", "device:///dev/video1"])
def test_the_machines_own_files_are_for_admins(world: World, url: str) -> None:
    operator = world.person(Role.OPERATOR)
    body = {"name": "Local", "stream_url": url}

    refused = operator.post("/cameras", body)
    made = world.admin().post("/cameras", body)

    assert (refused.status_code, made.status_code) == (403, 201)
    moved = operator.patch(f"/cameras/{made.json['id']}", {"stream_url": "file:///etc/passwd"})
    assert moved.status_code == 403
    # What an operator may change about it stays changeable.
    assert operator.patch(f"/cameras/{made.json['id']}", {"name": "New"}).status_code == 200


@pytest.mark.parametrize(
    ("typed", "clear"),
    [
        (
            "http://anna:s3cret@cam/shot.cgi?user=anna&pwd=hidden&ch=1",
            "http://cam/shot.cgi?user=anna&pwd=hidden&ch=1",
        ),
        (
            "rtsp://anna:s3cret@cam/user=anna_password=hidden_channel=1_stream=0.sdp",
            "rtsp://cam/user=anna_password=hidden_channel=1_stream=0.sdp",
        ),
    ],
)
def test_sending_back_what_was_shown_changes_no_secret(
    world: World, typed: str, clear: str
) -> None:
    camera_id = world.camera(stream_url=typed)
    shown = world.admin().get(f"/cameras/{camera_id}").json["stream_url"]
    assert "hidden" not in shown

    answer = world.admin().patch(f"/cameras/{camera_id}", {"stream_url": shown})

    assert answer.status_code == 200
    document = world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]
    assert opened(world, document) == (clear, "anna:s3cret")


def test_a_secret_in_a_path_rests_nowhere_in_clear(world: World) -> None:
    url = "rtsp://cam/user=anna_password=hidden_channel=1_stream=0.sdp"

    made = world.admin().post("/cameras", {"name": "Door", "stream_url": url})
    changed = world.admin().patch(f"/cameras/{made.json['id']}", {"location": "hall"})

    shown = "rtsp://cam/user=***_password=***_channel=1_stream=0.sdp"
    assert made.json["stream_url"] == changed.json["stream_url"] == shown
    assert "hidden" not in world.admin().get("/audit").text
    rows = rows_of(world)
    assert any(shown in row for row in rows)
    assert not any("hidden" in row for row in rows)
    document = world.queue.get(keys.camera_config(made.json["id"]))
    assert isinstance(document, bytes)
    assert b"hidden" not in document


def test_a_masked_secret_is_no_secret_to_move_with(world: World) -> None:
    camera_id = world.camera(stream_url="http://cam/shot.cgi?pwd=hidden&ch=1")

    answer = world.admin().patch(
        f"/cameras/{camera_id}", {"stream_url": "http://cam/shot.cgi?pwd=***&ch=2"}
    )

    assert answer.status_code == 422
    assert "write the secret itself" in answer.json["message"]
    document = world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]
    assert opened(world, document) == ("http://cam/shot.cgi?pwd=hidden&ch=1", None)


@pytest.mark.parametrize(
    ("moved_to", "url", "credentials"),
    [
        ("rtsp://cam/2", "rtsp://cam/2", "anna:s3cret"),
        ("rtsp://berta:other@cam/2", "rtsp://cam/2", "berta:other"),
        ("rtsp://@cam/2", "rtsp://cam/2", None),
        # Somebody who may move a camera must not learn its password by moving it to themselves.
        ("rtsp://evil.example/1", "rtsp://evil.example/1", None),
        ("rtsp://cam:8554/1", "rtsp://cam:8554/1", None),
        ("http://cam/1", "http://cam/1", None),
    ],
)
def test_a_password_stays_with_its_server(
    world: World, moved_to: str, url: str, credentials: str | None
) -> None:
    camera_id = world.camera(stream_url="rtsp://anna:s3cret@cam/1")

    answer = world.admin().patch(f"/cameras/{camera_id}", {"stream_url": moved_to})

    assert answer.status_code == 200
    document = world.store.documents([CameraId(camera_id)])[CameraId(camera_id)]
    assert opened(world, document) == (url, credentials)


def test_a_change_made_on_old_knowledge_is_a_conflict(world: World) -> None:
    admin, camera_id = world.admin(), world.camera()
    seen = admin.get(f"/cameras/{camera_id}").json["revision"]
    first = admin.patch(f"/cameras/{camera_id}", {"location": "hall", "revision": seen})

    second = admin.patch(f"/cameras/{camera_id}", {"location": "yard", "revision": seen})

    assert (first.status_code, second.status_code) == (200, 409)
    assert first.json["revision"] > seen
    assert admin.get(f"/cameras/{camera_id}").json["location"] == "hall"


def test_deleting_a_camera_takes_its_rules_along_and_is_published(world: World) -> None:
    admin, camera_id = world.admin(), world.camera()
    admin.post(f"/rectangles/{camera_id}", [{"x": 0, "y": 0, "width": 9, "height": 9}])
    admin.post(f"/time_intervals/{camera_id}", {"start_time": "22:00", "end_time": "06:00"})

    answer = admin.delete(f"/cameras/{camera_id}")

    assert answer.status_code == 200
    assert answer.json == {"message": "Camera deleted."}
    assert admin.get(f"/rectangles/{camera_id}").status_code == 404
    head = world.store.head()
    assert head is not None
    assert head.camera_ids == ()
    assert world.store.documents([CameraId(camera_id)]) == {}
    # Its number is never given to another.
    assert world.camera() > camera_id


@pytest.mark.parametrize("number", ["0", "99", "-1", "1.5", "x", "*", "9" * 19, "9" * 40])
def test_an_unknown_number_is_not_found(world: World, number: str) -> None:
    for path in ("/cameras", "/rectangles", "/time_intervals"):
        for method in ("GET", "DELETE"):
            answer = world.admin().call(method, f"{path}/{number}")
            assert answer.status_code == 404
            assert answer.json["message"]


def opened(world: World, document: CameraConfig) -> tuple[str, str | None]:
    """Return what a document carries sealed: the URL, and user and password."""
    open_ = world.wiring.sealer.open
    return open_(document.sealed_url), document.credentials and open_(document.credentials)


def rows_of(world: World) -> list[str]:
    """Return what rests of cameras and of what was done to them."""
    with world.app.app_context():
        return [
            text
            for table in ("cameras", "audit_entries")
            for text in db.session.scalars(sa.text(f"SELECT {table}::text FROM {table}"))  # noqa: S608
        ]
