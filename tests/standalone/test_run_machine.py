"""The one command: starts, tells, watches, and leaves nothing running, however it ends."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from standalone.processes.ports import free_port
from standalone.servers.valkey import EmbeddedValkey
from tests.standalone.processes import (
    ROOT,
    has_ended,
    needs_namespaces,
    orphaned,
    unprivileged,
)
from tests.standalone.runs import SMALL_RUN, Run, running
from tests.waiting import wait_until
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.connection import connect_single
from vigil.camera_document import ConfigHead


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Run]:
    """Give a run that is ready."""
    with running(tmp_path / "home", port=free_port()) as run:
        assert run.process.poll() is None, run.said()
        yield run


def test_tells_where_it_is_and_ends_with_nothing_left(started: Run) -> None:
    # Given a run that said so
    assert f"\nready http://127.0.0.1:{started.port}/\n" in started.said()
    assert "Ctrl-C" in started.said()
    family = started.family()
    assert len(family) >= 8

    # When somebody presses Ctrl-C
    started.process.send_signal(signal.SIGINT)

    # Then it ends well, and nothing of it is left, not even what ignores SIGTERM
    assert started.process.wait(timeout=30) == 0
    assert [process for process in family if not has_ended(process)] == []
    assert started.said().endswith("stopped; nothing is left running\n")


def test_keeps_its_secret_its_demo_port_and_what_the_queue_holds(tmp_path: Path) -> None:
    # Given what a first run gave its services, and a configuration in its queue
    head = ConfigHead(generation=7, camera_ids=())
    with running(tmp_path / "home", port=free_port()) as first:
        given = first.environment()
        with connect_single(given["QUEUE_REDIS_URL"]) as queue:
            assert RedisCameraConfigStore(queue).publish(head, changed=[], removed=[])
        first.process.terminate()
        assert first.process.wait(timeout=30) == 0
    demo_port = (first.home / "demo" / "port").read_text()

    # Then the secret is for its owner alone
    assert (first.home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert len(given["SECRET_KEY"]) >= 32

    # And a second run goes on with it, with the same port, and with what the queue held
    with running(tmp_path / "home", port=free_port()) as second:
        environment = second.environment()
        assert environment["SECRET_KEY"] == given["SECRET_KEY"]
        assert (second.home / "demo" / "port").read_text() == demo_port
        with connect_single(environment["QUEUE_REDIS_URL"]) as queue:
            assert RedisCameraConfigStore(queue).head() == head


def test_media_keeps_nothing_and_queue_evicts_nothing(started: Run) -> None:
    given = started.environment()
    for name, appendonly in (("REDIS_URL", "no"), ("QUEUE_REDIS_URL", "yes")):
        with redis.Redis.from_url(given[name]) as client:
            assert client.config_get("appendonly")["appendonly"] == appendonly
            assert client.config_get("appendfsync")["appendfsync"] == "everysec"
            assert client.config_get("save")["save"] == ""
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
            assert int(client.config_get("maxmemory")["maxmemory"]) >= 64 * 2**20


def test_killed_it_leaves_nothing_and_starts_again(tmp_path: Path) -> None:
    # Given a run that is killed, with a service and a grandchild that ignore SIGTERM
    with running(tmp_path / "home", port=free_port()) as killed:
        family = killed.family()
        killed.process.kill()
        killed.process.wait(timeout=10)

        # When it is started again at once, on the same port
        with running(tmp_path / "home", port=killed.port) as again:
            # Then it is ready, and nothing of the first is left
            assert again.process.poll() is None, again.said()
            assert [process for process in family if not has_ended(process)] == []


def test_killed_with_its_guard_what_it_left_goes_with_the_next_start(tmp_path: Path) -> None:
    # Given a run that is killed when nobody guards it any more
    with running(tmp_path / "home", port=free_port()) as killed:
        family = killed.family()
        # Asked now: who ends meanwhile has no command line.
        deaf = [p for p in family if "--deaf" in p.cmdline()]
        next(p for p in family if "guard.py" in " ".join(p.cmdline())).kill()
        killed.process.kill()
        killed.process.wait(timeout=10)
        # Then what ignores SIGTERM goes on
        assert not all(map(has_ended, deaf))

        # Until the next one starts
        with running(tmp_path / "home", port=killed.port) as again:
            assert again.process.poll() is None, again.said()
            assert [process for process in family if not has_ended(process)] == []
            assert "that an earlier run had left" in again.said()


def test_killed_it_leaves_nothing_though_nobody_starts_again(started: Run) -> None:
    family = started.family()
    started.process.kill()
    wait_until(lambda: all(map(has_ended, family)), timeout_s=30)


def test_a_second_run_in_the_same_folder_is_refused_and_harms_nothing(started: Run) -> None:
    family = started.family()
    other = started.home.parent / "other"
    other.mkdir()
    done = subprocess.run(
        SMALL_RUN,
        cwd=other,
        env=os.environ
        | {"VIGIL_HOME": str(started.home), "PORT": str(free_port()), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "Vigil runs there already" in done.stdout
    assert str(started.process.pid) in done.stdout
    assert started.environment()
    assert not any(map(has_ended, family))


def test_a_taken_port_is_named_and_another_offered(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(tmp_path / "home", port=port) as refused:
            assert refused.process.wait(timeout=10) == 2
    assert f"Port {port} is taken by another program." in refused.said()
    offered = int(refused.said().rpartition("make run PORT=")[2])
    with socket.create_server(("127.0.0.1", offered)):
        pass
    # And nothing was started for it
    assert not (refused.home / "postgres").exists()


def test_a_server_that_dies_comes_back_at_its_address(started: Run) -> None:
    given = started.environment()
    for name in ("REDIS_URL", "QUEUE_REDIS_URL"):
        with redis.Redis.from_url(given[name]) as client:
            before = client.info("server")["process_id"]
            os.kill(before, signal.SIGKILL)
            wait_until(_answers_as_another(given[name], before), timeout_s=30)
    assert "media Redis ended with status -9" in started.said()


def test_while_postgresql_takes_its_time_to_come_back_the_others_are_watched(
    started: Run, tmp_path: Path
) -> None:
    # Given a PostgreSQL that was killed, and cannot start for what seems to be left of it: a
    # server of that name in its folder, which does not listen to SIGINT
    data, url = started.home / "postgres" / "data", started.environment()["DATABASE_URL"]
    name = tmp_path / "postgres"
    shutil.copy("/bin/sleep", name)
    with orphaned([str(name), "300"], folder=data) as left:
        pid_path = data / "postmaster.pid"
        killed = psutil.Process(int(pid_path.read_text().split()[0]))
        killed.kill()
        pid_path.write_text(f"{left.pid}\n")
        wait_until(lambda: "PostgreSQL ended with status -9" in started.said(), timeout_s=30)

        # When web dies meanwhile
        web = next(p for p in started.family() if str(started.port) in p.cmdline())
        web.kill()
        wait_until(lambda: has_ended(web), timeout_s=20)

        # Then another is there, long before PostgreSQL
        wait_until(lambda: _answers(started), timeout_s=15)
        assert not has_ended(left)
        assert not _takes_log_ins(url)

    # And PostgreSQL is back, too, once nothing holds it up
    wait_until(lambda: _takes_log_ins(url), timeout_s=60)


def test_a_service_that_dies_comes_back_without_what_it_left(started: Run) -> None:
    # Given web, which has a child of its own
    web = next(p for p in started.family() if str(started.port) in p.cmdline())
    children = web.children()
    assert children

    # When it is killed
    web.kill()

    # Then another answers, and its child went with it
    wait_until(lambda: has_ended(web) and all(map(has_ended, children)), timeout_s=20)
    wait_until(lambda: _answers(started), timeout_s=30)
    assert "web ended with status -9" in started.said()


def test_a_media_redis_of_theirs_is_used_and_a_queue_of_ours_stands_beside_it(
    tmp_path: Path, valkey: EmbeddedValkey
) -> None:
    with running(tmp_path / "home", port=free_port(), REDIS_URL=valkey.url) as run:
        given = run.environment()
        with connect_single(given["QUEUE_REDIS_URL"]) as queue:
            assert queue.config_get("appendonly")["appendonly"] == "yes"
    assert given["REDIS_URL"] == valkey.url
    assert not (run.home / "redis-media").exists()


@needs_namespaces
def test_runs_for_a_user_without_rights(tmp_path: Path) -> None:
    argv = unprivileged(SMALL_RUN)
    with running(tmp_path / "home", port=free_port(), argv=argv) as run:
        assert run.process.poll() is None, run.said()
        assert "postgresql://" in run.environment()["DATABASE_URL"]
        run.process.terminate()
        assert run.process.wait(timeout=30) == 0


def test_stops_while_it_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    process = subprocess.Popen(
        SMALL_RUN,
        env=os.environ
        | {"VIGIL_HOME": str(home), "PORT": str(free_port()), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    with process:
        wait_until((home / "redis-queue" / "server.pid").exists, timeout_s=30)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert [process for process in family if not has_ended(process)] == []


def _takes_log_ins(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.OperationalError:
        return False
    return True


def _answers(run: Run) -> bool:
    try:
        return bool(run.environment())
    except OSError:
        return False


def _answers_as_another(url: str, before: int) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            with connect_single(url) as client:
                return bool(client.info("server")["process_id"] != before)
        except redis.RedisError:
            return False

    return answers
