"""What goes wrong around Vigil, and what goes on meanwhile."""

import socket
import struct
import time
from contextlib import ExitStack

import psutil
import pytest

from tests.cameras import CameraProcess
from tests.e2e.client import PASSWORD, Client
from tests.e2e.faults import (
    BACK_S,
    LIVE_S,
    MARGIN_S,
    RECHECK_S,
    UNDISTURBED_S,
    assert_in_words,
    assert_undisturbed,
    let_pass,
)
from tests.e2e.machine import Machine
from tests.e2e.raw_http import RawHttp, request
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

MIB = 1024 * 1024
#: A viewer that takes nothing is dropped after 20 s; its buffers fill before.
DROPPED_S = 45.0


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


def callers(machine: Machine) -> set[int]:
    """Return the far ports of the connections that web's port has."""
    connections = psutil.Process(machine.pid("web")).net_connections("tcp")
    return {
        each.raddr.port for each in connections if each.laddr.port == machine.port and each.raddr
    }
