"""What a run consists of, decided from settings and machine."""

import pytest
from pydantic import TypeAdapter
from pydantic.networks import RedisDsn

from standalone.plan import check_ports, plan, ports
from standalone.settings import RunSettings
from vigil.errors import SetupInvalid

GIB = 2**30
REDIS = TypeAdapter(RedisDsn).validate_python("redis://elsewhere:6379/0")


@pytest.fixture(autouse=True)
def _no_settings_around(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in RunSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    # Nor a .env of whoever runs the tests.
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    ("port", "stream_port", "opened"),
    [
        (None, None, (5000, 15440)),
        (5055, None, (5055,)),
        (5055, 5056, (5055, 5056)),
        (None, 5056, (5000, 5056)),
        (5055, 5055, (5055,)),
        (None, 5000, (5000,)),
    ],
)
def test_ports(port: int | None, stream_port: int | None, opened: tuple[int, ...]) -> None:
    assert ports(port, stream_port) == opened


def test_with_nothing_set_both_servers_are_ours() -> None:
    planned = plan(RunSettings(), memory_bytes=8 * GIB)
    assert (planned.needs_media, planned.needs_queue) == (True, True)


def test_a_media_server_of_theirs_gets_a_queue_server_of_ours_beside_it() -> None:
    planned = plan(RunSettings(redis_url=REDIS), memory_bytes=8 * GIB)
    assert (planned.needs_media, planned.needs_queue) == (False, True)


def test_with_both_set_no_server_is_ours() -> None:
    planned = plan(RunSettings(redis_url=REDIS, queue_redis_url=REDIS), memory_bytes=8 * GIB)
    assert (planned.needs_media, planned.needs_queue) == (False, False)


@pytest.mark.parametrize(
    ("memory_bytes", "media_max_bytes"),
    [(8 * GIB, 2 * GIB), (GIB // 2, 192 * 2**20)],
)
def test_memory_is_a_share_of_the_machine_with_a_least(
    memory_bytes: int, media_max_bytes: int
) -> None:
    planned = plan(RunSettings(), memory_bytes=memory_bytes)
    assert planned.media_max_bytes == media_max_bytes
    assert 64 * 2**20 <= planned.queue_max_bytes < planned.media_max_bytes


def test_free_ports_are_let_pass() -> None:
    check_ports((5000, 15440), fault_of=lambda _port: None)


def test_each_port_at_fault_is_named_and_the_next_good_one_offered() -> None:
    faults = {5000: "is taken by another program", 5001: "is taken too", 15440: "is taken as well"}
    with pytest.raises(SetupInvalid) as refused:
        check_ports((5000, 15440), fault_of=faults.get)
    assert str(refused.value) == (
        "Port 5000 is taken by another program. Port 15440 is taken as well. "
        "Port 5002 is free: make run PORT=5002"
    )


def test_in_place_of_a_port_for_root_one_for_everybody_is_offered() -> None:
    with pytest.raises(SetupInvalid, match=r"PORT=1024$"):
        check_ports((80,), fault_of=lambda port: "cannot be opened" if port < 1024 else None)
