"""Bounds on rows, while several calls add some at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest

from tests.waiting import wait_until
from tests.web.conftest import WorldOf
from tests.web.worlds import Answer, World
from web import database
from web.recipients import service as recipients
from web.time_intervals import service as time_intervals

BOUND, CALLS = 2, 5
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def world(world_of: WorldOf, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world of small bounds, in which nobody gives up waiting for another."""
    monkeypatch.setattr(recipients, "MAX_RECIPIENTS", BOUND)
    monkeypatch.setattr(time_intervals, "MAX_INTERVALS", BOUND)
    monkeypatch.setattr(database, "LOCK_TIMEOUT_S", 60)
    return world_of(database_statement_timeout_s=60)


@pytest.mark.parametrize(
    ("path", "table", "bodies"),
    [
        (
            "/email_recipients",
            "email_recipients",
            [{"email": f"anna{n}@example.org"} for n in range(CALLS)],
        ),
        ("/line_tokens", "line_tokens", [{"token": f"channel-token-{n}"} for n in range(CALLS)]),
        (
            "/time_intervals/1",
            "time_intervals",
            [{"start_time": f"0{n}:00", "end_time": "12:00"} for n in range(CALLS)],
        ),
    ],
)
def test_calls_at_once_stay_within_the_bound(
    world: World, path: str, table: str, bodies: list[dict[str, Any]]
) -> None:
    assert world.camera() == 1

    answers = at_once(world, path, bodies, table=table)

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[BOUND:] == [409] * (CALLS - BOUND)
    assert set(statuses[:BOUND]) <= {200, 201}
    assert len(world.admin().get(path).json) == BOUND


def at_once(world: World, path: str, bodies: list[dict[str, Any]], *, table: str) -> list[Answer]:
    """Post bodies such that none is stored before each of them waits for another, or for us."""
    admin, app = world.admin(), world.app
    caller_of = {"Authorization": f"Bearer {admin.access_token}"}

    def post(body: dict[str, Any]) -> Answer:
        return world.stranger().post(path, body, headers=caller_of)

    url = app.config["SQLALCHEMY_DATABASE_URI"].set(drivername="postgresql")
    holder = psycopg2.connect(url.render_as_string(hide_password=False))
    try:
        with ThreadPoolExecutor(CALLS) as pool:
            with holder, holder.cursor() as cursor:
                # Rows can be counted under it, and not be added.
                cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")
                calls = [pool.submit(post, body) for body in bodies]
                wait_until(lambda: number_waiting(cursor) == CALLS, timeout_s=30)
            return [call.result() for call in calls]
    finally:
        holder.close()


def number_waiting(cursor: psycopg2.extensions.cursor) -> int:
    """Return how many connections wait for a lock."""
    # Else the transaction would see the same activity for ever.
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute(_WAITING)
    (number,) = cursor.fetchone() or (0,)
    return int(number)
