from dataclasses import dataclass, field

import pytest

from camera_ctrl.placement import Placement
from camera_ctrl.reports import IngestReport
from camera_ctrl.shard_pool import STEADY_S, ShardPool
from camera_ctrl.shards.messages import Assignment, ShardReport
from camera_ctrl.shards.process import SILENT_S, STOP_S, STUCK_S
from tests.builders import a_camera
from tests.shards import StillShard
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch

#: Longer than any delay between two starts.
LONG_S = 8.1


@dataclass(slots=True)
class Bench:
    """A pool of shards that live as the test says."""

    per_shard: int = 2
    clock: FakeClock = field(default_factory=FakeClock)
    started: list[StillShard] = field(default_factory=list)
    pool: ShardPool = field(init=False)

    def __post_init__(self) -> None:
        self.pool = ShardPool(
            "decode", start=self._start, placement=Placement(self.per_shard), clock=self.clock
        )

    def _start(self, name: str) -> StillShard:
        shard = StillShard(name, clock=self.clock)
        self.started.append(shard)
        return shard

    def serve(self, *numbers: int, epoch: int = 5) -> None:
        cameras = {CameraId(number): a_camera(number) for number in numbers}
        self.pool.serve(cameras, dict.fromkeys(cameras, Epoch(epoch)))

    def let_pass(self, seconds: float, *numbers: int) -> None:
        """Have the supervisor look four times a second for so long."""
        until_s = self.clock.monotonic_s() + seconds
        while self.clock.monotonic_s() < until_s:
            self.clock.advance(0.25)
            self.serve(*numbers)

    def running(self) -> dict[str, list[int]]:
        return {
            shard.name: sorted(shard.assignment.cameras)
            for shard in self.started
            if shard.is_running
        }

    def crash(self, name: str, *suspects: int) -> None:
        [shard] = [each for each in self.started if each.name == name and each.is_running]
        shard.is_running = False
        shard.blamed = {CameraId(number) for number in suspects}


def test_starts_as_many_shards_as_the_cameras_need() -> None:
    bench = Bench()

    bench.serve(1, 2, 3)

    assert bench.running() == {"decode-1": [1, 2], "decode-2": [3]}


def test_tells_a_shard_only_what_is_new() -> None:
    bench = Bench()
    told: list[Assignment] = []
    for epoch in (5, 5, 6, 6):
        bench.serve(1, 2, epoch=epoch)
        [shard] = bench.started
        if epoch not in {value for each in told for value in each.epochs.values()}:
            told.append(shard.theirs.recv())
    assert not shard.theirs.poll()
    assert [set(each.epochs.values()) for each in told] == [{5}, {6}]


def test_stops_a_shard_that_nobody_needs() -> None:
    bench = Bench()
    bench.serve(1, 2, 3)

    bench.serve(1, 2)

    assert bench.running() == {"decode-1": [1, 2]}


def test_starts_a_shard_that_died_again_after_a_moment() -> None:
    bench = Bench()
    bench.serve(1, 2)
    bench.crash("decode-1")

    bench.serve(1, 2)
    assert bench.running() == {}
    bench.clock.advance(LONG_S)
    bench.serve(1, 2)

    assert bench.running() == {"decode-1": [1, 2]}


def test_a_shard_that_dies_again_and_again_is_started_ever_more_slowly() -> None:
    bench = Bench()
    waits_s = []
    for _ in range(8):
        bench.serve(1)
        bench.crash("decode-1")
        began_s = bench.clock.monotonic_s()
        bench.serve(1)
        while not bench.running():
            bench.clock.advance(0.05)
            bench.serve(1)
        waits_s.append(bench.clock.monotonic_s() - began_s)

    assert waits_s[0] <= 0.3
    assert 4.0 <= waits_s[-1] <= 8.1


def test_a_shard_that_ran_for_long_is_started_again_at_once() -> None:
    bench = Bench()
    for _ in range(6):
        bench.serve(1)
        bench.crash("decode-1")
        bench.serve(1)
        bench.clock.advance(LONG_S)
    bench.serve(1)
    bench.clock.advance(STEADY_S + 1.0)
    bench.started[-1].say(ShardReport())
    bench.serve(1)

    bench.crash("decode-1")
    bench.serve(1)
    bench.clock.advance(0.25)
    bench.serve(1)

    assert bench.running() == {"decode-1": [1]}


def test_a_camera_that_crashes_its_shard_twice_gets_one_of_its_own() -> None:
    bench = Bench(per_shard=8)
    for _ in range(2):
        bench.serve(1, 2, 3)
        bench.crash("decode-1", 2)
        bench.serve(1, 2, 3)
        bench.clock.advance(LONG_S)
    bench.serve(1, 2, 3)

    assert bench.running() == {"decode-1": [1, 3], "decode-2": [2]}


