"""What every CameraConfigStore and ConfigBell promises."""

from tests.builders import a_camera
from tests.contract.conftest import ConfigBus
from tests.waiting import wait_until
from vigil.camera_document import ConfigHead
from vigil.domain.camera import CameraId


def a_head(generation: int, *camera_ids: int) -> ConfigHead:
    return ConfigHead(generation=generation, camera_ids=tuple(map(CameraId, camera_ids)))


def test_before_anything_was_published_nobody_knows(config_bus: ConfigBus) -> None:
    assert config_bus.store.head() is None
    assert config_bus.store.documents([CameraId(1)]) == {}
    assert config_bus.store.documents([]) == {}


def test_what_was_published_is_read(config_bus: ConfigBus) -> None:
    cameras = [a_camera(1), a_camera(2, name="yard")]
    assert config_bus.store.publish(a_head(1, 1, 2), changed=cameras, removed=[])
    assert config_bus.store.head() == a_head(1, 1, 2)
    assert config_bus.store.documents([CameraId(1), CameraId(2)]) == {1: cameras[0], 2: cameras[1]}


def test_a_removed_camera_has_no_document(config_bus: ConfigBus) -> None:
    config_bus.store.publish(a_head(1, 1), changed=[a_camera(1)], removed=[])
    config_bus.store.publish(a_head(2), changed=[], removed=[CameraId(1)])
    assert config_bus.store.head() == a_head(2)
    assert config_bus.store.documents([CameraId(1)]) == {}


def test_an_older_generation_is_refused_whole(config_bus: ConfigBus) -> None:
    config_bus.store.publish(a_head(5, 1), changed=[a_camera(1)], removed=[])
    old = a_camera(1, name="old")
    assert not config_bus.store.publish(a_head(4, 1), changed=[old], removed=[])
    assert config_bus.store.head() == a_head(5, 1)
    assert config_bus.store.documents([CameraId(1)]) == {1: a_camera(1)}


def test_the_bell_rings_once_for_what_came_since(config_bus: ConfigBus) -> None:
    # It rings to begin with: something may have been published before it listened.
    assert config_bus.bell.has_rung()
    wait_until(lambda: not config_bus.bell.has_rung())
    config_bus.store.publish(a_head(1), changed=[], removed=[])
    wait_until(config_bus.bell.has_rung)
    assert not config_bus.bell.has_rung()
