"""From a camera to a file in a browser, with the recorder killed on the way."""

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from standalone.demo.counter import read_counter
from tests.cameras import CameraProcess, rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.e2e.machine import Machine
from tests.e2e.raw_http import RawHttp, request
from tests.waiting import wait_until
from tests.web.recorded import parsed

pytestmark = pytest.mark.timeout(300)

LIVE_S = 40.0
#: A file as large as a minute of 4 Mbit/s, and those who ask for it at once.
LARGE_MIB, READERS = 30, 12
#: So long that a frame that is missing is told from one that was recorded twice.
LONG = replace(SMALL, length_s=20.0)
#: Frames of the clip, which begins again behind the last.
ROUND = round(LONG.fps * LONG.length_s)
#: What is recorded twice after a kill: up to a GOP, what no sync and no fragment held, and a read.
TWICE = round(LONG.fps * (LONG.gop_s + 1.0 + 0.5 + 0.5))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine that records, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    services = ("web", "ingest", "writer", "record")
    settings = {
        "SEGMENT_S": "2",
        "FOOTAGE_RESERVE_BYTES": "0",
        "FOOTAGE_PATH": str(folder / "footage"),
    }
    with Machine(folder, services=services, **settings) as it:
        it.admin.register("admin")
        yield it


@pytest.fixture(scope="module")
def camera(card_clip: CardClip) -> Iterator[CameraProcess]:
    with rtsp_camera(card_clip(LONG)) as it:
        yield it


@pytest.fixture(scope="module")
def camera_id(machine: Machine, camera: CameraProcess) -> int:
    """Give the number of a camera that was recorded for a while, and is not any more."""
    number = machine.admin.add_camera("Yard", camera.url, recognition="off")
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    machine.admin.patch(f"/cameras/{number}", {"recording": "continuous"})
    wait_until(lambda: len(_done(machine, number)) >= 3, timeout_s=LIVE_S)
    machine.kill("record")
    machine.start("record")
    before = len(_done(machine, number))
    wait_until(lambda: len(_done(machine, number)) >= before + 3, timeout_s=LIVE_S)
    assert _availability(machine, number)["recorder"]["error"] is None
    machine.admin.patch(f"/cameras/{number}", {"recording": "off"})

    def is_over() -> bool:
        return len(_done(machine, number)) == len(_files(machine, number))

    wait_until(is_over, timeout_s=LIVE_S)
    return number


