import json
import socket
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from tests.builders import a_camera
from vigil.bus.camera_config.memory import MemoryCameraConfigStore
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import connect_briefly
from vigil.camera_configs import FULL_READ_EVERY_S, RETRY_S, CameraConfigs, KnownCameras, merged
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.clock import FakeClock, SystemClock
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable, MessageInvalid
from vigil.leases import LEASE_S

KNOWN = KnownCameras(
    generation=5,
    cameras={CameraId(1): a_camera(1, revision=3), CameraId(2): a_camera(2, revision=4)},
)


def a_head(generation: int, *camera_ids: int) -> ConfigHead:
    return ConfigHead(generation=generation, camera_ids=tuple(map(CameraId, camera_ids)))


def documents(*cameras: CameraConfig) -> dict[CameraId, CameraConfig]:
    return {camera.id: camera for camera in cameras}


@pytest.mark.parametrize("found", [documents(), documents(a_camera(1, revision=9), a_camera(3))])
def test_without_a_head_nobody_knows_and_all_stays(found: dict[CameraId, CameraConfig]) -> None:
    assert merged(KNOWN, None, found) == KNOWN


def test_a_head_of_an_older_generation_changes_nothing() -> None:
    assert merged(KNOWN, a_head(4, 1), documents(a_camera(1, revision=9))) == KNOWN


def test_a_head_of_a_newer_generation_removes_what_it_does_not_name() -> None:
    known = merged(KNOWN, a_head(6, 2), documents(a_camera(2, revision=4)))

    assert known == KnownCameras(generation=6, cameras={CameraId(2): KNOWN.cameras[CameraId(2)]})


def test_a_head_of_the_same_generation_removes_nothing() -> None:
    assert merged(KNOWN, a_head(5, 2), documents()) == KNOWN


def test_a_newer_revision_is_taken_even_under_the_same_generation() -> None:
    newer = a_camera(1, revision=4, name="renamed")

    known = merged(KNOWN, a_head(5, 1, 2), documents(newer))

    assert known.cameras == {**KNOWN.cameras, newer.id: newer}


@pytest.mark.parametrize("revision", [0, 2, 3])
def test_a_document_that_is_no_newer_than_ours_changes_nothing(revision: int) -> None:
    older = a_camera(1, revision=revision, name="old")

    assert merged(KNOWN, a_head(6, 1, 2), documents(older)).cameras == KNOWN.cameras


def test_a_camera_whose_document_is_missing_keeps_the_one_we_have() -> None:
    known = merged(KNOWN, a_head(6, 1, 2, 3), documents())

    # The third comes with a later read
    assert known.cameras == KNOWN.cameras
    assert merged(known, a_head(6, 1, 2, 3), documents(a_camera(3))).cameras.keys() == {1, 2, 3}


def test_a_document_that_the_head_does_not_name_is_not_taken() -> None:
    assert merged(KNOWN, a_head(6, 1, 2), documents(a_camera(3))).cameras.keys() == {1, 2}


