"""What somebody else left in a packet stream: only a real Redis can hold it."""

import pytest
import redis
from structlog.testing import capture_logs

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import A_TEMPLATE, BEGINNING, CAMERA, a_packet
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.redis import RedisPacketLog
from vigil.domain.camera import Epoch


@pytest.mark.parametrize("strangers", [1, 10, 25])
def test_a_reader_gets_past_entries_that_nobody_can_decode(
    valkey: EmbeddedValkey, strangers: int
) -> None:
    client: redis.Redis = connect_single(valkey.url)
    log = RedisPacketLog(client, limits=BacklogLimits())
    epoch = RedisLeases(client, role=keys.Role.INGEST).acquire(
        CAMERA, "me", ttl_s=3.0, last_seen=Epoch(0)
    )
    assert epoch is not None
    for number in range(strangers):
        client.xadd(keys.packets(CAMERA), {"m": f"garbage {number}", "d": "of another version"})
    client.xadd(keys.packets(CAMERA), {"something": "else"})

    with capture_logs() as logs:
        nothing = log.read({CAMERA: BEGINNING}, limit=10)
        log.append(CAMERA, [a_packet(1)], template=A_TEMPLATE, epoch=epoch)
        [entry] = log.read({CAMERA: BEGINNING}, limit=10)[CAMERA]

    assert nothing == {}
    assert entry.packet == a_packet(1)
    assert [each["event"] for each in logs] == ["packet_skipped"] * (2 * (strangers + 1))
    client.close()
