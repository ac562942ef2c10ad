"""Workers that die, sleep and wake, with every server emptied: nobody writes what is old."""

import time
from itertools import pairwise

import pytest
import redis

from tests.e2e.boxed_writes import BoxedWrites
from tests.e2e.faults import (
    BACK_S,
    LIVE_S,
    assert_undisturbed,
    has_head,
    let_pass,
    members,
    statuses,
)
from tests.e2e.machine import RECOGNISERS, Machine
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until
from vigil.messages import CameraState

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

#: The promise: recognised again after a death.
TAKEN_OVER_S = 5.0
PAUSE_S = 10.0


def test_a_killed_workers_cameras_are_recognised_again_in_time(
    machine: Machine, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    with BoxedWrites(machine.media) as checker:
        wait_until(lambda: set(checker.accepted()) == set(camera_ids), timeout_s=LIVE_S)
        wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
        name = busiest(machine)
        killed_s = time.monotonic()
        machine.kill(name)
        try:
            let_pass(TAKEN_OVER_S + 1.0)
            for viewer in boxed:
                assert viewer.longest_gap_s(since_s=killed_s) < TAKEN_OVER_S
        finally:
            machine.start(name)
            wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
        # Its successor has another name, so that chance says which cameras come to it, if any.
        let_pass(2.0)
    assert_no_epoch_goes_backwards(checker, camera_ids)
    assert most_hands(checker) >= 2


def test_a_paused_worker_that_wakes_writes_nothing_old(
    machine: Machine, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    with BoxedWrites(machine.media) as checker:
        wait_until(lambda: set(checker.accepted()) == set(camera_ids), timeout_s=LIVE_S)

        # When a worker sleeps for longer than its leases live, and wakes
        wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
        name = busiest(machine)
        paused_s = time.monotonic()
        with machine.paused(name):
            let_pass(PAUSE_S)
        resumed_s = time.monotonic()
        # And has some of its cameras again, so that those changed hands twice
        wait_until(lambda: most_hands(checker) >= 3, timeout_s=LIVE_S)

    # Then its cameras were looked at meanwhile
    for viewer in boxed:
        assert viewer.longest_gap_s(since_s=paused_s, until_s=resumed_s) < TAKEN_OVER_S
    assert_no_epoch_goes_backwards(checker, camera_ids)


def test_recognition_goes_on_with_both_redis_emptied_and_postgresql_stopped(
    machine: Machine, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    before = statuses(machine, camera_ids)
    with BoxedWrites(machine.media) as checker:
        wait_until(lambda: set(checker.accepted()) == set(camera_ids), timeout_s=LIVE_S)
        machine.postgres.stop()
        try:
            for server in (machine.media, machine.queue):
                with redis.Redis.from_url(server.url) as client:
                    client.flushall()
            emptied_us = time.time_ns() // 1000
            for name in ("ingest", *RECOGNISERS):
                machine.stop(name)
                machine.start(name)

            # Then each camera is taken and recognised by those who know it from their disk alone
            wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
            wait_until(
                lambda: all(shows_since(each, emptied_us) for each in boxed), timeout_s=LIVE_S
            )
            wait_until(lambda: are_active(machine, camera_ids), timeout_s=LIVE_S)
            assert not has_head(machine)
            # Under epochs greater than those that were forgotten
            for camera_id, status in statuses(machine, camera_ids).items():
                assert status.epoch > before[camera_id].epoch
            begun_s = time.monotonic()
            let_pass(PAUSE_S)
            assert_undisturbed(boxed, since_s=begun_s)
        finally:
            machine.postgres.start()
    assert_no_epoch_goes_backwards(checker, camera_ids)
    assert most_hands(checker) >= 2
    wait_until(lambda: machine.admin.get("/cameras").status == 200, timeout_s=BACK_S)
    # The head is back too: what is changed now takes effect.
    wait_until(lambda: has_head(machine), timeout_s=BACK_S)


def most_hands(checker: BoxedWrites) -> int:
    """Return in how many hands that camera was which changed them most often."""
    return max(len(set(epochs)) for epochs in checker.accepted().values())


def assert_no_epoch_goes_backwards(checker: BoxedWrites, camera_ids: list[int]) -> None:
    """Check all accepted writes of each camera."""
    assert checker.unexplained == 0
    accepted = checker.accepted()
    assert set(accepted) == set(camera_ids)
    for camera_id, epochs in accepted.items():
        assert all(earlier <= later for earlier, later in pairwise(epochs)), camera_id
        assert len(epochs) > 20


def shows_since(viewer: Viewer, utc_us: int) -> bool:
    """Return whether a stream shows a frame that was captured since then."""
    stamp = viewer.frames()[-1].stamp
    return stamp is not None and stamp.captured_at_us > utc_us


def are_active(machine: Machine, camera_ids: list[int]) -> bool:
    """Return whether all cameras are said to live, as the bus has it."""
    said = statuses(machine, camera_ids)
    return set(said) == set(camera_ids) and all(
        each.state is CameraState.ACTIVE for each in said.values()
    )


def busiest(machine: Machine) -> str:
    """Return the recogniser that holds most cameras: chance may give one all of them."""
    with redis.Redis.from_url(machine.media.url) as client:
        leases = client.scan_iter(match="*boxed_image}:lease")
        holders = [(client.hget(lease, "holder") or b"").decode() for lease in leases]
    return max(
        RECOGNISERS, key=lambda name: sum(f":{machine.pid(name)}:" in held for held in holders)
    )