class LeavingStore(MemoryCameraConfigStore):
    """A configuration that is away or unreadable when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.is_garbled = False
        self.heads_read = 0

    @override
    def head(self) -> ConfigHead | None:
        self.heads_read += 1
        if self.is_away:
            raise BusUnavailable("away")
        if self.is_garbled:
            raise MessageInvalid("ConfigHead: generation")
        return super().head()

    @override
    def documents(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraConfig]:
        if self.is_away:
            raise BusUnavailable("away")
        return super().documents(camera_ids)

    def publish_all(self, generation: int, *cameras: CameraConfig) -> None:
        ids = [camera.id for camera in cameras]
        assert self.publish(a_head(generation, *ids), changed=cameras, removed=())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> LeavingStore:
    return LeavingStore()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "camera_ctrl" / "cameras.json"


def opened(store: LeavingStore, path: Path, clock: FakeClock) -> CameraConfigs:
    return CameraConfigs(store=store, bell=store.bell, path=path, clock=clock)


def test_reads_what_was_published_before_it_began(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(1, a_camera(1))
    configs = opened(store, path, clock)

    assert configs.refresh()
    assert configs.cameras == documents(a_camera(1))
    assert not configs.refresh()


def test_what_was_known_is_current_only_once_web_was_read(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(1, a_camera(1))
    assert opened(store, path, clock).refresh()

    # A restart while Redis is away, then with a head that says nothing, and nothing at all
    again = opened(store, path, clock)
    store.is_away = True
    with pytest.raises(BusUnavailable):
        again.refresh()
    clock.advance(RETRY_S)
    store.is_away, store.is_garbled = False, True
    again.refresh()
    assert (set(again.cameras), again.is_current) == ({CameraId(1)}, False)
    empty = opened(LeavingStore(), path, clock)
    empty.refresh()
    assert (set(empty.cameras), empty.is_current) == ({CameraId(1)}, False)

    # It says the same as before
    clock.advance(FULL_READ_EVERY_S)
    store.is_garbled = False
    assert not again.refresh()
    assert again.is_current


def test_reads_when_the_bell_rang_and_else_every_ten_seconds(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    configs = opened(store, path, clock)
    configs.refresh()
    assert store.heads_read == 1

    configs.refresh()
    clock.advance(FULL_READ_EVERY_S - 0.001)
    configs.refresh()
    assert store.heads_read == 1

    clock.advance(0.001)
    configs.refresh()
    assert store.heads_read == 2

    store.bell.ring()
    configs.refresh()
    assert store.heads_read == 3


def test_hears_of_a_change_by_the_periodic_read_when_the_bell_was_missed(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    configs = opened(store, path, clock)
    configs.refresh()
    store.publish_all(1, a_camera(1))
    store.bell.has_rung()
    assert not configs.refresh()

    clock.advance(FULL_READ_EVERY_S)

    assert configs.refresh()
    assert configs.cameras.keys() == {1}


def test_a_bell_that_rang_while_redis_was_away_is_not_forgotten(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    configs = opened(store, path, clock)
    configs.refresh()
    store.publish_all(1, a_camera(1))
    store.is_away = True
    with pytest.raises(BusUnavailable):
        configs.refresh()

    store.is_away = False
    clock.advance(RETRY_S)

    assert configs.refresh()
    assert configs.cameras.keys() == {1}


def test_a_redis_that_is_away_is_asked_once_a_second_however_often_the_bell_rings(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    configs = opened(store, path, clock)
    store.is_away = True
    with pytest.raises(BusUnavailable):
        configs.refresh()

    for _ in range(3):
        store.bell.ring()
        assert not configs.refresh()
        clock.advance(RETRY_S / 4)
    assert store.heads_read == 1

    clock.advance(RETRY_S / 4)
    with pytest.raises(BusUnavailable):
        configs.refresh()
    assert store.heads_read == 2


def test_starts_with_the_last_good_configuration_while_everything_is_away(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(7, a_camera(1), a_camera(2, credentials="sealed", frame_fps=2.5))
    opened(store, path, clock).refresh()
    store.is_away = True

    configs = opened(store, path, clock)

    assert configs.cameras == documents(
        a_camera(1), a_camera(2, credentials="sealed", frame_fps=2.5)
    )
    with pytest.raises(BusUnavailable):
        configs.refresh()
    assert configs.cameras.keys() == {1, 2}


def test_an_emptied_redis_stops_no_camera(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(7, a_camera(1))
    configs = opened(store, path, clock)
    configs.refresh()

    store.flush()
    store.bell.ring()

    assert not configs.refresh()
    assert configs.cameras.keys() == {1}


def test_a_restart_remembers_the_generation(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(7, a_camera(1))
    opened(store, path, clock).refresh()
    store.flush()
    store.publish_all(6, a_camera(2))

    configs = opened(store, path, clock)

    assert not configs.refresh()
    assert configs.cameras.keys() == {1}


def test_only_its_owner_may_read_the_last_good_configuration(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(1, a_camera(1))

    opened(store, path, clock).refresh()

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"cameras": {"1": {"id": 1}}}'], ids=repr
)
def test_a_damaged_last_good_configuration_is_told_and_nobody_knows(
    content: bytes, store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with capture_logs() as logs:
        configs = opened(store, path, clock)

    assert configs.cameras == {}
    assert [each["event"] for each in logs] == ["last_good_config_unreadable"]
    store.publish_all(1, a_camera(1))
    assert configs.refresh()


def test_a_last_good_configuration_of_an_older_version_waits_for_what_web_publishes(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    # Given what a service kept before several models could look at one camera
    older = a_camera(1).model_dump(mode="json", exclude={"models"})
    older |= {"version": 2, "recognition": "default", "sealed_recognition": None}
    path.parent.mkdir()
    path.write_text(json.dumps({"generation": 5, "cameras": {"1": older}}), encoding="utf-8")

    configs = opened(store, path, clock)
    assert configs.cameras == {}
    store.publish_all(5, a_camera(1))

    assert configs.refresh()
    assert configs.cameras == documents(a_camera(1))


def test_a_last_good_configuration_that_cannot_be_opened_is_told(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    path.mkdir(parents=True)

    with capture_logs() as logs:
        configs = opened(store, path, clock)

    assert configs.cameras == {}
    assert [each["event"] for each in logs] == ["last_good_config_unreadable"]


def test_the_cameras_go_on_where_the_last_good_configuration_cannot_be_kept(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    path.parent.write_text("a file where the folder should be")
    store.publish_all(1, a_camera(1))

    with capture_logs() as logs:
        configs = opened(store, path, clock)
        assert configs.refresh()

    assert configs.cameras.keys() == {1}
    assert "last_good_config_not_kept" in [each["event"] for each in logs]


def test_an_unreadable_head_changes_nothing_and_is_told_every_ten_seconds(
    store: LeavingStore, path: Path, clock: FakeClock
) -> None:
    store.publish_all(1, a_camera(1))
    configs = opened(store, path, clock)
    configs.refresh()

    store.is_garbled = True
    store.bell.ring()
    with capture_logs() as logs:
        for _ in range(100):
            configs.refresh()
            clock.advance(0.25)

    assert configs.cameras.keys() == {1}
    assert [each["event"] for each in logs] == ["config_head_unreadable"] * 3


def test_a_redis_that_takes_the_connection_and_stays_silent_holds_up_no_lease(path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        queue = connect_briefly(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        configs = CameraConfigs(
            store=RedisCameraConfigStore(queue),
            bell=RedisConfigBell(queue),
            path=path,
            clock=SystemClock(),
        )
        began_s = time.monotonic()

        with pytest.raises(BusUnavailable):
            configs.refresh()

    assert time.monotonic() - began_s < LEASE_S / 2
