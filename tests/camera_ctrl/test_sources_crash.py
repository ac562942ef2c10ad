"""A camera whose bytes crash or hang what reads them: it ends up alone, and harms nobody else."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import source_of
from camera_ctrl.notes import Notes
from camera_ctrl.placement import Placement
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shard_pool import ShardPool
from camera_ctrl.shards.process import ShardProcess
from tests.builders import a_camera
from tests.camera_ctrl.site import SECRET, Site
from tests.camera_ctrl.traps import CRASH, HANG, Trap
from tests.cameras.stand_ins import rtsp_camera
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.leases.redis import RedisLeases
from vigil.camera_document import CameraConfig
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.sealing import Sealer

BAD, GOOD, OTHER = CameraId(1), CameraId(2), CameraId(3)
ALL = (BAD, GOOD, OTHER)
CLOCK = SystemClock()
SEALER = Sealer(SECRET)


class Served:
    """Cameras that real shards of this test's own serve, in which a trap can be set.

    So the test sees, as a supervisor does, what becomes of a shard.
    """

    def __init__(self, site: Site, pool: ShardPool, trap: Trap, url: str) -> None:
        self.site = site
        self.pool = pool
        self.trap = trap
        self.cameras: dict[CameraId, CameraConfig] = {}
        self.epochs: dict[CameraId, Epoch] = {}
        leases = RedisLeases(site.redis, role=keys.Role.INGEST)
        for camera_id in ALL:
            epoch = leases.acquire(camera_id, "test", ttl_s=600.0, last_seen=Epoch(0))
            assert epoch is not None
            self.cameras[camera_id] = a_camera(camera_id, sealed_url=SEALER.seal(url), frame_fps=25)
            self.epochs[camera_id] = epoch

    def look(self) -> None:
        """Do what a supervisor does four times a second."""
        self.pool.serve(self.cameras, self.epochs)
        self.pool.listen()

    def shard_of(self, camera_id: CameraId) -> ShardProcess | None:
        serving = (each for each in self.pool.shards if camera_id in each.assignment.cameras)
        return next(serving, None)

    def companions_of(self, camera_id: CameraId) -> set[CameraId]:
        shard = self.shard_of(camera_id)
        return set() if shard is None else set(shard.assignment.cameras)

    def wait_for_new(
        self, newest_us: Callable[[CameraId], int | None], *camera_ids: CameraId
    ) -> None:
        # Beyond what was on its way.
        from_us = CLOCK.utc_us() + MICROSECONDS

        def are_new() -> bool:
            self.look()
            return all((newest_us(each) or 0) > from_us for each in camera_ids)

        wait_until(are_new, timeout_s=40)

    def wait_for_pictures(self, *camera_ids: CameraId) -> None:
        def newest_us(camera_id: CameraId) -> int | None:
            stamp = self.site.stamp(camera_id)
            return None if stamp is None else stamp.captured_at_us

        self.wait_for_new(newest_us, *camera_ids)

    def wait_for_packets(self, *camera_ids: CameraId) -> None:
        def newest_us(camera_id: CameraId) -> int | None:
            entries = self.site.entries(camera_id)
            return entries[-1].packet.captured_at_us if entries else None

        self.wait_for_new(newest_us, *camera_ids)

    def lose_shard_at(self, camera_id: CameraId, what: str = CRASH) -> None:
        """Let what reads a camera crash or hang, and wait until its shard has been given up."""
        shard = self.shard_of(camera_id)
        assert shard is not None
        self.trap.set(camera_id, what)

        def is_lost() -> bool:
            self.look()
            return not shard.is_alive()

        wait_until(is_lost, timeout_s=60)
        assert not self.trap.is_set(camera_id)
        assert shard.exit_code() == (-signal.SIGSEGV if what == CRASH else -signal.SIGKILL)


@contextmanager
def served(site: Site, kind: str, url: str, folder: Path) -> Iterator[Served]:
    settings = CameraSettings(redis_url=site.redis_url, secret_key=SECRET)
    trap = Trap(folder)

    def start(name: str) -> ShardProcess:
        return ShardProcess(
            name,
            main=f"tests.camera_ctrl.traps:{kind}_main",
            notes=Notes(8 if kind == "ingest" else 2),
            arguments=(settings, trap),
            clock=CLOCK,
        )

    pool = ShardPool(kind, start=start, placement=Placement(8), clock=CLOCK)
    try:
        yield Served(site, pool, trap, url)
    finally:
        pool.ask_to_end()
        pool.wait_for_end()


@contextmanager
def ingested_here(it: Served) -> Iterator[None]:
    """Have the cameras' packets put on the bus by this process, which nothing harms."""
    with ExitStack() as stack:
        for camera_id, camera in it.cameras.items():
            session = CameraSession(
                camera,
                source_of(camera, SEALER),
                epoch=it.epochs[camera_id],
                packets=it.site.packets,
                notes=Notes(1),
                clock=CLOCK,
            )
            session.start()
            stack.callback(session.stop)
        yield


