"""``vigil writer`` as a process that is killed: no fact is lost, and none is filed twice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from tests.builders import a_track
from tests.servers import execute, frozen_postgres
from tests.waiting import wait_until
from tests.web.worlds import SECRET
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.facts import redis as facts_on_redis
from vigil.bus.facts.redis import RedisFactLog

CAMERA = 1
#: Of each writer's life: several transactions.
TRACKS = 2000
LIVES = 3
A_CAMERA = """
INSERT INTO cameras (id, name, stream_url, sealed_url, location, recognition, transport, loop,
                     enabled, frame_fps, min_confidence, time_zone, recording, revision, is_demo)
OVERRIDING SYSTEM VALUE
VALUES (1, 'Door', 'rtsp://cam/1', 'sealed', '', '"default"', 'tcp', false,
        true, 5, 0.4, 'UTC', 'off', 1, false)
"""


@pytest.fixture
def queue(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = connect_single(valkey.url)
    yield client
    client.close()


@pytest.mark.timeout(180)
def test_a_writer_that_is_killed_again_and_again_files_each_fact_once(
    postgres: str, valkey: EmbeddedValkey, queue: redis.Redis, tmp_path: Path
) -> None:
    execute(postgres, A_CAMERA)
    log = RedisFactLog(queue)
    environment = environment_of(postgres, valkey, tmp_path)
    # What the killed one took is the next one's at once: no test waits for half a minute.
    patient = f"{facts_on_redis.__name__}.TAKEN_OVER_AFTER_S = 0.0"
    program = f"import {facts_on_redis.__name__}; {patient}; from web.writer import main; main([])"

    for life in range(1, LIVES + 1):
        before = filed(postgres)
        tracks = range((life - 1) * TRACKS + 1, life * TRACKS + 1)
        log.append([a_track(each, camera_id=CAMERA).model_dump_json().encode() for each in tracks])
        writer = subprocess.Popen([sys.executable, "-c", program], env=environment)
        try:
            if life < LIVES:
                wait_until(lambda: filed(postgres) > before, timeout_s=60)  # noqa: B023
            else:
                wait_until(lambda: queue.xlen(keys.facts()) == 0, timeout_s=60)
        finally:
            writer.kill()
            writer.wait()

    assert filed(postgres) == LIVES * TRACKS


@pytest.mark.timeout(120)
def test_a_postgresql_that_is_silent_is_away_and_back_it_is_given_what_waited(
    postgres: str,
    postgres_server: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    queue: redis.Redis,
    tmp_path: Path,
) -> None:
    execute(postgres, A_CAMERA)
    log = RedisFactLog(queue)
    environment = environment_of(postgres, valkey, tmp_path)
    said = tmp_path / "writer.log"
    with said.open("wb") as output:
        program = "from web.writer import main; main([])"
        writer = subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stdout=output, stderr=output
        )
    try:
        log.append([a_track(1, camera_id=CAMERA).model_dump_json().encode()])
        wait_until(lambda: filed(postgres) == 1, timeout_s=60)
        with frozen_postgres(postgres_server):
            log.append([a_track(2, camera_id=CAMERA).model_dump_json().encode()])
            wait_until(lambda: "unavailable" in said.read_text(), timeout_s=30)

        wait_until(lambda: filed(postgres) == 2, timeout_s=30)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()


def environment_of(postgres: str, valkey: EmbeddedValkey, home: Path) -> dict[str, str]:
    """Return what a writer is started with."""
    return {
        **os.environ,
        "DATABASE_URL": postgres,
        "DATABASE_STATEMENT_TIMEOUT_S": "2",
        "REDIS_URL": valkey.url,
        "SECRET_KEY": SECRET,
        # What the facts of tests tell was long ago.
        "TRACKS_KEPT_DAYS": "3650",
        "VIGIL_HOME": str(home),
    }


def filed(postgres: str) -> int:
    """Return how many tracks are filed."""
    connection = psycopg2.connect(postgres)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tracks")
        [count] = cursor.fetchone() or [0]
    connection.close()
    return int(count)
