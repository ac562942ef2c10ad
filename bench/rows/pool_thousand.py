"""``pool-thousand``: a thousand cameras among twenty members, in light processes of their own.

Each keeps its leases and says the statuses of its cameras, as a worker does; there are no frames.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import psutil
import redis

from bench.children import python, running, wait_until
from bench.interleave import cpu_percent, pause
from bench.machine import a_machine
from bench.result import Bar, Part, RowResult
from vigil import keys
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId

NAME = "pool-thousand"
_CAMERAS, _MEMBERS, _KILLED = 1000, 20, 3
_BEGIN_KEY = "bench:begin"
_START_S, _LATE_S = 120.0, 30.0
_WINDOW_S, _ROUNDS = 5.0, 3
#: After all are taken: capacities and offers have come to rest.
_SETTLE_S = 3.0


def measure() -> RowResult:
    """Start twenty at one moment, watch them, then kill three, one after the other."""
    with a_machine() as machine, machine.media_client() as client, ExitStack() as held:
        pids = {
            held.enter_context(
                running(
                    python(
                        "bench.programs.pool_member", machine.media.url, str(_CAMERAS), _BEGIN_KEY
                    ),
                    log=machine.folder / f"member-{number}.log",
                )
            ).pid: None
            for number in range(_MEMBERS)
        }
        wait_until(
            lambda: len(client.client_list(_type="normal")) > _MEMBERS,
            what="members connected",
            timeout_s=_START_S,
        )
        client.set(_BEGIN_KEY, 1)
        shared_s = _seconds_until(lambda: _shares_are_fair(client, set(pids)))
        pause(_SETTLE_S)
        commands = [_commands_per_s(client) for _ in range(_ROUNDS)]
        server_cpu = [cpu_percent([machine.media.pid], _WINDOW_S)]
        taken_s = []
        for victim in list(pids)[:_KILLED]:
            taken_s.append(_killed(client, victim, pids))
            pause(_SETTLE_S)
    sent, run_by_scripts = [sent for sent, _ in commands], [inner for _, inner in commands]
    return RowResult(
        NAME,
        [
            Part("all have theirs", "s", Bar(5.0), [shared_s]),
            Part("after a kill", "s", Bar(5.0), taken_s),
            Part("commands", "a second", Bar(2000.0), sent),
            Part("of their scripts", "a second", None, run_by_scripts),
            Part("media Redis", "% of a core", None, server_cpu),
        ],
    )


def _killed(client: redis.Redis, victim: int, pids: dict[int, None]) -> float:
    """Kill one; return the seconds until the others have all cameras, each its share."""
    del pids[victim]
    psutil.Process(victim).kill()
    return _seconds_until(lambda: _shares_are_fair(client, set(pids)))


def _seconds_until(condition: Callable[[], bool]) -> float:
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    wait_until(condition, what="all cameras shared", timeout_s=_LATE_S)
    return clock.monotonic_s() - begun_s


def _shares_are_fair(client: redis.Redis, pids: set[int]) -> bool:
    """Return whether members that live hold all cameras, and none has one more than its share."""
    with client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        for number in range(1, _CAMERAS + 1):
            key = keys.lease(CameraId(number), keys.Role.RECOGNITION)
            pipeline.hmget(key, "holder", "until_ms")
        (seconds, microseconds), *leases = pipeline.execute()
    now_ms = seconds * 1000 + microseconds // 1000
    holders = Counter(
        int(holder.split(b":")[-2])
        for holder, until_ms in leases
        if holder and int(until_ms) > now_ms
    )
    fair = -(-_CAMERAS // len(pids))
    return sum(holders[pid] for pid in pids) == _CAMERAS and max(holders.values()) <= fair


def _commands_per_s(client: redis.Redis) -> tuple[float, float]:
    """Return how many commands members sent a second, and how many their scripts ran."""
    clock = SystemClock()
    sent = inner = 0
    with client.monitor() as monitor:
        begun_s = clock.monotonic_s()
        for command in monitor.listen():
            past_s = clock.monotonic_s() - begun_s
            if past_s > _WINDOW_S:
                return sent / past_s, inner / past_s
            is_of_a_script = command["client_type"] == "lua"
            inner += is_of_a_script
            sent += not is_of_a_script
    raise AssertionError("a monitor listens for ever")
