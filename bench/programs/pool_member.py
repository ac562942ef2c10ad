"""A recognition worker without frames: it keeps leases and says its statuses, and that is all.

``python -m bench.programs.pool_member REDIS_URL CAMERAS BEGIN_KEY`` begins when the key is there.
"""

import sys

import redis

from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId
from vigil.leases import LeaseKeeper, new_member_id
from vigil.log import configure_logging
from vigil.messages import MemberReport, RecognitionStatus
from vigil.runtime import stop_on_signals

#: How long a worker waits for a frame before leases have their turn.
_TURN_S = 0.2
_STATUS_EVERY_S = 1.0
_FPS = 5.0


def _take_part(url: str, cameras: int, begin_key: str) -> None:
    stop, clock = stop_on_signals(), SystemClock()
    client = connect(url)
    member = new_member_id()
    keeper = LeaseKeeper(
        RedisLeases(client, role=keys.Role.RECOGNITION), member=member, clock=clock
    )
    board = RedisStatusBoard(client, role=keys.Role.RECOGNITION, document_class=RecognitionStatus)
    costs = {CameraId(number): _FPS for number in range(1, cameras + 1)}
    report = MemberReport(capacity_fps=_FPS * cameras, since_us=clock.utc_us())
    assert isinstance(client, redis.Redis)
    while not client.exists(begin_key):
        stop.wait(0.05)
    said_s = 0.0
    while not stop.wait(_TURN_S):
        keeper.keep(costs, report)
        if clock.monotonic_s() - said_s >= _STATUS_EVERY_S:
            said_s = clock.monotonic_s()
            board.put_all({k: (_status(member, v), v) for k, v in keeper.held().items()})
    keeper.release_all()


def _status(member: str, epoch: int) -> RecognitionStatus:
    return RecognitionStatus(owner=member, epoch=epoch, recogniser="none", looked_fps=_FPS)


if __name__ == "__main__":
    configure_logging("pool_member", "WARNING")
    _take_part(sys.argv[1], int(sys.argv[2]), sys.argv[3])
