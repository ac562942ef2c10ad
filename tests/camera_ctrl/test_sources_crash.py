"""A camera whose bytes crash the decoder: it ends up alone, and nobody else loses anything."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import psutil

from camera_ctrl.ingest.session import CameraSession
from camera_ctrl.ingest.source import Source
from camera_ctrl.placement import Placement
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shard_pool import ShardPool
from camera_ctrl.shards.process import ShardProcess, shared_places
from tests.builders import a_camera
from tests.camera_ctrl.site import SECRET, Site
from tests.cameras.stand_ins import rtsp_camera
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.leases.redis import RedisLeases
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import CameraConfig

BAD, GOOD, OTHER = CameraId(1), CameraId(2), CameraId(3)
CLOCK = SystemClock()


class DecodingSite:
    """Cameras that are ingested in this process, and decoded by real shards of this test's own.

    So the test sees, as a supervisor does, what a shard is at.
    """

    def __init__(self, site: Site, pool: ShardPool) -> None:
        self.site = site
        self.pool = pool
        self.cameras: dict[CameraId, CameraConfig] = {}
        self.epochs: dict[CameraId, Epoch] = {}

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

    def wait_for_new_pictures(self, *camera_ids: CameraId) -> None:
        # Beyond what was on its way.
        from_us = CLOCK.utc_us() + MICROSECONDS

        def are_new() -> bool:
            self.look()
            stamps = [self.site.stamp(each) for each in camera_ids]
            return all(stamp is not None and stamp.captured_at_us > from_us for stamp in stamps)

        wait_until(are_new, timeout_s=30)

    def crash_while_at(self, camera_id: CameraId) -> None:
        """Send SIGSEGV to the shard of a camera at a moment when it is at that camera alone."""
        shard = self.shard_of(camera_id)
        assert shard is not None
        process = psutil.Process(shard.pid)
        # Held still, it cannot end its work between our look and the signal.
        wait_until(lambda: is_held_at(shard, process, camera_id), timeout_s=30)
        process.send_signal(signal.SIGSEGV)
        process.resume()
        wait_until(lambda: not shard.is_alive())
        assert shard.exit_code() == -signal.SIGSEGV
        assert shard.suspects() == {camera_id}


def is_held_at(shard: ShardProcess, process: psutil.Process, camera_id: CameraId) -> bool:
    """Hold a shard still; let it go again, and return False, if it is not at a camera."""
    if camera_id not in shard.suspects():
        return False
    process.suspend()
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
    if shard.suspects() == {camera_id}:
        return True
    process.resume()
    return False


@contextmanager
def decoding(site: Site, urls: dict[CameraId, str]) -> Iterator[DecodingSite]:
    settings = CameraSettings(redis_url=site.redis_url, secret_key=SECRET)

    def start(name: str) -> ShardProcess:
        places = shared_places(2)
        return ShardProcess(
            name,
            main="camera_ctrl.shards.decode:main",
            arguments=(settings, places),
            working_on=places,
            clock=CLOCK,
        )

    with ExitStack() as stack:
        pool = ShardPool("decode", start=start, placement=Placement(8), clock=CLOCK)
        stack.callback(pool.stop)
        it = DecodingSite(site, pool)
        leases = RedisLeases(site.redis, role=keys.Role.INGEST)
        for camera_id, url in urls.items():
            epoch = leases.acquire(camera_id, "test", ttl_s=600.0, last_seen=Epoch(0))
            assert epoch is not None
            it.cameras[camera_id] = a_camera(camera_id, frame_fps=25)
            it.epochs[camera_id] = epoch
            session = CameraSession(
                it.cameras[camera_id], Source(url), epoch=epoch, packets=site.packets, clock=CLOCK
            )
            session.start()
            stack.callback(session.stop)
        yield it


def test_a_camera_that_crashes_the_decoder_twice_is_decoded_alone(
    site: Site, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera:
        urls = dict.fromkeys((BAD, GOOD, OTHER), camera.url)
        with decoding(site, urls) as it:
            it.wait_for_new_pictures(BAD, GOOD, OTHER)
            assert it.companions_of(GOOD) == {BAD, GOOD, OTHER}

            it.crash_while_at(BAD)
            it.wait_for_new_pictures(BAD, GOOD, OTHER)
            assert it.companions_of(GOOD) == {BAD, GOOD, OTHER}

            it.crash_while_at(BAD)
            it.wait_for_new_pictures(BAD, GOOD, OTHER)
            assert it.companions_of(BAD) == {BAD}
            assert it.companions_of(GOOD) == {GOOD, OTHER}

            # From now on it harms nobody but itself.
            steady = it.shard_of(GOOD)
            it.crash_while_at(BAD)
            it.look()
            assert it.pool.crashing() == {BAD}
            it.wait_for_new_pictures(BAD, GOOD, OTHER)
            assert it.shard_of(GOOD) is steady
            assert it.pool.crashing() == set()

        for camera_id in (BAD, GOOD, OTHER):
            packets = [entry.packet for entry in site.entries(camera_id)]
            assert len({packet.anchor_us for packet in packets}) == 1
            assert {later.dts - earlier.dts for earlier, later in pairwise(packets)} == {3600}
