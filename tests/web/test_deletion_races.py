"""Footage that is deleted while its recorder tells of it: both are at the database at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from sqlalchemy import event

from tests.waiting import wait_until
from tests.web.archive import Archive, at
from tests.web.test_bounds_at_once import number_waiting
from vigil.facts import SegmentFact
from web.database import db


@pytest.fixture
def told(archive: Archive) -> SegmentFact:
    """Give a file that is filed, and of which its recorder tells once more."""
    fact = archive.segment(0, 60)
    archive.file(fact)
    return fact


@contextmanager
def once_executed(archive: Archive, statement: str, then: Callable[[], None]) -> Iterator[None]:
    """Have something done behind the first statement that begins so, in its transaction."""
    with archive.world.app.app_context():
        engine = db.engine
    is_due = True

    def after(_: Any, __: Any, executed: str, *___: Any) -> None:
        nonlocal is_due
        if is_due and executed.startswith(statement):
            is_due = False
            then()

    event.listen(engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", after)
    assert not is_due, f"nobody executed {statement}"


def done_or_waiting(url: str, call: Future[Any]) -> None:
    """Return when a call is done, or waits for what somebody else has locked."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            wait_until(lambda: call.done() or number_waiting(cursor) == 1)
    finally:
        connection.close()


def confirmed(archive: Archive) -> Callable[[], int]:
    """Return what deletes all footage, and returns with which status."""
    admin, path = archive.world.admin(), f"/recordings/{archive.camera}"
    span = {"since": at(0), "until": at(60)}
    token = admin.delete(path, query_string=span).json["confirmation"]
    return lambda: admin.delete(path, query_string={**span, "confirmation": token}).status_code


def test_what_is_deleted_behind_the_writers_look_stays_deleted(
    archive: Archive, told: SegmentFact, migrated: str
) -> None:
    confirm = confirmed(archive)
    with ThreadPoolExecutor(1) as pool:
        calls: list[Future[int]] = []

        def delete() -> None:
            calls.append(pool.submit(confirm))
            done_or_waiting(migrated, calls[0])

        with once_executed(archive, "SELECT segment_deletions", delete):
            archive.file(told)

        assert calls[0].result() == 200
    assert archive.listed() == []


def test_what_is_told_while_it_is_being_deleted_stays_deleted(
    archive: Archive, told: SegmentFact, migrated: str
) -> None:
    confirm = confirmed(archive)
    with ThreadPoolExecutor(1) as pool:
        calls: list[Future[None]] = []

        def file() -> None:
            calls.append(pool.submit(archive.file, told))
            done_or_waiting(migrated, calls[0])

        with once_executed(archive, "INSERT INTO segment_deletions", file):
            assert confirm() == 200

        calls[0].result()
    assert archive.listed() == []