def test_an_isolated_camera_that_goes_on_crashing_is_started_ever_more_slowly() -> None:
    bench = Bench(per_shard=8)
    for _ in range(2):
        bench.serve(1, 2)
        bench.crash("decode-1", 2)
        bench.serve(1, 2)
        bench.clock.advance(LONG_S)
    bench.serve(1, 2)
    started = len(bench.started)

    # For a minute it dies as soon as it is started
    for _ in range(600):
        if "decode-2" in bench.running():
            bench.crash("decode-2", 2)
        bench.clock.advance(0.1)
        for shard in bench.started:
            if shard.is_running:
                shard.say(ShardReport())
        bench.serve(1, 2)

    # 0.2, 0.4 ... 8 s apart, with jitter from half
    assert len(bench.started) - started <= 20
    assert bench.running()["decode-1"] == [1]


def test_a_shard_that_says_nothing_for_too_long_is_ended() -> None:
    bench = Bench()
    bench.serve(1)

    bench.let_pass(SILENT_S + 0.1, 1)

    assert bench.running() == {}


@pytest.mark.parametrize("held_up_s", [SILENT_S + 0.1, 3600.0])
def test_shards_are_not_blamed_for_a_supervisor_that_was_held_up(held_up_s: float) -> None:
    bench = Bench()
    bench.serve(1)

    # Given a supervisor that waited for Redis while its shard reported as ever
    bench.clock.advance(held_up_s)
    bench.started[0].say(ShardReport(ingest={CameraId(1): IngestReport(is_alive=True)}))
    bench.serve(1)

    assert bench.running() == {"decode-1": [1]}
    assert bench.started[0].report.ingest[CameraId(1)].is_alive


def write_at(shard: StillShard, camera_id: int, *, due_s: float) -> None:
    """Have a thread of a shard be at a camera that never comes back."""
    shard.notes.at(CameraId(camera_id), due_s=due_s).__enter__()


def test_a_shard_with_a_thread_that_hangs_is_started_again_and_the_camera_suspected() -> None:
    bench = Bench(per_shard=8)
    for _ in range(2):
        bench.let_pass(LONG_S, 1, 2, 3)
        shard = bench.started[-1]
        shard.notes.at(CameraId(1), due_s=1e9).__enter__()
        write_at(shard, 2, due_s=bench.clock.monotonic_s() + 5.0)
        for _ in range(round((5.0 + STUCK_S) / 0.25)):
            shard.say(ShardReport())
            bench.let_pass(0.25, 1, 2, 3)
        assert shard.is_running
        shard.say(ShardReport())
        bench.let_pass(0.25, 1, 2, 3)
        assert not shard.is_running

    bench.let_pass(LONG_S, 1, 2, 3)
    assert bench.running() == {"decode-1": [1, 3], "decode-2": [2]}


def test_nobody_is_blamed_for_the_night_in_which_the_machine_slept() -> None:
    bench = Bench()
    bench.serve(1)
    [shard] = bench.started
    write_at(shard, 1, due_s=bench.clock.monotonic_s() + 5.0)

    bench.clock.advance(8 * 3600.0)
    bench.serve(1)
    assert shard.is_running

    # But it is, when it does not wake up
    bench.let_pass(SILENT_S + 0.5, 1)
    assert not shard.is_running


def test_a_camera_is_not_served_again_until_its_last_shard_has_ended() -> None:
    bench = Bench(per_shard=1)
    bench.serve(1, 2)
    shard = bench.started[1]
    shard.lingers = True
    bench.serve(1)
    assert shard.is_running

    # Given that the camera is wanted again while its old shard is still about to end
    bench.serve(1, 2)
    assert bench.running() == {"decode-1": [1], "decode-2": [2], "decode-3": []}
    bench.clock.advance(STOP_S)
    bench.serve(1, 2)

    assert bench.running() == {"decode-1": [1], "decode-3": [2]}


def test_a_camera_with_another_url_leaves_its_own_shard() -> None:
    bench = Bench(per_shard=8)
    for _ in range(2):
        bench.serve(1, 2)
        bench.crash("decode-1", 2)
        bench.serve(1, 2)
        bench.clock.advance(LONG_S)
    bench.serve(1, 2)
    assert bench.running() == {"decode-1": [1], "decode-2": [2]}

    cameras = {CameraId(1): a_camera(1), CameraId(2): a_camera(2, sealed_url="another")}
    bench.pool.serve(cameras, dict.fromkeys(cameras, Epoch(5)))
    bench.pool.serve(cameras, dict.fromkeys(cameras, Epoch(5)))

    assert bench.running() == {"decode-1": [1, 2]}


def test_remembers_nothing_of_shards_that_are_gone() -> None:
    bench = Bench(per_shard=1)
    for number in range(1, 50):
        bench.serve(number)

    assert len(bench.pool._starts) == 1


def test_ends_every_shard_at_the_end() -> None:
    bench = Bench()
    bench.serve(1, 2, 3)

    bench.pool.ask_to_end()
    bench.pool.wait_for_end()

    assert bench.running() == {}
    assert bench.pool.shards == []
