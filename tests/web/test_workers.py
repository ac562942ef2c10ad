"""``/workers`` and ``vigil status``: who looks at which camera, and why."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from typing_extensions import override
from werkzeug.serving import make_server

from tests.web.conftest import WorldOf
from tests.web.worlds import PASSWORD, World
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.leases.redis import RedisLeases
from vigil.cli import main as vigil
from vigil.domain.assignment import assign
from vigil.domain.camera import CameraId, Epoch
from vigil.messages import MemberReport, RecognitionStatus
from web.wiring import EXTENSION

ANNA, BERT = "host-a:11:aaaaaa", "host-b:22:bbbbbb"


def announce(world: World, name: str, **fields: float) -> None:
    report = MemberReport(since_us=1_790_000_000_000_000, recognisers=("yolox_nano",), **fields)
    world.wiring.pool.leases.announce(name, report, ttl_s=60)


def look(world: World, member: str, camera_id: int, **fields: object) -> None:
    """Let a worker say how it goes with a camera, as the real one does."""
    pool, camera = world.wiring.pool, CameraId(camera_id)
    epoch = pool.leases.acquire(camera, member, ttl_s=60, last_seen=Epoch(0))
    assert epoch is not None
    status = RecognitionStatus(owner=member, epoch=epoch, recogniser="yolox_nano")
    pool.statuses.put(camera, status.model_copy(update=fields), epoch=epoch)


def test_an_operator_sees_who_has_what_and_who_should(world: World) -> None:
    door, yard, hall = (world.camera(name, frame_fps=5) for name in ("Door", "Yard", "Hall"))
    world.camera("Unseen", recognition="off")
    announce(world, ANNA, capacity_fps=40.0, wanted_fps=10.0, looked_fps=9.9)
    announce(world, BERT)
    look(world, ANNA, door, looked_fps=4.9, inference_ms=21.0, counts={"person": 2})
    look(world, ANNA, yard, error="its model is not there yet")

    said = world.admin().get("/workers").json

    anna, bert = said["workers"]
    assert anna == {
        "name": ANNA,
        "host": "host-a",
        "pid": 11,
        "since": "2026-09-21T14:13:20+00:00",
        "recognisers": ["yolox_nano"],
        "camera_ids": [door, yard],
        "capacity_fps": 40.0,
        "wanted_fps": 10.0,
        "looked_fps": 9.9,
        "load_ratio": 0.25,
    }
    assert (bert["camera_ids"], bert["capacity_fps"], bert["load_ratio"]) == ([], None, None)
    ours = assign({CameraId(k): 5.0 for k in (door, yard, hall)}, {ANNA: 40.0, BERT: None})
    assert {k["id"]: k["assigned_to"] for k in said["cameras"]} == ours
    assert [each["worker"] for each in said["cameras"]] == [ANNA, ANNA, None]
    assert [each["error"] for each in said["cameras"]] == [
        None,
        "its model is not there yet",
        "No worker looks at it.",
    ]
    assert said["cameras"][0]["looked_fps"] == 4.9


def test_without_workers_it_is_said_that_nobody_looks(world: World) -> None:
    world.camera("Door")

    said = world.admin().get("/workers").json

    assert said["workers"] == []
    assert said["cameras"][0]["assigned_to"] is None
    assert said["cameras"][0]["error"] == "No worker looks at it."


def test_while_redis_is_away_nobody_knows(world_of: WorldOf) -> None:
    world = world_of()
    nowhere = connect_single("redis://127.0.0.1:1/0")
    pool = replace(world.wiring.pool, leases=RedisLeases(nowhere, role=keys.Role.RECOGNITION))
    admin = world.admin()
    world.app.extensions[EXTENSION] = replace(world.wiring, pool=pool)

    assert admin.get("/workers").status_code == 503


@contextmanager
def served(world: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_command_prints_workers_and_what_is_wrong(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, yard = world.camera("Door"), world.camera("Yard")
    announce(world, ANNA, capacity_fps=40.0, wanted_fps=10.0, looked_fps=9.9)
    look(world, ANNA, door)
    monkeypatch.setenv("VIGIL_PASSWORD", PASSWORD)
    world.admin()

    with served(world) as url:
        assert vigil(["status", "--url", url, "--username", "admin"]) == 1
        said = capsys.readouterr().out
        assert "25 %" in said
        assert ANNA in said
        assert f"camera {yard} (Yard): No worker looks at it." in said
        look(world, ANNA, yard)
        assert vigil(["status", "--url", url, "--username", "admin", "--json"]) == 0
        assert '"camera_ids"' in capsys.readouterr().out


def test_the_command_says_what_to_do_when_web_refuses_or_is_away(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIGIL_TOKEN", raising=False)
    with served(world) as url:
        assert vigil(["status", "--url", url]) == 2
        assert "--username" in capsys.readouterr().err
    assert vigil(["status", "--url", url]) == 1
    assert "does not answer" in capsys.readouterr().err
    assert vigil(["status", "--url", "127.0.0.1:5000"]) == 2
    assert "should be like http://" in capsys.readouterr().err


def of_json(body: bytes) -> bytes:
    return b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + body


@pytest.mark.parametrize(
    "answered",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        of_json(b"<html>"),
        of_json(b"\xff\xfe"),
        of_json(b"[]"),
        of_json(b"{}"),
        of_json(b'{"workers": []}'),
        of_json(b'{"cameras": []}'),
    ],
)
def test_the_command_says_that_somebody_else_answers(
    capsys: pytest.CaptureFixture[str], answered: bytes
) -> None:
    class Other(socketserver.StreamRequestHandler):
        @override
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(answered)

    with socketserver.TCPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            assert vigil(["status", "--url", url]) == 2
        finally:
            server.shutdown()
            thread.join()

    assert "is not Vigil's" in capsys.readouterr().err
