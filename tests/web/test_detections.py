"""``/detections``: what a camera's picture shows now, or why it shows nothing."""

from typing import Any

import pytest

from tests.web.worlds import World
from vigil import keys
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import (
    CameraState,
    DetectedObject,
    FrameDetections,
    LineTally,
    RecognitionStatus,
    ZoneOccupancy,
)


def epoch_of(world: World, camera_id: int) -> Epoch:
    leases = RedisLeases(world.queue, role=keys.Role.RECOGNITION)
    epoch = leases.acquire(CameraId(camera_id), "worker", ttl_s=60, last_seen=Epoch(0))
    assert epoch is not None
    return epoch


def shown(world: World, **changes: Any) -> int:
    """Return a camera of which recognition shows something."""
    camera = CameraId(world.camera())
    epoch = epoch_of(world, camera)
    fields: dict[str, Any] = {
        "camera_id": camera,
        "epoch": epoch,
        "frame_epoch": 1,
        "sequence": 7,
        "captured_at_us": 1_790_000_000_000_000,
        "width_px": 1280,
        "height_px": 720,
        "recogniser": "yolox_nano",
        "looked_fps": 4.9,
        "objects": (
            DetectedObject(
                track=3,
                label="person",
                confidence=0.9,
                box=(1, 2, 3, 4),
                zones=("yard",),
                keypoints=((2, 3, 0.8),),
            ),
        ),
        "counts": {"person": 1},
        "occupancy": (
            ZoneOccupancy(name="yard", count=1),
            ZoneOccupancy(name="door", count=0, is_open=False),
        ),
        "lines": (LineTally(line=5, name="gate", in_count=2, out_count=1),),
    }
    world.wiring.detections.put(camera, FrameDetections(**fields | changes), epoch=epoch)
    return camera


def test_tells_what_the_picture_shows(world: World) -> None:
    camera = shown(world)

    assert world.admin().get(f"/detections/{camera}").json == {
        "camera_id": camera,
        "reason": None,
        "captured_at": "2026-09-21T14:13:20+00:00",
        "sequence": 7,
        "recogniser": "yolox_nano",
        "looked_fps": 4.9,
        "width_px": 1280,
        "height_px": 720,
        "objects": [
            {
                "track": 3,
                "label": "person",
                "confidence": 0.9,
                "box": [1.0, 2.0, 3.0, 4.0],
                "zones": ["yard"],
                "keypoints": [[2.0, 3.0, 0.8]],
            }
        ],
        "counts": {"person": 1},
        "occupancy": [
            {"name": "yard", "count": 1, "is_open": True},
            {"name": "door", "count": 0, "is_open": False},
        ],
        "lines": [{"line": 5, "name": "gate", "in_count": 2, "out_count": 1}],
    }


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "No worker looks at it."),
        ({"recognition": "off"}, "Its recognition is off."),
        ({"enabled": False}, "It is disabled."),
    ],
)
def test_says_why_there_is_nothing(world: World, settings: dict[str, Any], reason: str) -> None:
    camera = world.camera(**settings)

    answer = world.admin().get(f"/detections/{camera}")

    assert answer.status_code == 200
    assert answer.json["reason"] == reason
    assert (answer.json["captured_at"], answer.json["objects"], answer.json["counts"]) == (
        None,
        [],
        {},
    )


def test_a_camera_that_sends_nothing_is_the_reason_whoever_would_look(world: World) -> None:
    camera = world.camera()
    world.say(camera, state=CameraState.INACTIVE, error="the file has ended")

    assert world.admin().get(f"/detections/{camera}").json["reason"] == "the file has ended"


@pytest.mark.parametrize(
    ("error", "reason"), [(None, "No picture of it comes."), ("a bad model", "a bad model")]
)
def test_a_worker_that_shows_nothing_says_why(world: World, error: str | None, reason: str) -> None:
    camera = CameraId(world.camera())
    epoch = epoch_of(world, camera)
    board = RedisStatusBoard(
        world.queue, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
    )
    status = RecognitionStatus(owner="worker", epoch=epoch, recogniser="basic", error=error)
    board.put(camera, status, epoch=epoch)

    assert world.admin().get(f"/detections/{camera}").json["reason"] == reason


def test_only_who_may_see_the_camera_is_told(world: World) -> None:
    camera = shown(world)
    stranger = world.viewer_of(world.camera("Yard"))

    assert stranger.get(f"/detections/{camera}").status_code == 404
    assert world.viewer_of(camera, username="guard").get(f"/detections/{camera}").json["objects"]
    assert world.admin().get("/detections/999999").status_code == 404