def assert_alone_after_two_crashes(
    it: Served, wait_for_new: Callable[[CameraId, CameraId, CameraId], None]
) -> None:
    """The bad camera moves out with its second crash, and all go on after each."""
    wait_for_new(*ALL)
    assert it.companions_of(GOOD) == {BAD, GOOD, OTHER}

    it.lose_shard_at(BAD)
    wait_for_new(*ALL)
    assert it.companions_of(GOOD) == {BAD, GOOD, OTHER}

    it.lose_shard_at(BAD)
    wait_for_new(*ALL)
    assert it.companions_of(BAD) == {BAD}
    assert it.companions_of(GOOD) == {GOOD, OTHER}


def assert_whole(packets: list[Packet]) -> None:
    """All of them were sent in one connection, in even steps."""
    assert len({packet.anchor_us for packet in packets}) == 1
    assert {later.dts - earlier.dts for earlier, later in pairwise(packets)} == {3600}


def test_a_camera_that_crashes_the_decoder_twice_is_decoded_alone(
    site: Site, small_clip: Path, tmp_path: Path
) -> None:
    with (
        rtsp_camera(small_clip) as camera,
        served(site, "decode", camera.url, tmp_path) as it,
        ingested_here(it),
    ):
        assert_alone_after_two_crashes(it, it.wait_for_pictures)

        # From now on it harms nobody but itself.
        steady = it.shard_of(GOOD)
        it.lose_shard_at(BAD)
        assert it.pool.crashing() == {BAD}
        it.wait_for_pictures(*ALL)
        assert it.shard_of(GOOD) is steady
        assert it.pool.crashing() == set()

        for camera_id in ALL:
            assert_whole([entry.packet for entry in site.entries(camera_id)])


def test_a_camera_that_crashes_its_demuxer_twice_is_demuxed_alone(
    site: Site, small_clip: Path, tmp_path: Path
) -> None:
    with (
        rtsp_camera(small_clip) as camera,
        served(site, "ingest", camera.url, tmp_path) as it,
    ):
        # All threads are at their cameras, always: one of them crashes
        assert_alone_after_two_crashes(it, it.wait_for_packets)
        from_us = CLOCK.utc_us()

        # From now on it harms nobody but itself.
        for _ in range(2):
            it.lose_shard_at(BAD)
            it.wait_for_packets(*ALL)
        for camera_id in (GOOD, OTHER):
            packets = [entry.packet for entry in site.entries(camera_id)]
            assert_whole([each for each in packets if each.captured_at_us > from_us])


def test_a_thread_that_never_comes_back_from_its_camera_makes_the_shard_start_again(
    site: Site, small_clip: Path, tmp_path: Path
) -> None:
    with (
        rtsp_camera(small_clip) as camera,
        served(site, "ingest", camera.url, tmp_path) as it,
    ):
        it.wait_for_packets(*ALL)

        it.lose_shard_at(BAD, HANG)

        it.wait_for_packets(*ALL)


def test_a_decoder_that_never_comes_back_makes_the_shard_start_again(
    site: Site, small_clip: Path, tmp_path: Path
) -> None:
    with (
        rtsp_camera(small_clip) as camera,
        served(site, "decode", camera.url, tmp_path) as it,
        ingested_here(it),
    ):
        it.wait_for_pictures(*ALL)

        it.lose_shard_at(BAD, HANG)

        it.wait_for_pictures(*ALL)
        assert_whole([entry.packet for entry in site.entries(GOOD)])
