"""A shard that starts while Redis is away: it waits for it, as whom its supervisor knows."""

from collections.abc import Iterator

import pytest

from camera_ctrl.notes import Notes
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shards.process import ShardProcess
from standalone.processes.ports import free_port
from tests.camera_ctrl.site import SECRET
from tests.waiting import wait_until
from vigil.clock import SystemClock


@pytest.fixture(params=["ingest", "decode"])
def shard(request: pytest.FixtureRequest) -> Iterator[ShardProcess]:
    settings = CameraSettings.model_validate(
        {"redis_url": f"redis://127.0.0.1:{free_port()}/0", "secret_key": SECRET}
    )
    started = ShardProcess(
        f"{request.param}-1",
        main=f"camera_ctrl.shards.{request.param}:main",
        notes=Notes(1),
        arguments=(settings,),
        clock=SystemClock(),
    )
    yield started
    started.kill()
    started.wait_for_end()


def test_it_says_that_it_lives_and_ends_in_order(shard: ShardProcess) -> None:
    wait_until(shard.listen, timeout_s=30)

    shard.ask_to_end()
    wait_until(lambda: not shard.is_alive(), timeout_s=30)

    assert shard.exit_code() == 0


def test_it_ends_when_its_supervisor_is_gone(shard: ShardProcess) -> None:
    wait_until(shard.listen, timeout_s=30)

    shard.pipe.close()

    wait_until(lambda: not shard.is_alive(), timeout_s=30)
    assert shard.exit_code() == 0
