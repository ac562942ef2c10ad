"""What goes wrong around Vigil, and what goes on meanwhile."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
import redis

from tests.cameras import CameraProcess, rtsp_camera
from tests.e2e.boxed_writes import BoxedWrites
from tests.e2e.client import PASSWORD, Client
from tests.e2e.machine import RECOGNISERS, Machine
from tests.e2e.raw_http import RawHttp, request
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

MIB = 1024 * 1024
CAMERAS = 4
LIVE_S = 60.0
#: The promises: recognised again after a death, live again, the end of a right in mid-stream.
TAKEN_OVER_S = 5.0
BACK_S = 15.0
RECHECK_S = 10.0
#: What a busy machine may add.
MARGIN_S = 3.0
#: A stream that nothing disturbs has no longer gap between two frames, on a busy machine.
UNDISTURBED_S = 3.0
PAUSE_S = 10.0
#: What an answer may take while a server of ours is away: its timeout, and some.
ANSWERED_S = 12.0
#: A viewer that takes nothing is dropped after 20 s; its buffers fill before.
DROPPED_S = 45.0


@pytest.fixture(scope="module")
def camera(small_clip: Path) -> Iterator[CameraProcess]:
    """Give the camera that all of the machine's cameras are."""
    with rtsp_camera(small_clip) as it:
        yield it


@pytest.fixture(scope="module")
def camera_ids(machine: Machine, camera: CameraProcess) -> list[int]:
    """Give the numbers of cameras that are live, and shared by two recognisers."""
    numbers = [machine.admin.add_camera(f"Camera {n}", camera.url) for n in range(CAMERAS)]
    wait_until(lambda: machine.admin.is_active(*numbers), timeout_s=LIVE_S)
    return numbers


@pytest.fixture
def boxed(machine: Machine, camera_ids: list[int]) -> Iterator[list[Viewer]]:
    """Give a viewer at each recognised stream, all of which show frames."""
    with ExitStack() as watching:
        viewers = [
            watching.enter_context(Viewer(machine.admin, f"/recognized_stream/{each}"))
            for each in camera_ids
        ]
        for viewer in viewers:
            viewer.wait_for_frame(timeout_s=LIVE_S)
        yield viewers


@pytest.fixture
def raw(machine: Machine, camera_ids: list[int]) -> Iterator[Viewer]:
    """Give a viewer at the first camera's stream."""
    with Viewer(machine.admin, f"/get_stream/{camera_ids[0]}") as viewer:
        viewer.wait_for_frame(timeout_s=LIVE_S)
        yield viewer


def let_pass(seconds: float) -> None:
    """Wait: what is tested needs time to go wrong."""
    until_s = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until_s, timeout_s=seconds + 1)


def test_a_killed_workers_cameras_are_recognised_again_in_time(
    machine: Machine, boxed: list[Viewer]
) -> None:
    wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
    name = busiest(machine)
    killed_s = time.monotonic()
    machine.kill(name)
    try:
        let_pass(TAKEN_OVER_S + 1.0)
        for viewer in boxed:
            assert viewer.longest_gap_s(since_s=killed_s) < TAKEN_OVER_S
    finally:
        machine.start(name)
        wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)


