"""A pool of real workers on a real Valkey: one joins, is drained, killed, or sleeps.

What looks takes as long on each of them, as on machines of their own: they would measure otherwise
how busy this one is with the tests beside, and share by that.
"""

import signal
import time
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from standalone.servers.valkey import EmbeddedValkey
from tests.e2e.boxed_writes import BoxedWrites
from tests.recognition.pool import (
    CAMERAS,
    STARTED_S,
    TAKEN_OVER_S,
    BoxedFrames,
    Cameras,
    Viewer,
    a_worker,
    shares,
)
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.leases.redis import RedisLeases

#: A pool starts several interpreters on a machine that may be busy.
pytestmark = pytest.mark.timeout(240)
PAUSE_S = 10.0

even_worker = partial(a_worker, module="bench.programs.even_worker")


@pytest.fixture
def pool(valkey: EmbeddedValkey, viewer: Viewer) -> RedisLeases:
    return RedisLeases(viewer.redis, role=keys.Role.RECOGNITION)


def holders(viewer: Viewer) -> set[str]:
    """Return who has leases now."""
    found = set()
    for camera_id in CAMERAS:
        holder = viewer.redis.hget(keys.lease(camera_id, keys.Role.RECOGNITION), "holder")
        assert isinstance(holder, bytes)
        found.add(holder.decode())
    return found


def let_pass(seconds: float, viewer: Viewer) -> None:
    """Let time pass, in which every camera has a picture at any moment."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        assert viewer.stamps().keys() == set(CAMERAS)


def test_cameras_go_over_to_one_that_joins_and_back_without_a_gap_or_a_frame_twice(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path
) -> None:
    with ExitStack() as running:
        running.enter_context(Cameras(valkey.url))
        boxed = running.enter_context(BoxedFrames(valkey.url))
        first = running.enter_context(even_worker(valkey.url, tmp_path / "a"))
        wait_until(lambda: viewer.stamps().keys() == set(CAMERAS), timeout_s=STARTED_S)
        wait_until(lambda: shares(viewer) == {first.pid})

        # When another joins, which takes its share
        second = running.enter_context(even_worker(valkey.url, tmp_path / "b"))
        deadline_s = time.monotonic() + STARTED_S
        while shares(viewer) != {first.pid, second.pid} and time.monotonic() < deadline_s:
            let_pass(0.1, viewer)
        let_pass(3.0, viewer)
        owners = list(viewer.owners().values())
        assert sorted(owners.count(each) for each in set(owners)) == [3, 3]

        # And then is told to end
        second.terminate()
        assert second.wait(timeout=20) == 0
        let_pass(3.0, viewer)
        assert shares(viewer) == {first.pid}
        before = boxed.count()
        wait_until(lambda: all(now > before[each] for each, now in boxed.count().items()))
    boxed.assert_none_is_boxed_twice()


def test_one_that_is_told_to_end_leaves_nothing_that_others_would_have_to_wait_for(
    valkey: EmbeddedValkey, viewer: Viewer, pool: RedisLeases, tmp_path: Path
) -> None:
    with ExitStack() as running:
        running.enter_context(Cameras(valkey.url))
        boxed = running.enter_context(BoxedFrames(valkey.url))
        workers = [
            running.enter_context(even_worker(valkey.url, tmp_path / each)) for each in "abc"
        ]
        wait_until(lambda: len(shares(viewer)) == 3, timeout_s=2 * STARTED_S)
        leaver = workers[0]

        leaver.terminate()
        assert leaver.wait(timeout=20) == 0

        # Then it is no member, and holds nothing, from the moment it has ended
        names = [*pool.members(), *holders(viewer)]
        assert not [name for name in names if f":{leaver.pid}:" in name]
        # And before its leases would have ended, others look at its cameras
        before = boxed.count()
        wait_until(
            lambda: all(now > before[each] for each, now in boxed.count().items()),
            timeout_s=TAKEN_OVER_S,
        )
        wait_until(lambda: shares(viewer) == {each.pid for each in workers[1:]})
    boxed.assert_none_is_boxed_twice()


def test_one_that_sleeps_and_one_that_is_killed_write_nothing_old_and_no_frame_twice(
    valkey: EmbeddedValkey, viewer: Viewer, tmp_path: Path
) -> None:
    with ExitStack() as running:
        running.enter_context(Cameras(valkey.url))
        boxed = running.enter_context(BoxedFrames(valkey.url))
        writes = running.enter_context(BoxedWrites(valkey))
        workers = [
            running.enter_context(even_worker(valkey.url, tmp_path / each)) for each in "abc"
        ]
        wait_until(lambda: len(shares(viewer)) == 3, timeout_s=2 * STARTED_S)
        sleeper, victim, survivor = workers

        # When one sleeps for longer than its leases live
        sleeper.send_signal(signal.SIGSTOP)
        wait_until(lambda: shares(viewer) == {victim.pid, survivor.pid}, timeout_s=PAUSE_S)
        time.sleep(PAUSE_S)
        sleeper.send_signal(signal.SIGCONT)
        # And has its share again, and then another is killed
        wait_until(lambda: len(shares(viewer)) == 3, timeout_s=STARTED_S)
        victim.kill()
        victim.wait()
        wait_until(lambda: shares(viewer) == {sleeper.pid, survivor.pid}, timeout_s=STARTED_S)
        before = boxed.count()
        wait_until(lambda: all(now > before[each] for each, now in boxed.count().items()))

    boxed.assert_none_is_boxed_twice()
    assert writes.unexplained == 0
    accepted = writes.accepted()
    assert accepted.keys() == set(CAMERAS)
    assert max(len(set(epochs)) for epochs in accepted.values()) >= 3
    for camera_id, epochs in accepted.items():
        assert all(earlier <= later for earlier, later in pairwise(epochs)), camera_id
