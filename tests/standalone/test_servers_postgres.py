"""PostgreSQL in a folder: what it keeps, as whom it runs, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

from standalone.processes.program import Identity
from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.postgres_data import check_version, postgres_major, programs_folder
from tests.servers import execute
from tests.standalone.processes import has_ended, needs_namespaces, run_unprivileged
from tests.waiting import wait_until
from vigil.errors import SetupInvalid

# Starts a server, says its id and URL, and waits to be killed.
_HOLDER = """
import sys, threading
from pathlib import Path
from standalone.servers.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.pid, server.url, flush=True)
    threading.Event().wait()
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with data in it, whose making takes a second; each test leaves it usable."""
    folder = tmp_path_factory.mktemp("made")
    with EmbeddedPostgres(folder):
        pass
    return folder


@pytest.fixture
def visits(made_folder: Path) -> Path:
    """Give the folder with a table of one row in it."""
    with EmbeddedPostgres(made_folder) as server:
        execute(server.url, "DROP TABLE IF EXISTS visits")
        execute(server.url, "CREATE TABLE visits AS SELECT 1 AS number")
    return made_folder


def test_loses_no_row_when_it_is_killed(visits: Path) -> None:
    with EmbeddedPostgres(visits) as server:
        execute(server.url, "INSERT INTO visits VALUES (2)")
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: server.exit_status() == -signal.SIGKILL)

        server.start()

        assert _count(server.url) == 2


def test_starts_again_though_a_query_of_the_killed_one_goes_on(visits: Path) -> None:
    with EmbeddedPostgres(visits) as server:
        # Given a connection that computes for minutes, and looks at nothing meanwhile
        busy = psycopg2.connect(server.url)
        (worker,) = _one_row(busy, "SELECT pg_backend_pid()")
        asking = threading.Thread(target=_ask_for_minutes, args=(busy,))
        asking.start()
        wait_until(lambda: psutil.Process(worker).cpu_times().user > 0.05)

        # When the server is killed and started again
        os.kill(server.pid, signal.SIGKILL)
        wait_until(lambda: server.exit_status() is not None)
        server.start()

        # Then the old worker is gone, and the data is there
        assert not psutil.pid_exists(worker) or has_ended(psutil.Process(worker))
        assert _count(server.url) == 1
        asking.join(timeout=10)
        busy.close()


def test_ends_in_order_when_its_parent_is_killed_and_starts_again(visits: Path) -> None:
    # Given a server with a row in an open transaction's way, whose parent is killed
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(visits)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        execute(url, "INSERT INTO visits VALUES (2)")
        parent.kill()

    # When another starts at once in the same folder
    with EmbeddedPostgres(visits) as server:
        # Then the first has ended, and the row is there
        assert server.pid != int(pid)
        assert _count(server.url) == 2
    # And it had shut down, not crashed
    log = (visits / "server.log").read_text()
    assert "was not properly shut down" not in log.rpartition("received fast shutdown")[2]


def test_a_pid_file_with_the_number_of_another_program_harms_nobody(visits: Path) -> None:
    pid_path = visits / "data" / "postmaster.pid"
    pid_path.write_text(f"{os.getppid()}\n{visits / 'data'}\n1\n5432\n\n127.0.0.1\n1 1\nready\n")
    with EmbeddedPostgres(visits) as server:
        assert _count(server.url) == 1


def test_a_second_one_in_the_same_folder_is_refused_by_name(made_folder: Path) -> None:
    with (
        EmbeddedPostgres(made_folder) as server,
        pytest.raises(SetupInvalid, match=f"is in use.*{os.getpid()}"),
        EmbeddedPostgres(made_folder),
    ):
        pass
    assert server.exit_status() is not None


def test_listens_on_loopback_alone_and_asks_for_its_password(made_folder: Path) -> None:
    with EmbeddedPostgres(made_folder) as server:
        listening = {
            connection.laddr.ip
            for connection in psutil.Process(server.pid).net_connections(kind="all")
            if connection.status == psutil.CONN_LISTEN or not hasattr(connection.laddr, "ip")
        }
        assert listening == {"127.0.0.1"}
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(server.url.replace(server.password, "guess"))
        assert (made_folder / "password").stat().st_mode & 0o777 == 0o600


def test_data_of_another_major_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("11\n")
    before = data.stat().st_mtime_ns
    with pytest.raises(SetupInvalid, match=r"written by PostgreSQL 11.*pg_dump.*DATABASE_URL"):
        EmbeddedPostgres(tmp_path).start()
    assert data.stat().st_mtime_ns == before
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(SetupInvalid, match="no PostgreSQL data"):
        check_version(tmp_path / "data", programs_folder())


def test_data_that_was_half_made_is_made_again(tmp_path: Path) -> None:
    # Given what a kill in the middle of initdb leaves
    half = tmp_path / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path) as server:
        execute(server.url, "SELECT 1")
    assert not half.exists()


@needs_root
@pytest.mark.parametrize("identity", [Identity.NAMESPACE, Identity.NOBODY])
def test_root_can_run_it_both_ways_in_a_folder_closed_to_others(
    visits: Path, identity: Identity
) -> None:
    # Given a parent folder that only root may enter, as /root is
    assert visits.parent.stat().st_mode & 0o077 == 0
    with EmbeddedPostgres(visits, identity=identity) as server:
        assert _count(server.url) == 1
        uids = psutil.Process(server.pid).uids()
    # Then it ran as whom it was told to, and the way back is open
    assert (uids.effective == 0) is (identity is Identity.NAMESPACE)
    with EmbeddedPostgres(visits) as server:
        assert _count(server.url) == 1


@needs_root
def test_as_the_real_nobody_it_dies_with_its_parent_too(visits: Path) -> None:
    code = _HOLDER.replace("[1])", "[1]), identity=Identity.NOBODY").replace(
        "import EmbeddedPostgres",
        "import EmbeddedPostgres\nfrom standalone.processes.program import Identity",
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(visits)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline().split()[0]))
        assert server.uids().effective != 0
        parent.kill()
    wait_until(lambda: has_ended(server))


@needs_namespaces
def test_runs_for_a_user_without_rights(visits: Path) -> None:
    code = _HOLDER.replace("    threading.Event().wait()\n", "")
    done = run_unprivileged(code, visits)
    assert "postgresql://" in done.stdout, done.stderr
    with EmbeddedPostgres(visits) as server:
        assert _count(server.url) == 1


@needs_root
@needs_namespaces
def test_data_of_another_user_is_refused_in_words(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    major = postgres_major(programs_folder())
    (data / "PG_VERSION").write_text(f"{major}\n")
    os.chown(data, 12_345, -1)
    done = run_unprivileged(_HOLDER, tmp_path)
    assert "belongs to" in done.stderr
    assert "VIGIL_HOME" in done.stderr


def _count(url: str) -> int:
    connection = psycopg2.connect(url)
    try:
        (count,) = _one_row(connection, "SELECT count(*) FROM visits")
        return count
    finally:
        connection.close()


def _one_row(connection: psycopg2.extensions.connection, query: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone() or ()


def _ask_for_minutes(connection: psycopg2.extensions.connection) -> None:
    with suppress(psycopg2.OperationalError):
        _one_row(connection, "SELECT count(*) FROM generate_series(1, 10000000000) AS n")
