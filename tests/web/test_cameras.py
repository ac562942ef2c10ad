"""``/cameras``: adding, changing, deleting, and what the other services are told."""

from tests.web.worlds import World
from vigil.domain.camera import CameraId


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

    assert document.stream_url == "rtsp://cam/1"
    assert document.credentials is not None
    assert "s3cret" not in document.credentials
    assert world.wiring.sealer.open(document.credentials) == "anna:s3cret"
    assert head is not None
    assert head.camera_ids == (camera_id,)
    assert head.generation == document.revision
