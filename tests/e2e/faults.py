"""What tests of faults share: how long each thing may take, and what must hold meanwhile."""

import time
from collections.abc import Collection

import redis

from tests.e2e.machine import Machine
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.status.redis import RedisStatusBoard
from vigil.domain.camera import CameraId
from vigil.messages import CameraStatus

LIVE_S = 60.0
#: The promises: live again, the end of a right in mid-stream.
BACK_S = 15.0
RECHECK_S = 10.0
#: What a busy machine may add.
MARGIN_S = 3.0
#: A stream that nothing disturbs has no longer gap between two frames, on a busy machine.
UNDISTURBED_S = 3.0
#: What an answer may take while a server of ours is away: its timeout, and some.
ANSWERED_S = 12.0


def let_pass(seconds: float) -> None:
    """Wait: what is tested needs time to go wrong."""
    until_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until_s, timeout_s=seconds + 1)


def assert_in_words(machine: Machine, path: str, who: str) -> None:
    begun_s = time.monotonic()
    answer = machine.admin.get(path)
    assert time.monotonic() - begun_s < ANSWERED_S
    assert answer.status == 503, (path, answer)
    assert answer.json["message"].startswith(f"{who} does not answer."), answer.body
    assert int(answer.headers["retry-after"]) > 0


def assert_undisturbed(viewers: list[Viewer], *, since_s: float) -> None:
    for viewer in viewers:
        assert not viewer.has_ended
        assert viewer.longest_gap_s(since_s=since_s) < UNDISTURBED_S


def members(machine: Machine) -> int:
    """Return how many recognisers say that they live."""
    with redis.Redis.from_url(machine.media.url) as client:
        now_ms = client.time()[0] * 1000
        return int(client.zcount("vigil:members:recognition", now_ms, "+inf"))


def statuses(machine: Machine, camera_ids: Collection[int]) -> dict[int, CameraStatus]:
    """Return what is said of cameras now, as the bus has it: PostgreSQL is not asked."""
    media = connect(machine.media.url)
    board = RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus)
    try:
        said = board.read([CameraId(each) for each in camera_ids])
        return {int(camera_id): status for camera_id, status in said.items()}
    finally:
        media.close()


def has_head(machine: Machine) -> bool:
    with redis.Redis.from_url(machine.queue.url) as client:
        return bool(client.exists("vigil:camera_config:head"))
