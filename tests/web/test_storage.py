"""How full the disks of footage are, as recorders say."""

from uuid import UUID

from tests.web.worlds import World
from vigil.bus.footage.redis import RedisFootageStore
from vigil.domain.camera import CameraId
from vigil.footage_document import CameraFootage, VolumeReport


def report(world: World, **fields: object) -> None:
    given = {
        "volume": UUID(int=1),
        "at_us": world.clock.utc_us(),
        "files": 2,
        "used_bytes": 3000,
        "protected_bytes": 1000,
        "oldest_us": 1_790_000_000_000_000,
        "daily_bytes": 500.0,
        "days_left": 12.5,
        "reach_days": 18.5,
        "total_bytes": 10_000,
        "free_bytes": 7000,
        "reserve_bytes": 750,
        "kept_days": 30.0,
        "purges": True,
        "is_counted": True,
        "cameras": (
            CameraFootage(
                camera_id=CameraId(7),
                files=2,
                used_bytes=3000,
                protected_bytes=1000,
                error="recording_max_bytes",
            ),
        ),
    }
    RedisFootageStore(world.queue).report(VolumeReport.model_validate(given | fields))


def test_nobody_has_told_of_a_volume_yet(world: World) -> None:
    answer = world.admin().get("/recordings/storage")
    assert (answer.status_code, answer.json) == (200, {"volumes": []})


def test_what_recorders_say_is_told(world: World) -> None:
    report(world)

    [volume] = world.admin().get("/recordings/storage").json["volumes"]

    assert volume == {
        "volume": str(UUID(int=1)),
        "reported_at": "2026-09-21T14:13:20+00:00",
        "is_current": True,
        "files": 2,
        "used_bytes": 3000,
        "protected_bytes": 1000,
        "oldest_at": "2026-09-21T14:13:20+00:00",
        "bytes_per_day": 500.0,
        "days_left": 12.5,
        "reach_days": 18.5,
        "error": None,
        "total_bytes": 10_000,
        "free_bytes": 7000,
        "reserve_bytes": 750,
        "max_bytes": None,
        "kept_days": 30.0,
        "purges": True,
        "is_counted": True,
        "cameras": [
            {
                "camera_id": 7,
                "files": 2,
                "used_bytes": 3000,
                "protected_bytes": 1000,
                "oldest_at": None,
                "bytes_per_day": None,
                "days_left": None,
                "reach_days": None,
                "error": "recording_max_bytes",
            }
        ],
    }


def test_a_recorder_that_is_silent_is_said_to_be_and_forgotten_after_a_month(world: World) -> None:
    report(world)
    admin = world.admin()
    world.clock.advance(61)
    [volume] = admin.get("/recordings/storage").json["volumes"]
    assert volume["is_current"] is False

    world.clock.advance(30 * 86_400)
    world.log_in(admin)
    assert admin.get("/recordings/storage").json == {"volumes": []}


def test_what_another_version_wrote_keeps_nothing_from_being_told(world: World) -> None:
    report(world)
    world.queue.hset("vigil:footage_volumes", str(UUID(int=2)), b"{}")

    assert len(world.admin().get("/recordings/storage").json["volumes"]) == 1
