"""The checker of fencing sees what it is there to see."""

import pytest
import redis

from standalone.servers.valkey import EmbeddedValkey
from tests.builders import CAMERA, a_jpeg
from tests.e2e.boxed_writes import BoxedWrites
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.domain.camera import Epoch
from vigil.errors import LeaseLost


def test_the_checker_tells_accepted_writes_from_refused_ones(valkey: EmbeddedValkey) -> None:
    # Given a lease that changed hands
    bus = connect(valkey.url)
    leases = RedisLeases(bus, role=keys.Role.RECOGNITION)
    boxed = RedisFrameStore(bus, kind=keys.FrameKind.BOXED)
    old = leases.acquire(CAMERA, "one", ttl_s=60, last_seen=Epoch(0))
    assert old is not None
    leases.release(CAMERA, epoch=old)
    # So that the script is known, and no write is an EVAL
    with pytest.raises(LeaseLost):
        boxed.put(CAMERA, a_jpeg(), epoch=Epoch(old - 1), ttl_s=4)
    new = leases.acquire(CAMERA, "two", ttl_s=60, last_seen=Epoch(0))
    assert new is not None

    with BoxedWrites(valkey) as checker:
        # When the new holder writes, then the one of old, then the new one again
        boxed.put(CAMERA, a_jpeg(1), epoch=new, ttl_s=4)
        with pytest.raises(LeaseLost):
            boxed.put(CAMERA, a_jpeg(2), epoch=old, ttl_s=4)
        boxed.put(CAMERA, a_jpeg(3), epoch=new, ttl_s=4)
        wait_until(lambda: len(checker.writes) == 3)

        # Then the checker saw two that were accepted, and one that was not
        assert checker.accepted() == {CAMERA: [new, new]}
        assert [write.epoch for write in checker.writes] == [new, old, new]
        assert checker.refused() == 1

        # And a store without a fence would be found out
        with redis.Redis.from_url(valkey.url) as careless:
            careless.hset(keys.lease(CAMERA, keys.Role.RECOGNITION), "epoch", old)
        boxed.put(CAMERA, a_jpeg(4), epoch=old, ttl_s=4)
        wait_until(lambda: checker.accepted() == {CAMERA: [new, new, old]})
    bus.close()
