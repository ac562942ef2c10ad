"""The demo camera's configuration, written here until web keeps the cameras."""

import redis

from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.domain.camera import CameraId
from vigil.messages import CameraConfig, ConfigHead

DEMO_CAMERA = CameraId(1)
_PATH = "/street"


def publish_demo_camera(queue: redis.Redis, *, port: int) -> None:
    """Have a camera 1 that is the demo's, at this port; other cameras stay as they are.

    Raises:
        BusUnavailable: The queue Redis does not answer.
    """
    store = RedisCameraConfigStore(queue)
    head = store.head() or ConfigHead(generation=0, camera_ids=())
    before = store.documents([DEMO_CAMERA]).get(DEMO_CAMERA)
    url = f"rtsp://127.0.0.1:{port}{_PATH}"
    if before is not None and before.stream_url == url:
        return
    camera = (
        CameraConfig(id=DEMO_CAMERA, revision=1, name="Demo street", stream_url=url)
        if before is None
        else before.model_copy(update={"stream_url": url, "revision": before.revision + 1})
    )
    camera_ids = tuple(dict.fromkeys([*head.camera_ids, DEMO_CAMERA]))
    store.publish(
        ConfigHead(generation=head.generation + 1, camera_ids=camera_ids),
        changed=[camera],
        removed=[],
    )