def _files(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = machine.admin.get(f"/recordings?camera_id={camera_id}").json
    # One that was cut off, and the one that begins again with the same GOP, begin at one moment.
    return sorted(found, key=lambda each: (str(each["begun_at"]), str(each["ended_at"])))


def _done(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    return [each for each in _files(machine, camera_id) if each["ended_at"] is not None]


def _availability(machine: Machine, camera_id: int) -> Any:
    return machine.admin.get(f"/recordings/{camera_id}/availability").json


def _content(machine: Machine, file: dict[str, Any]) -> bytes:
    answer = machine.admin.get(f"/recordings/files/{file['id']}")
    assert (answer.status, answer.headers["content-type"]) == (200, "video/mp4")
    assert len(answer.body) == file["size_bytes"]
    return answer.body


def _numbers(file: Path | io.BytesIO) -> list[int | None]:
    """Return what each frame of a file says it is."""
    with av.open(file, "r") as container:
        return [
            read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
            for frame in container.decode(video=0)
        ]


def test_every_frame_is_there_also_of_those_while_the_recorder_was_dead(
    machine: Machine, camera_id: int, tmp_path: Path
) -> None:
    files = [_write(tmp_path, machine, each) for each in _files(machine, camera_id)]
    seen = [_numbers(path) for path in files]

    for numbers in seen:
        assert None not in numbers
        assert _steps(numbers) == {1}
    for numbers, following in itertools.pairwise(seen):
        assert numbers[-1] is not None
        assert following[0] is not None
        missing = (following[0] - numbers[-1] - 1) % ROUND
        assert missing == 0 or ROUND - missing <= TWICE, (numbers[-5:], following[:5])


def test_as_one_stream_every_frame_is_shown_once(machine: Machine, camera_id: int) -> None:
    begun_at = str(_files(machine, camera_id)[0]["begun_at"]).replace("+00:00", "Z")
    answer = machine.admin.get(f"/recordings/{camera_id}/playlist.m3u8?since={begun_at}")
    assert answer.status == 200
    playlist = parsed(answer.body.decode())
    assert playlist.is_over

    numbers: list[int | None] = []
    for piece in playlist.pieces:
        path = piece.uri.replace("../", "/recordings/")
        parts = [
            machine.admin.get(path, Range=f"bytes={begin}-{begin + size - 1}")
            for size, begin in (piece.head, piece.place)
        ]
        assert {part.status for part in parts} == {206}
        numbers += _numbers(io.BytesIO(b"".join(part.body for part in parts)))

    # Also where the recorder was killed, and began again before the end of what it had written
    assert _steps(numbers) == {1}
    assert playlist.length_s == pytest.approx(len(numbers) / LONG.fps, abs=0.5)


def test_it_is_one_span_without_a_gap(machine: Machine, camera_id: int) -> None:
    said = _availability(machine, camera_id)

    assert len(said["spans"]) == 1
    assert said["gaps"] == []
    files = _files(machine, camera_id)
    assert said["spans"][0]["begun_at"] == files[0]["begun_at"]


def _steps(numbers: Sequence[int | None]) -> set[int]:
    known = [number for number in numbers if number is not None]
    return {(b - a) % ROUND for a, b in itertools.pairwise(known)}


def _write(folder: Path, machine: Machine, file: dict[str, Any]) -> Path:
    path = folder / f"{file['id']}.mp4"
    path.write_bytes(_content(machine, file))
    return path


def test_a_large_file_is_sent_as_it_is_read_whole_and_in_part(
    machine: Machine, camera_id: int
) -> None:
    # Given a file that is far larger than web may hold for each who asks
    file = _files(machine, camera_id)[0]
    [path] = _paths(machine, file)
    content = np.random.default_rng(4).bytes(2**20) * LARGE_MIB
    path.write_bytes(content)
    address = f"/recordings/files/{file['id']}"

    assert machine.admin.get(address).body == content
    part = machine.admin.get(address, Range="bytes=5000000-9000000")
    assert (part.status, part.body) == (206, content[5_000_000:9_000_001])

    # When many ask and read nothing
    before = machine.memory_bytes("web")
    asking = [RawHttp(machine.port, receive_buffer_bytes=4096) for _ in range(READERS)]
    try:
        token = f"Authorization: {machine.admin.authorization()['Authorization']}"
        for each in asking:
            each.say(request("GET", address, token))
            assert b" 200 OK" in each.read_so_far()

        # Then others are answered, and the files are not in memory
        assert machine.admin.get("/cameras").status == 200
        assert machine.memory_bytes("web") - before < READERS * 2 * 2**20
    finally:
        for each in asking:
            each.close()


def _paths(machine: Machine, file: dict[str, Any]) -> list[Path]:
    """Return where a file of footage lies, by its size."""
    found = (machine.folder / "footage").rglob("*.mp4")
    return [path for path in found if path.stat().st_size == file["size_bytes"]]


def test_what_somebody_protects_stays_and_what_an_admin_deletes_goes(
    machine: Machine, camera_id: int
) -> None:
    # Given that nobody records it any more, and that the first of its files is protected
    wait_until(lambda: _availability(machine, camera_id)["recorder"] is None, timeout_s=LIVE_S)

    def are_done() -> bool:
        return len(_done(machine, camera_id)) == len(_files(machine, camera_id))

    wait_until(are_done, timeout_s=LIVE_S)
    first, *rest = _done(machine, camera_id)
    body = {"since": first["begun_at"], "until": first["ended_at"], "reason": "of tests"}
    made = machine.admin.post(f"/recordings/{camera_id}/protections", body)
    assert made.status == 201, made.body

    # When everything of the camera is deleted
    span = "since=2020-01-01T00:00:00Z&until=2200-01-01T00:00:00Z"
    path = f"/recordings/{camera_id}?{span}"
    asked = machine.admin.delete(path).json
    assert asked["protected_files"] >= 1
    assert len(_files(machine, camera_id)) == 1 + len(rest)
    done = machine.admin.delete(f"{path}&confirmation={asked['confirmation']}")
    assert done.status == 200, done.body

    # Then nobody is shown it any more, and soon the disk has room
    left = {each["id"] for each in _files(machine, camera_id)}
    assert first["id"] in left
    assert len(left) == asked["protected_files"]
    assert {gap["reason"] for gap in _availability(machine, camera_id)["gaps"]} == {"deleted"}
    assert machine.admin.get(f"/recordings/files/{rest[-1]['id']}").status == 404
    footage = machine.folder / "footage"
    wait_until(lambda: len(list(footage.rglob("*.mp4*"))) == len(left), timeout_s=LIVE_S)
    assert machine.admin.get("/set_aside_facts").json == []

    def is_told() -> bool:
        [volume] = machine.admin.get("/recordings/storage").json["volumes"]
        return bool(volume["is_current"] and volume["files"] == len(left))

    wait_until(is_told, timeout_s=LIVE_S)
