"""``vigil writer`` as a process that is killed: no fact is lost, and none is filed twice."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import a_track
from tests.servers import execute
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
                     enabled, frame_fps, min_confidence, time_zone, revision, is_demo)
OVERRIDING SYSTEM VALUE
VALUES (1, 'Door', 'rtsp://cam/1', 'sealed', '', '"default"', 'tcp', false,
        true, 5, 0.4, 'UTC', 1, false)
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
    environment = {
        **os.environ,
        "DATABASE_URL": postgres,
        "REDIS_URL": valkey.url,
        "SECRET_KEY": SECRET,
        "VIGIL_HOME": str(tmp_path),
    }
    # What the killed one took is the next one's at once: no test waits for half a minute.
    patient = f"{facts_on_redis.__name__}.TAKEN_OVER_AFTER_S = 0.0"
    program = f"import {facts_on_redis.__name__}; {patient}; from web.writer import main; main([])"

    def filed() -> int:
        connection = psycopg2.connect(postgres)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tracks")
            [count] = cursor.fetchone() or [0]
        connection.close()
        return int(count)

    for life in range(1, LIVES + 1):
        before = filed()
        tracks = range((life - 1) * TRACKS + 1, life * TRACKS + 1)
        log.append([a_track(each, camera_id=CAMERA).model_dump_json().encode() for each in tracks])
        writer = subprocess.Popen([sys.executable, "-c", program], env=environment)
        try:
            if life < LIVES:
                wait_until(lambda: filed() > before, timeout_s=60)  # noqa: B023
            else:
                wait_until(lambda: queue.xlen(keys.facts()) == 0, timeout_s=60)
        finally:
            writer.kill()
            writer.wait()

    assert filed() == LIVES * TRACKS
