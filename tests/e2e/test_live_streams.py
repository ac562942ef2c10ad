"""Live pictures in detail: when they come, what stands in for them, and what each costs."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
import redis

from tests.cameras import CameraProcess, Fault, rtsp_camera
from tests.e2e.client import PASSWORD, Client
from tests.e2e.footage import Image, decoded
from tests.e2e.machine import Machine
from tests.e2e.raw_http import RawHttp, ask, request
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.frames.redis import RedisFrameStore
from vigil.domain.camera import CameraId
from vigil.domain.frame import FrameStamp, read_stamp
from web.live.reader import QUIET_S

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

#: The promise: a dead camera is seen to be dead within so long.
DEAD_WITHIN_S = 5.0
#: What a busy machine may add to a promise that another process than ours must be scheduled for.
MARGIN_S = 1.0
#: The no-signal picture comes once a second; a busy machine may be half a second late.
SUBSTITUTE_GAP_S = (0.4, 1.6)
LIVE_S = 40.0
#: A busy machine may let a picture pass before two viewers have begun, but not each time.
TRIES = 5
VIEWERS = 12
PICTURES = 25


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with one recogniser, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder, services=("web", "ingest", "recognise-1")) as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD) == []


@pytest.fixture(scope="module")
def camera(small_clip: Path) -> Iterator[CameraProcess]:
    """Give a camera whose faults each test takes back."""
    with rtsp_camera(small_clip) as it:
        yield it


@pytest.fixture(scope="module")
def camera_id(machine: Machine, camera: CameraProcess) -> int:
    """Give the number of a camera that is live and looked at."""
    number = machine.admin.add_camera("Yard", camera.url)
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    with Viewer(machine.admin, f"/recognized_stream/{number}") as viewer:
        viewer.wait_for_frame(timeout_s=LIVE_S)
    return number


def test_a_stream_has_the_form_of_the_contract(machine: Machine, camera_id: int) -> None:
    for kind in ("get_stream", "recognized_stream"):
        with Viewer(machine.admin, f"/{kind}/{camera_id}") as viewer:
            # The viewer holds each part to its form.
            parts = viewer.wait_for(5)
        assert viewer.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        assert "no-store" in viewer.headers["cache-control"]
        assert "content-length" not in viewer.headers
        assert all(decoded(part.jpeg).shape == (180, 320, 3) for part in parts)
        assert len({part.stamp for part in parts}) == len(parts)


def test_an_old_client_gets_its_stream_without_chunks(machine: Machine, camera_id: int) -> None:
    path = machine.admin.sign(f"/get_stream/{camera_id}")

    with RawHttp(machine.port) as connection:
        connection.say(request("GET", path, version="HTTP/1.0"))
        piece = b""
        while piece.count(b"--frame\r\n") < 3:
            piece += connection.socket.recv(65_536)
    head, _, body = piece.partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert body.startswith(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ")


@pytest.mark.parametrize(
    ("kind", "of"),
    [("get_stream", keys.FrameKind.RAW), ("recognized_stream", keys.FrameKind.BOXED)],
)
def test_who_comes_is_shown_what_is_there_and_waits_for_no_other_picture(
    machine: Machine, camera: CameraProcess, kind: str, of: keys.FrameKind
) -> None:
    # Given a camera with a picture each ten seconds
    number = machine.admin.add_camera(f"Slow {kind}", camera.url, frame_fps=0.1)
    with closing(connect(machine.media.url)) as media:
        pictures = RedisFrameStore(media, kind=of)

        def newest() -> FrameStamp | None:
            jpeg = pictures.newest([CameraId(number)]).get(CameraId(number))
            return None if jpeg is None else read_stamp(jpeg)

        wait_until(newest, timeout_s=LIVE_S)
        for _ in range(TRIES):
            there = newest()
            # When one begins to watch, and another beside them
            with (
                Viewer(machine.admin, f"/{kind}/{number}") as first,
                Viewer(machine.admin, f"/{kind}/{number}") as second,
            ):
                wait_until(lambda: first.parts and second.parts, timeout_s=LIVE_S)
                shown = [first.parts[0].stamp, second.parts[0].stamp]
                is_still_there = newest() == there
            if is_still_there:
                break
        else:
            pytest.fail("each time another picture came before both viewers had one")

    # Then it is what was there
    assert shown == [there, there]
    assert machine.admin.delete(f"/cameras/{number}").status == 200


@pytest.mark.parametrize("kind", ["get_stream", "recognized_stream"])
@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.FREEZE])
def test_a_camera_that_dies_is_seen_to_be_dead_and_to_come_back(
    machine: Machine, camera: CameraProcess, camera_id: int, kind: str, fault: Fault
) -> None:
    with Viewer(machine.admin, f"/{kind}/{camera_id}") as viewer, ExitStack() as mended:
        viewer.wait_for_frame()

        camera.fault(fault)
        mended.callback(camera.fault, Fault.NONE)
        died_s = time.monotonic()

        # Within 5 s both streams, the status and the snapshot say so.
        part = viewer.wait_for_substitute(timeout_s=DEAD_WITHIN_S + MARGIN_S)
        assert is_no_signal(decoded(part.jpeg))
        assert part.at_s - died_s < DEAD_WITHIN_S + MARGIN_S
        assert not machine.admin.is_active(camera_id)
        snapshot = machine.admin.get(f"/get_snapshot/{camera_id}")
        assert snapshot.status == 200
        assert snapshot.headers["x-camera-status"] == "inactive"
        assert is_no_signal(decoded(snapshot.body))

        # Once a second it comes again, and no frame does.
        parts = viewer.wait_for(4)
        assert all(each.stamp is None for each in parts)
        gaps_s = np.diff([each.at_s for each in parts])
        assert SUBSTITUTE_GAP_S[0] < gaps_s.min()
        assert gaps_s.max() < SUBSTITUTE_GAP_S[1]

        mended.close()
        viewer.wait_for_frame(timeout_s=LIVE_S)
        wait_until(lambda: machine.admin.is_active(camera_id), timeout_s=LIVE_S)
    assert "x-camera-status" not in machine.admin.get(f"/get_snapshot/{camera_id}").headers


def test_a_camera_that_nobody_looks_at_shows_raw_frames_and_says_so(
    machine: Machine, camera: CameraProcess
) -> None:
    number = machine.admin.add_camera("Unseen", camera.url, recognition="off")
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    with (
        Viewer(machine.admin, f"/get_stream/{number}") as raw,
        Viewer(machine.admin, f"/recognized_stream/{number}") as boxed,
    ):
        frame = decoded(raw.wait_for_frame(timeout_s=LIVE_S).jpeg)
        shown = [decoded(part.jpeg) for part in boxed.wait_for(6, timeout_s=LIVE_S)[1:]]
        times_s = [part.at_s for part in boxed.parts]
    assert all(image.shape == frame.shape for image in shown)
    assert all(has_banner(image) for image in shown)
    assert not has_banner(frame)
    # As often as the camera's frames come, not once a second.
    assert np.median(np.diff(times_s)) < 0.6
    assert machine.admin.delete(f"/cameras/{number}").status == 200


def test_without_a_recogniser_the_stream_goes_on_with_a_banner(
    machine: Machine, camera_id: int
) -> None:
    with Viewer(machine.admin, f"/recognized_stream/{camera_id}") as viewer:
        viewer.wait_for_frame()
        assert machine.stop("recognise-1") == 0
        try:
            # The last boxed image lives as long as a frame may; then raw ones come.
            wait_until(
                lambda: has_banner(decoded(viewer.wait_for(1)[-1].jpeg)), timeout_s=DEAD_WITHIN_S
            )
            assert machine.admin.is_active(camera_id)
        finally:
            machine.start("recognise-1")
        viewer.wait_for_frame(timeout_s=LIVE_S)


def test_a_montage_shows_several_cameras(
    machine: Machine, camera: CameraProcess, camera_id: int
) -> None:
    dead = machine.admin.add_camera("Dead", "rtsp://127.0.0.1:9/none")
    path = f"/recognized_stream?camera_ids={camera_id},{dead},{camera_id}&row=2&column=2"
    with Viewer(machine.admin, path) as viewer:
        image = decoded(viewer.wait_for(9, timeout_s=LIVE_S)[-1].jpeg)
    height, width = image.shape[:2]
    tiles = [
        image[top : top + height // 2, left : left + width // 2]
        for top in (0, height // 2)
        for left in (0, width // 2)
    ]
    # The live camera is at both its places, the dead one says so, and the last place is empty.
    assert np.abs(tiles[0].astype(int) - tiles[2]).mean() < 3
    assert is_no_signal(tiles[1])
    assert tiles[3].max() < 60
    for bad, status in (("0", 404), ("x", 422), ("", 422), (f"{camera_id},99", 404)):
        reply = machine.admin.get(f"/recognized_stream?camera_ids={bad}")
        assert reply.status == status, bad
    assert machine.admin.delete(f"/cameras/{dead}").status == 200


def test_a_signed_address_begins_its_stream_alone(machine: Machine, camera_id: int) -> None:
    nobody = Client(machine.port)
    for path in (
        f"/get_stream/{camera_id}",
        f"/recognized_stream/{camera_id}",
        f"/recognized_stream?camera_ids={camera_id}",
    ):
        assert nobody.get(path).status == 401
        with Viewer(nobody, machine.admin.sign(path)) as viewer:
            viewer.wait_for(2)
    # For no other path, and not when anything of it was changed.
    signed = machine.admin.sign(f"/get_stream/{camera_id}")
    token = signed.partition("token=")[2]
    assert nobody.get(f"/recognized_stream/{camera_id}?token={token}").status == 401
    assert nobody.get(f"/cameras?token={token}").status == 401
    assert nobody.get(f"/get_stream/{camera_id}?token={token[:-2]}").status == 401


def test_an_unknown_camera_is_refused_before_the_first_byte(machine: Machine) -> None:
    for path in ("/get_stream/999", "/recognized_stream/999", "/get_snapshot/999"):
        reply = machine.admin.get(path)
        assert reply.status == 404
        assert reply.json["code"] == 404


def test_each_picture_is_read_once_however_many_watch(
    machine: Machine, camera: CameraProcess
) -> None:
    # Given a camera that no recogniser reads, and many viewers
    number = machine.admin.add_camera("Popular", camera.url, recognition="off")
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    with ExitStack() as watching:
        viewers = [
            watching.enter_context(Viewer(machine.admin, f"/get_stream/{number}"))
            for _ in range(VIEWERS)
        ]
        for viewer in viewers:
            viewer.wait_for_frame(timeout_s=LIVE_S)

        first = newest_that_all_show(viewers)

        # When the camera has given some more pictures
        begun_s = time.monotonic()
        read = reads_while_written(machine, number, pictures=PICTURES)
        took_s = time.monotonic() - begun_s
        last = newest_that_all_show(viewers)
        shown = [
            {stamp.order for part in viewer.frames() if (stamp := part.stamp) is not None}
            for viewer in viewers
        ]

    # Then each was read once, but for the looks at a camera that was quiet for long
    assert read <= PICTURES + 1 + took_s / QUIET_S
    # And shown to all
    between = [sum(first < order <= last for order in orders) for orders in shown]
    assert max(between) >= PICTURES - 2
    assert max(between) - min(between) <= 2
    assert machine.admin.delete(f"/cameras/{number}").status == 200


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_when_nobody_watches_nothing_is_read(
    machine: Machine, camera: CameraProcess, method: str
) -> None:
    # Given a camera that no recogniser looks at, and viewers who are gone
    number = machine.admin.add_camera(f"Alone {method}", camera.url, recognition="off")
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    for _ in range(5):
        signed = machine.admin.sign(f"/get_stream/{number}")
        if method == "HEAD":
            assert ask(machine.port, request("HEAD", signed)).status == 200
        else:
            with Viewer(machine.admin, f"/get_stream/{number}") as viewer:
                viewer.wait_for_frame()

    # Then its pictures are not read any more
    wait_until(lambda: reads_of(machine, number, during_s=2.5) == 0, timeout_s=LIVE_S)
    assert machine.admin.delete(f"/cameras/{number}").status == 200


def newest_that_all_show(viewers: Sequence[Viewer]) -> tuple[int, int]:
    """Return the order of the newest frame that one viewer has, once all have it or a newer."""

    def newest_of(viewer: Viewer) -> tuple[int, int]:
        return max(stamp.order for part in viewer.frames() if (stamp := part.stamp) is not None)

    newest = max(map(newest_of, viewers))
    wait_until(lambda: all(newest_of(viewer) >= newest for viewer in viewers), timeout_s=LIVE_S)
    return newest


def reads_while_written(machine: Machine, camera_id: int, *, pictures: int) -> int:
    """Return how often a camera's newest picture was read while so many were written."""
    wanted, written, read = f"camera_{camera_id}_latest_frame", 0, 0
    with (
        redis.Redis.from_url(machine.media.url, socket_timeout=LIVE_S) as client,
        client.monitor() as monitor,
    ):
        while written < pictures:
            command = monitor.next_command()["command"]
            written += command.startswith(f"SET {wanted} ")
            read += f"GET {wanted}" in command
    return read


