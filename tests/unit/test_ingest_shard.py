import multiprocessing
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest
from typing_extensions import override

from camera_ctrl.notes import Notes
from camera_ctrl.shards.ingest import IngestShard
from camera_ctrl.shards.link import SupervisorLink
from camera_ctrl.shards.messages import Assignment
from tests.builders import CAMERA, OTHER_CAMERA, a_camera, a_jpeg
from vigil.bus.frames.memory import MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.memory import MemoryPacketLog
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable
from vigil.runtime import StopSignal
from vigil.sealing import Sealer

SECRET, ANOTHER_SECRET = "a secret of thirty-two characters", "another secret, as long as the one"
ABSENT = "file:///absent.mp4"


class LeavingFrameStore(MemoryFrameStore):
    """Pictures that cannot be removed when the test says so; counts who asked."""

    is_away = False
    asked = 0

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        self.asked += 1
        if self.is_away:
            raise BusUnavailable("away")
        super().clear(camera_id, epoch=epoch)


@dataclass(slots=True)
class Bench:
    """An ingest shard between twins, whose two cameras each show a picture."""

    leases: MemoryLeases
    frames: LeavingFrameStore
    epochs: dict[CameraId, Epoch]
    supervisor: Connection
    shard: IngestShard

    def assign(self, *camera_ids: CameraId, url: str = ABSENT, secret: str = SECRET) -> None:
        sealer = Sealer(secret)
        self.supervisor.send(
            Assignment(
                {each: a_camera(each, sealed_url=sealer.seal(url)) for each in camera_ids},
                {each: self.epochs[each] for each in camera_ids},
            )
        )
        self.shard.run_once()

    def threads(self) -> set[threading.Thread]:
        """Return the sessions' threads; those that were stopped end by themselves."""
        return {each for each in threading.enumerate() if each.name.startswith("camera-")}

    def shown(self) -> set[CameraId]:
        return set(self.frames.newest([CAMERA, OTHER_CAMERA]))


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = FakeClock()
    leases = MemoryLeases(clock)
    frames = LeavingFrameStore(leases, clock)
    epochs = {}
    for camera_id in (CAMERA, OTHER_CAMERA):
        epoch = leases.acquire(camera_id, "me", ttl_s=3.0, last_seen=Epoch(0))
        assert epoch is not None
        frames.put(camera_id, a_jpeg(), epoch=epoch, ttl_s=60.0)
        epochs[camera_id] = epoch
    supervisor, ours = multiprocessing.Pipe()
    shard = IngestShard(
        link=SupervisorLink(ours, stop=StopSignal(), clock=clock),
        packets=MemoryPacketLog(leases, clock, limits=BacklogLimits()),
        frames=frames,
        sealer=Sealer(SECRET),
        notes=Notes(2),
        clock=clock,
    )
    yield Bench(leases, frames, epochs, supervisor, shard)
    shard.close()


def test_a_camera_that_is_switched_off_shows_no_picture(bench: Bench) -> None:
    bench.assign(CAMERA, OTHER_CAMERA)
    assert bench.shown() == {CAMERA, OTHER_CAMERA}

    # The supervisor may have given the lease back by then.
    bench.leases.release(CAMERA, epoch=bench.epochs[CAMERA])
    bench.assign(OTHER_CAMERA)

    assert bench.shown() == {OTHER_CAMERA}


def test_the_picture_of_a_camera_that_another_took_is_left_alone(bench: Bench) -> None:
    bench.assign(CAMERA)
    bench.leases.release(CAMERA, epoch=bench.epochs[CAMERA])
    assert bench.leases.acquire(CAMERA, "another", ttl_s=3.0, last_seen=Epoch(0)) is not None

    bench.assign()

    assert bench.shown() == {CAMERA, OTHER_CAMERA}


def test_a_redis_that_is_away_is_asked_to_remove_one_picture_and_no_more(bench: Bench) -> None:
    bench.assign(CAMERA, OTHER_CAMERA)
    bench.frames.is_away = True

    bench.assign()

    assert bench.frames.asked == 1
    assert bench.shown() == {CAMERA, OTHER_CAMERA}


def test_an_address_that_was_sealed_anew_reconnects_nobody(bench: Bench) -> None:
    bench.assign(CAMERA)
    before = bench.threads()

    bench.assign(CAMERA)
    assert bench.threads() <= before

    bench.assign(CAMERA, url="file:///another.mp4")
    assert len(bench.threads() - before) == 1


def test_a_camera_goes_on_while_its_address_is_sealed_under_a_secret_not_told_yet(
    bench: Bench,
) -> None:
    bench.assign(CAMERA)
    before = bench.threads()

    bench.assign(CAMERA, secret=ANOTHER_SECRET)
    bench.assign(CAMERA)

    assert bench.threads() <= before


def test_a_camera_whose_address_was_never_readable_says_so(bench: Bench) -> None:
    before = bench.threads()
    bench.assign(CAMERA, secret=ANOTHER_SECRET)

    told = bench.supervisor.recv().ingest[CAMERA].error
    assert told == "its address cannot be read: sealed under another SECRET_KEY, or damaged"
    bench.assign(CAMERA)
    assert len(bench.threads() - before) == 1
