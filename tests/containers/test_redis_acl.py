"""What each role may do on the two Redis servers, tried on this machine: it takes no container."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
import redis

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import an_order
from tests.containers.test_redis_rights import ALLOWED, REFUSED
from vigil import keys
from vigil.bus.exports.redis import DEAD_AFTER_S, RedisExportQueue
from vigil.clock import FakeClock, SystemClock

FOLDER = Path(__file__).parents[2] / "deploy" / "redis"
SECRET = "a password of tests"


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    """Give the port of each server, on which the users are those of its file."""
    with ExitStack() as started:
        ports = {}
        for role in ("media", "queue"):
            folder = tmp_path_factory.mktemp(role)
            server = started.enter_context(EmbeddedValkey(folder, appendonly=False))
            with redis.Redis.from_url(server.url) as administrator:
                for line in (FOLDER / f"{role}.acl").read_text().splitlines():
                    if line.startswith("user ") and not line.startswith("user default "):
                        add_user(administrator, line)
            ports[f"redis-{role}"] = server.port
        yield ports


def add_user(administrator: redis.Redis, line: str) -> None:
    _, name, *rules = line.split()
    # Where a file has the hash of a password there is one of ours.
    given = [f">{SECRET}" if rule.startswith("#") else rule for rule in rules]
    administrator.execute_command("ACL", "SETUSER", name, *given)


def try_out(ports: Mapping[str, int], server: str, role: str, command: str) -> None:
    """Let a role try a command.

    Raises:
        NoPermissionError: It may not.
    """
    with redis.Redis(port=ports[server], username=role, password=SECRET) as client:
        client.execute_command(*command.split())


def test_an_order_goes_from_web_to_the_jobs_with_no_more_rights_than_that(
    ports: Mapping[str, int],
) -> None:
    clock = FakeClock()
    clock.now_us = SystemClock().utc_us()
    with (
        redis.Redis(port=ports["redis-queue"], username="web", password=SECRET) as web,
        redis.Redis(port=ports["redis-queue"], username="jobs", password=SECRET) as jobs,
    ):
        asking, making = (RedisExportQueue(each, clock=clock) for each in (web, jobs))
        asking.put(an_order(UUID(int=1)))
        consumer = making.broker.consume(keys.EXPORT_JOBS, prefetch=1, timeout=1)
        first = next(consumer)
        assert first is not None
        clock.advance(DEAD_AFTER_S + 1)
        assert making.take_up_left() == 1
        again = next(making.broker.consume(keys.EXPORT_JOBS, prefetch=1, timeout=1))
        assert again is not None
        making.broker.enqueue(again.copy(), delay=1)
        consumer.ack(again)
        asking.cancel(UUID(int=1))
        assert making.is_cancelled(UUID(int=1))


@pytest.mark.parametrize(("server", "role", "command"), ALLOWED)
def test_a_role_may_do_its_work(
    ports: Mapping[str, int], server: str, role: str, command: str
) -> None:
    try_out(ports, server, role, command)


@pytest.mark.parametrize(("server", "role", "command"), REFUSED)
def test_nobody_may_do_anything_else(
    ports: Mapping[str, int], server: str, role: str, command: str
) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        try_out(ports, server, role, command)
