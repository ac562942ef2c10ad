"""``/explanations``: why something was not shown, for who may see the camera."""

from tests.contract.test_explanations import an_explanation
from tests.web.worlds import World
from vigil.bus.leases.redis import RedisLeases
from vigil.domain.camera import CameraId, Epoch
from vigil.keys import Role


def explained(world: World, *sequences: int) -> int:
    """Return a camera of which recognition explains some frames."""
    camera = CameraId(world.camera())
    leases = RedisLeases(world.queue, role=Role.RECOGNITION)
    epoch = leases.acquire(camera, "worker", ttl_s=60, last_seen=Epoch(0))
    assert epoch is not None
    for sequence in sequences:
        world.wiring.explanations.append(an_explanation(sequence, camera), epoch=epoch)
    return camera


def test_tells_what_kept_a_detection_out(world: World) -> None:
    camera = explained(world, 1, 2)

    answer = world.admin().get(f"/explanations/{camera}?limit=1")

    assert answer.json == [
        {
            "captured_at": "2026-09-21T14:13:20+00:00",
            "recogniser": "yolox_nano",
            "shown": 2,
            "dropped": 1,
            "objects": [
                {
                    "label": "dog",
                    "confidence": 0.31,
                    "box": [1.0, 2.0, 3.0, 4.0],
                    "drops": [
                        {"reason": "confidence", "value": "0.3100", "limit": "0.4", "zone": None}
                    ],
                }
            ],
            "waiting": [],
        }
    ]


def test_only_who_may_see_the_camera_is_told(world: World) -> None:
    camera = explained(world, 1)
    stranger = world.viewer_of(world.camera("Yard"))

    assert stranger.get(f"/explanations/{camera}").status_code == 404
    assert world.viewer_of(camera, username="guard").get(f"/explanations/{camera}").json


def test_a_limit_out_of_range_is_named(world: World) -> None:
    answer = world.admin().get(f"/explanations/{world.camera()}?limit=301")

    assert answer.status_code == 422
    assert answer.json["errors"] == {
        "query": {"limit": ["Must be greater than or equal to 1 and less than or equal to 300."]}
    }
