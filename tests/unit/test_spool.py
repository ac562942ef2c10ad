import multiprocessing
import os
import signal
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from vigil.errors import SpoolUnavailable
from vigil.spool import Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "facts.sqlite"


def facts_in(spool: Spool) -> list[bytes]:
    return [fact for _, fact in spool.oldest(1000)]


def test_keeps_facts_in_their_order_until_they_are_removed(path: Path) -> None:
    spool = Spool(path)
    spool.add([b"one", b"two", b"three"])

    numbers = [number for number, _ in spool.oldest(2)]
    spool.remove(numbers)

    assert facts_in(spool) == [b"three"]
    # What is in it may be where people live.
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _add_and_die(path: Path) -> None:
    Spool(path).add([b"confirmed"])
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_was_added_survives_sigkill_at_once(path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_add_and_die, args=(path,))
    process.start()
    process.join(timeout=30)

    assert process.exitcode == -signal.SIGKILL
    assert facts_in(Spool(path)) == [b"confirmed"]


def test_several_processes_share_a_file(path: Path) -> None:
    one, another = Spool(path), Spool(path)
    one.add([b"one's"])
    another.add([b"another's"])

    found = one.oldest(10)
    assert [fact for _, fact in found] == [b"one's", b"another's"]
    one.remove([number for number, _ in found])
    # Both may have sent it: removed twice is removed.
    another.remove([number for number, _ in found])

    assert facts_in(another) == []


def test_gives_up_the_oldest_where_too_many_wait(path: Path) -> None:
    spool = Spool(path, max_facts=3)

    with capture_logs() as logs:
        for number in range(5):
            spool.add([b"%d" % number])

    assert facts_in(spool) == [b"2", b"3", b"4"]
    assert [each["event"] for each in logs] == ["facts_given_up"] * 2


def test_a_file_that_is_none_is_put_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"garbage of a power cut" * 100)

    with capture_logs() as logs:
        spool = Spool(path)
    spool.add([b"fact"])

    assert facts_in(spool) == [b"fact"]
    assert logs[0]["event"] == "spool_unreadable"
    assert path.with_name("facts.sqlite.unreadable").read_bytes().startswith(b"garbage")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SpoolUnavailable, match=str(tmp_path / "file")):
        Spool(tmp_path / "file" / "facts.sqlite")


def test_what_waits_is_on_the_disk_after_sync(path: Path) -> None:
    spool = Spool(path)
    spool.add([b"fact that waits"])
    assert b"fact that waits" not in path.read_bytes()

    spool.sync()

    assert b"fact that waits" in path.read_bytes()
