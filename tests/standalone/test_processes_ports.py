"""A port that is found free stays so until its server listens, and while that is away."""

import socket
from pathlib import Path

import pytest

from standalone.processes import ports
from standalone.processes.ports import LOOPBACK, free_port


def test_no_caller_is_given_a_free_port_by_chance() -> None:
    # Given the port that the kernel gives a caller who names none
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        socket.create_connection(server.getsockname()[:2]) as caller,
    ):
        given: int = caller.getsockname()[1]
    first, last = map(int, ports.GIVEN_BY_CHANCE.read_text().split())
    assert first <= given <= last

    # Then none of ours is one of those
    assert [port for port in (free_port() for _ in range(50)) if first <= port <= last] == []


def test_a_taken_port_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((LOOPBACK, free_port())) as server:
        taken: int = server.getsockname()[1]
        monkeypatch.setattr(ports, "_OURS", range(taken, taken + 1))
        assert free_port() != taken


def test_where_callers_may_be_given_any_port_a_free_one_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "range"
    path.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "GIVEN_BY_CHANCE", path)

    with socket.create_server((LOOPBACK, free_port())) as server:
        assert server.getsockname()[1] >= 1024
