"""Valkey in a folder: what it keeps, who may reach it, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from standalone.processes.ports import free_port
from standalone.servers.valkey import EmbeddedValkey, server_path
from tests.standalone.processes import has_ended, needs_namespaces, orphaned, run_unprivileged
from tests.waiting import wait_until
from vigil.errors import SetupInvalid

NEVER = Retry(NoBackoff(), 0)

# Starts a server, says its id and URL, and waits to be killed.
_HOLDER = """
import sys, threading
from pathlib import Path
from standalone.servers.valkey import EmbeddedValkey
with EmbeddedValkey(Path(sys.argv[1])) as server:
    print(server.pid, server.url, flush=True)
    threading.Event().wait()
"""


def test_keeps_what_it_acknowledged_when_it_is_killed(tmp_path: Path) -> None:
    # Given a stream with a consumer group that has one entry pending
    with EmbeddedValkey(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.xgroup_create("facts", "writers", mkstream=True)
            client.xadd("facts", {"fact": "one"})
            client.xreadgroup("writers", "w1", {"facts": ">"})
            # It may answer up to two seconds before it writes, while an earlier sync goes on
            wait_until(lambda: client.info("persistence")["aof_buffer_length"] == 0)
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: server.exit_status() == -signal.SIGKILL)

        # When it is started again
        server.start()

        # Then it is at the same address, and the entry is pending still
        with redis.Redis.from_url(server.url) as client:
            assert client.xpending("facts", "writers")["pending"] == 1


def test_without_append_only_file_it_comes_back_empty(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path, appendonly=False) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("frame", "x")
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: server.exit_status() is not None)
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.dbsize() == 0


def test_refuses_writes_beyond_its_bound_and_evicts_nothing(tmp_path: Path) -> None:
    with (
        EmbeddedValkey(tmp_path, appendonly=False, max_memory_bytes=8 * 2**20) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        client.set("first", "kept")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            _fill(client)
        assert client.get("first") == b"kept"


def test_listens_on_loopback_alone_and_asks_for_its_password(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        listening = {
            connection.laddr.ip
            for connection in psutil.Process(server.pid).net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
        with (
            redis.Redis(port=server.port, retry=NEVER) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_password_is_not_in_the_command_line_nor_on_the_disk(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server:
        assert server.password not in " ".join(psutil.Process(server.pid).cmdline())
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files
        assert all(server.password.encode() not in path.read_bytes() for path in files)


def test_a_second_one_in_the_same_folder_is_refused_by_name(tmp_path: Path) -> None:
    with (
        EmbeddedValkey(tmp_path),
        pytest.raises(SetupInvalid, match=f"is in use.*{os.getpid()}"),
        EmbeddedValkey(tmp_path),
    ):
        pass


def test_a_taken_port_that_was_asked_for_is_said(tmp_path: Path) -> None:
    with (
        EmbeddedValkey(tmp_path / "first") as first,
        pytest.raises(SetupInvalid, match="in use"),
        EmbeddedValkey(tmp_path / "second", port=first.port),
    ):
        pass


def test_dies_when_its_parent_is_killed_and_starts_again(tmp_path: Path) -> None:
    # Given a server whose parent is killed
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline().split()[0]))
        parent.kill()

    # Then it ends by itself
    wait_until(lambda: has_ended(server))
    # And another starts in its folder
    with EmbeddedValkey(tmp_path) as again, redis.Redis.from_url(again.url) as client:
        assert client.ping()


def test_stops_one_that_was_left_running_in_its_folder(tmp_path: Path) -> None:
    # Given a server without a parent, as a killed run may have left it
    pid_path = tmp_path / "server.pid"
    argv = [str(server_path()), "--port", str(free_port()), "--pidfile", str(pid_path)]
    with orphaned(argv, folder=tmp_path) as left:
        wait_until(pid_path.exists)

        # When another starts there
        with EmbeddedValkey(tmp_path) as server:
            # Then the left one has ended, and the new one runs
            assert has_ended(left)
            assert server.exit_status() is None


def test_a_pid_file_with_the_number_of_another_program_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "server.pid").write_text(f"{os.getpid()}\n")
    with EmbeddedValkey(tmp_path) as server:
        assert server.exit_status() is None


def test_without_any_server_it_says_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("standalone.servers.valkey.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupInvalid, match="REDIS_URL"), EmbeddedValkey(tmp_path / "data"):
        pass


@needs_namespaces
def test_runs_for_a_user_without_rights(tmp_path: Path) -> None:
    done = run_unprivileged(_ONCE, tmp_path)
    assert done.stdout.startswith("redis://"), done.stderr


_ONCE = """
import sys
from pathlib import Path
from standalone.servers.valkey import EmbeddedValkey
with EmbeddedValkey(Path(sys.argv[1])) as server:
    print(server.url)
"""


def _fill(client: redis.Redis) -> None:
    for number in range(100):
        client.set(f"block_{number}", b"x" * 2**20)