def test_a_paused_worker_that_wakes_writes_nothing_old(
    machine: Machine, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    with BoxedWrites(machine.media) as checker:
        wait_until(lambda: set(checker.accepted()) == set(camera_ids), timeout_s=LIVE_S)

        # When a worker sleeps for longer than its leases live, and wakes
        wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
        name = busiest(machine)
        paused_s = time.monotonic()
        with machine.paused(name):
            let_pass(PAUSE_S)
        resumed_s = time.monotonic()
        wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
        let_pass(2.0)
        accepted = checker.accepted()

    # Then its cameras were looked at meanwhile
    for viewer in boxed:
        assert viewer.longest_gap_s(since_s=paused_s, until_s=resumed_s) < TAKEN_OVER_S
    # And no epoch went backwards, though some cameras changed hands twice
    for camera_id, epochs in accepted.items():
        assert all(earlier <= later for earlier, later in pairwise(epochs)), camera_id
        assert len(epochs) > 20
    assert any(len(set(epochs)) >= 3 for epochs in accepted.values())


def test_recognition_goes_on_with_both_redis_emptied_and_postgresql_stopped(
    machine: Machine, boxed: list[Viewer]
) -> None:
    machine.postgres.stop()
    try:
        for server in (machine.media, machine.queue):
            with redis.Redis.from_url(server.url) as client:
                client.flushall()
        for name in ("recognise-1", "ingest"):
            machine.stop(name)
            machine.start(name)
        for viewer in boxed:
            viewer.wait_for_frame(timeout_s=LIVE_S)
        wait_until(lambda: members(machine) == len(RECOGNISERS), timeout_s=LIVE_S)
        for viewer in boxed:
            viewer.wait_for_frame(timeout_s=LIVE_S)
    finally:
        machine.postgres.start()
    wait_until(lambda: machine.admin.get("/cameras").status == 200, timeout_s=BACK_S)
    # The head is back too: what is changed now takes effect.
    wait_until(lambda: has_head(machine), timeout_s=BACK_S)


def test_while_postgresql_is_away_streams_go_on_and_the_api_says_so(
    machine: Machine, raw: Viewer, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    begun_s = time.monotonic()
    machine.postgres.stop()
    try:
        assert_says_that_the_database_is_away(machine, camera_ids[0])
        # Longer than the time after which a stream asks for its right again.
        let_pass(begun_s + RECHECK_S + MARGIN_S - time.monotonic())
        assert_undisturbed([raw, *boxed], since_s=begun_s)
    finally:
        machine.postgres.start()
    wait_until(lambda: machine.admin.get("/cameras").status == 200, timeout_s=BACK_S)
    assert machine.admin.get("/readyz").status == 200
    assert_undisturbed([raw, *boxed], since_s=begun_s)


def test_while_postgresql_answers_nothing_streams_go_on_and_the_api_says_so(
    machine: Machine, raw: Viewer, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    begun_s = time.monotonic()
    with machine.frozen_postgres():
        # The first to ask wait for what was connected before; then nobody can connect.
        assert_in_words(machine, "/cameras", "The database")
        assert_in_words(machine, f"/get_stream/{camera_ids[0]}", "The database")
        assert machine.admin.get("/healthz").status == 200
        let_pass(begun_s + RECHECK_S + MARGIN_S - time.monotonic())
        assert_undisturbed([raw, *boxed], since_s=begun_s)
    wait_until(lambda: machine.admin.get("/cameras").status == 200, timeout_s=BACK_S)
    assert_undisturbed([raw, *boxed], since_s=begun_s)


def test_web_starts_while_postgresql_is_away(machine: Machine, camera_ids: list[int]) -> None:
    machine.postgres.stop()
    try:
        machine.stop("web")
        machine.start("web")
        machine.wait_until_healthy()
        assert machine.admin.get("/cameras").status == 503
    finally:
        machine.postgres.start()
    wait_until(lambda: machine.admin.is_active(*camera_ids), timeout_s=BACK_S)


def test_when_the_media_redis_goes_streams_say_so_and_come_back(
    machine: Machine, raw: Viewer, boxed: list[Viewer], camera_ids: list[int]
) -> None:
    machine.media.stop()
    try:
        for viewer in (raw, *boxed):
            viewer.wait_for_substitute(timeout_s=BACK_S)
        assert machine.admin.get("/cameras").status == 200
        assert machine.admin.get(f"/rectangles/{camera_ids[0]}").status == 200
        assert_in_words(machine, "/camera_status", "The message bus")
        snapshot = machine.admin.get(f"/get_snapshot/{camera_ids[0]}")
        assert snapshot.status == 200
        assert snapshot.headers["x-camera-status"] == "inactive"
    finally:
        machine.media.start()
    for viewer in (raw, *boxed):
        viewer.wait_for_frame(timeout_s=LIVE_S)
    wait_until(lambda: machine.admin.is_active(*camera_ids), timeout_s=BACK_S)


def test_when_the_queue_redis_goes_streams_go_on_and_changes_wait_for_it(
    machine: Machine, raw: Viewer, boxed: list[Viewer], camera: CameraProcess
) -> None:
    begun_s = time.monotonic()
    machine.queue.stop()
    try:
        assert machine.admin.get("/cameras").status == 200
        machine.admin.log_in()
        made = machine.admin.post("/cameras", {"name": "Late", "stream_url": camera.url})
        assert made.status == 201, made.body
        assert "when the message bus is back" in made.json["message"]
        assert_undisturbed([raw, *boxed], since_s=begun_s)
    finally:
        machine.queue.start()
    late = made.json["id"]
    wait_until(lambda: machine.admin.is_active(late), timeout_s=LIVE_S)
    assert machine.admin.delete(f"/cameras/{late}").status == 200
    assert_undisturbed([raw, *boxed], since_s=begun_s)


def test_viewers_that_take_nothing_are_dropped_and_cost_nobody(
    machine: Machine, camera: CameraProcess
) -> None:
    # Given a camera of many pictures, and viewers who open its stream and read nothing
    number = machine.admin.add_camera("Fast", camera.url, frame_fps=25, recognition="off")
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    with Viewer(machine.admin, f"/get_stream/{number}") as other, ExitStack() as held:
        other.wait_for_frame(timeout_s=LIVE_S)
        before, begun_s = machine.memory_bytes("web"), time.monotonic()
        path = machine.admin.sign(f"/get_stream/{number}")
        stalled = [RawHttp(machine.port, receive_buffer_bytes=4096) for _ in range(20)]
        for connection in stalled:
            held.callback(connection.close)
            connection.say(request("GET", path))
        their_ports = {connection.port for connection in stalled}

        # When it goes on for so long, then all of them are gone
        wait_until(lambda: their_ports <= callers(machine), timeout_s=BACK_S)
        wait_until(lambda: their_ports.isdisjoint(callers(machine)), timeout_s=DROPPED_S)

        # And neither memory nor the other viewer paid for it
        assert machine.memory_bytes("web") - before < 30 * MIB
        assert other.longest_gap_s(since_s=begun_s) < UNDISTURBED_S
        # What was kept for them is what the kernel holds, and no more.
        assert len(stalled[0].drained(within_s=5.0)) < MIB
    assert machine.admin.delete(f"/cameras/{number}").status == 200


def test_a_slow_viewer_gets_the_newest_picture_when_it_reads_again(
    machine: Machine, raw: Viewer, camera_ids: list[int]
) -> None:
    path = machine.admin.sign(f"/get_stream/{camera_ids[0]}")
    with RawHttp(machine.port, receive_buffer_bytes=4096) as slow:
        slow.say(request("GET", path))
        let_pass(5.0)
        newest = raw.wait_for_frame().jpeg
        wait_until(lambda: newest in slow.read_so_far(), timeout_s=BACK_S)


def test_fifty_viewers_that_vanish_leave_nothing_behind(
    machine: Machine, raw: Viewer, camera_ids: list[int]
) -> None:
    begun_s = time.monotonic()
    path = machine.admin.sign(f"/get_stream/{camera_ids[0]}")
    with ExitStack() as open_until_here:
        crowd = [open_until_here.enter_context(RawHttp(machine.port)) for _ in range(50)]
        their_ports = {connection.port for connection in crowd}
        for connection in crowd:
            connection.say(request("GET", path))
        for connection in crowd:
            assert connection.socket.recv(100).startswith(b"HTTP/1.1 200")
        assert their_ports <= callers(machine)

        for connection in crowd:
            # With a reset, as when a phone loses its network.
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    wait_until(lambda: their_ports.isdisjoint(callers(machine)), timeout_s=BACK_S)
    assert_undisturbed([raw], since_s=begun_s)
    assert "Traceback" not in machine.log_of("web")


def test_who_loses_the_right_in_mid_stream_is_shown_no_more(
    machine: Machine, raw: Viewer, camera_ids: list[int]
) -> None:
    # Given three who may watch
    people = [Client(machine.port) for _ in range(3)]
    for number, person in enumerate(people):
        person.register(f"viewer-{number}")
        assert person.get(f"/cameras/{camera_ids[0]}").status == 404
        granted = machine.admin.put(f"/cameras/{camera_ids[0]}/grants/{person.account_uuid}")
        assert granted.status == 204
    with ExitStack() as watching:
        viewers = [
            watching.enter_context(Viewer(person, f"/get_stream/{camera_ids[0]}"))
            for person in people
        ]
        for viewer in viewers:
            viewer.wait_for_frame()

        # When one loses the grant, one is shut out, and one logs out
        begun_s = time.monotonic()
        one, two, three = people
        grant = f"/cameras/{camera_ids[0]}/grants/{one.account_uuid}"
        assert machine.admin.delete(grant).status == 204
        shut = machine.admin.patch(f"/accounts/{two.account_uuid}", {"is_active": False})
        assert shut.status == 200
        assert three.post("/logout").status == 204

        # Then all three streams end, and nobody else's
        wait_until(
            lambda: all(viewer.has_ended for viewer in viewers), timeout_s=RECHECK_S + MARGIN_S
        )
    assert_undisturbed([raw], since_s=begun_s)


def test_no_log_holds_a_token_or_a_password(machine: Machine) -> None:
    tokens = [machine.admin.access_token, machine.admin.refresh_token]
    assert machine.leaks(PASSWORD, *tokens) == []


def assert_says_that_the_database_is_away(machine: Machine, camera_id: int) -> None:
    for path in ("/cameras", "/camera_status", f"/get_stream/{camera_id}"):
        assert_in_words(machine, path, "The database")
    refused = machine.admin.post("/login", {"username": "admin", "password": PASSWORD})
    assert refused.status == 503, refused.body
    assert machine.admin.get("/healthz").status == 200
    ready = machine.admin.get("/readyz")
    assert ready.status == 503
    assert ready.json["checks"] == {"postgresql": False, "redis": True, "queue_redis": True}


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


def busiest(machine: Machine) -> str:
    """Return the recogniser that holds most cameras: chance may give one all of them."""
    with redis.Redis.from_url(machine.media.url) as client:
        leases = client.scan_iter(match="*boxed_image}:lease")
        holders = [(client.hget(lease, "holder") or b"").decode() for lease in leases]
    return max(
        RECOGNISERS, key=lambda name: sum(f":{machine.pid(name)}:" in held for held in holders)
    )


def has_head(machine: Machine) -> bool:
    with redis.Redis.from_url(machine.queue.url) as client:
        return bool(client.exists("vigil:camera_config:head"))


def callers(machine: Machine) -> set[int]:
    """Return the far ports of the connections that web's port has."""
    connections = psutil.Process(machine.pid("web")).net_connections("tcp")
    return {
        each.raddr.port for each in connections if each.laddr.port == machine.port and each.raddr
    }