def reads_of(machine: Machine, camera_id: int, *, during_s: float) -> int:
    """Return how often a camera's newest picture was read within some seconds."""
    wanted = f"camera_{camera_id}_latest_frame"
    until_s = time.monotonic() + during_s
    with redis.Redis.from_url(machine.media.url, socket_timeout=during_s) as client:
        return count_commands(client, lambda line: f"GET {wanted}" in line, until_s)


def count_commands(client: redis.Redis, is_one: Callable[[str], bool], until_s: float) -> int:
    found = 0
    with client.monitor() as monitor:
        while time.monotonic() < until_s:
            found += is_one(monitor.next_command()["command"])
    return found


def is_no_signal(image: Image) -> bool:
    """Tell the purple gradient with the red sign, at whatever size."""
    height, width = image.shape[:2]
    corner = image[height // 10, width // 10].astype(int)
    sign = image[round(height * 0.36), round(width * 0.44)].astype(int)
    is_purple = corner[0] > corner[2] > corner[1]
    is_red = sign[2] > 150 and sign[:2].max() < 120
    return bool(is_purple and is_red)


def has_banner(image: Image) -> bool:
    """Tell the band along the top edge, whose colour is the banner's."""
    # Its left end, before the words.
    band = image[2:8, 1:5].reshape(-1, 3).astype(int)
    return bool(np.abs(band - (60, 50, 160)).max() < 40)
