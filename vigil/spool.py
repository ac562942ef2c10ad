"""Facts on disk until the queue Redis has taken them.

SQLite keeps them: what was added survives SIGKILL at once, and a power cut after ``sync``. Several
processes may share a file; a fact that two of them send is filed once.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import structlog

from vigil.errors import SpoolUnavailable

log = structlog.get_logger(__name__)

#: Facts that are kept at most: the oldest are given up for newer ones.
MAX_FACTS = 100_000
#: Seconds to wait for another process that writes.
_BUSY_S = 2.0

_SCHEMA = "CREATE TABLE IF NOT EXISTS facts (number INTEGER PRIMARY KEY AUTOINCREMENT, fact BLOB)"


class Spool:
    """A bounded queue of facts in a file, private to its owner.

    Args:
        path: The file; it is made. One that cannot be read is put aside.
        max_facts: How many are kept.

    Raises:
        SpoolUnavailable: The file can be neither opened nor made.
    """

    def __init__(self, path: Path, *, max_facts: int = MAX_FACTS) -> None:
        self._path = path
        self._max_facts = max_facts
        self._lock = threading.Lock()
        with _translated(path):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(mode=0o600)
                self._connection = _opened(path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                aside = path.with_suffix(path.suffix + ".unreadable")
                path.replace(aside)
                log.error("spool_unreadable", path=str(path), reason=str(error), kept=str(aside))
                self._connection = _opened(path)

    def add(self, facts: Sequence[bytes]) -> None:
        """Keep facts, behind those that are there.

        Raises:
            SpoolUnavailable: The disk is full or away; none was kept.
        """
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO facts (fact) VALUES (?)", [(each,) for each in facts]
            )
            # By their numbers: to count them would read them all.
            given_up = connection.execute(
                "DELETE FROM facts WHERE number <= (SELECT max(number) FROM facts) - ?",
                (self._max_facts,),
            ).rowcount
        if given_up:
            log.error("facts_given_up", count=given_up, kept=self._max_facts)

    def oldest(self, limit: int) -> list[tuple[int, bytes]]:
        """Return the oldest facts, each with its number.

        Raises:
            SpoolUnavailable: The file cannot be read.
        """
        query = "SELECT number, fact FROM facts ORDER BY number LIMIT ?"
        with self._lock, _translated(self._path):
            return self._connection.execute(query, (limit,)).fetchall()

    def remove(self, numbers: Collection[int]) -> None:
        """Forget facts that were taken.

        Raises:
            SpoolUnavailable: The file cannot be written; they will be sent again.
        """
        with self._transaction() as connection:
            connection.executemany("DELETE FROM facts WHERE number = ?", [(n,) for n in numbers])

    def sync(self) -> None:
        """Make what was added survive a power cut.

        Raises:
            SpoolUnavailable: The file cannot be written.
        """
        with self._lock, _translated(self._path):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the file. What it holds stays."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self._path), self._connection:
            yield self._connection


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            # A kill loses nothing so, and `sync` sees to power cuts: no fact waits for the disk.
            cursor.execute("PRAGMA synchronous = NORMAL")
            cursor.execute(_SCHEMA)
            cursor.execute("SELECT number, fact FROM facts LIMIT 1")
        connection.commit()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SpoolUnavailable(f"{path}: {error}") from error
