"""From cameras that send pictures to files in which each is, the recorder killed on the way."""

import io
import itertools
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
import numpy as np
import psutil
import pytest

from standalone.demo.counter import read_counter
from tests.cameras import CameraProcess, Fault, mjpeg_camera, still_camera
from tests.e2e.machine import Machine
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

LIVE_S = 90.0
SIZE_WH = (320, 180)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine that records, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    settings = {
        "SEGMENT_S": "3",
        "FOOTAGE_RESERVE_BYTES": "0",
        "FOOTAGE_PATH": str(folder / "footage"),
    }
    with Machine(folder, services=("web", "ingest", "writer", "record"), **settings) as it:
        it.admin.register("admin")
        yield it


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraProcess]:
    with mjpeg_camera(size_wh=SIZE_WH, fps=10) as it:
        yield it


@pytest.fixture(scope="module")
def cameras(machine: Machine, camera: CameraProcess) -> Iterator[dict[str, int]]:
    """Give one that streams and one that is polled, recorded over two deaths and some garbage."""
    with still_camera(size_wh=SIZE_WH, fps=2) as still:
        made = {
            "stream": machine.admin.add_camera("Yard", camera.url, recognition="off"),
            "still": machine.admin.add_camera("Door", still.url, recognition="off", frame_fps=2),
        }
        wait_until(lambda: all(map(machine.admin.is_active, made.values())), timeout_s=LIVE_S)
        for number in made.values():
            machine.admin.patch(f"/cameras/{number}", {"recording": "continuous"})
        _await_files(machine, made, 2)
        machine.kill("record")
        machine.start("record")
        _await_files(machine, made, 4)
        for each in _encoders():
            each.send_signal(signal.SIGKILL)
        _await_files(machine, made, 6)
        yield made


def _await_files(machine: Machine, cameras: dict[str, int], count: int) -> None:
    wait_until(
        lambda: all(len(_done(machine, number)) >= count for number in cameras.values()),
        timeout_s=LIVE_S,
    )


def _done(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = machine.admin.get(f"/recordings?camera_id={camera_id}").json
    done = [each for each in found if each["ended_at"] is not None]
    return sorted(done, key=lambda each: (str(each["begun_at"]), str(each["ended_at"])))


def _encoders() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children(recursive=True):
        # One may have ended just now.
        with suppress(psutil.Error):
            if "recorder.encoding.child" in each.cmdline():
                found.append(each)
    return found


def _numbers(machine: Machine, file: dict[str, Any]) -> list[int]:
    answer = machine.admin.get(f"/recordings/files/{file['id']}")
    assert answer.status == 200
    with av.open(io.BytesIO(answer.body), "r") as container:
        assert container.streams.video[0].codec_context.name == "h264"
        numbers = [
            read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
            for frame in container.decode(video=0)
        ]
    assert None not in numbers
    return [number for number in numbers if number is not None]


def test_every_picture_of_a_stream_is_there_in_order(
    machine: Machine, cameras: dict[str, int]
) -> None:
    seen = [_numbers(machine, file) for file in _done(machine, cameras["stream"])]

    for numbers in seen:
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for numbers, following in itertools.pairwise(seen):
        assert following[0] <= numbers[-1] + 1


def test_a_still_camera_is_recorded_as_it_is_polled(
    machine: Machine, cameras: dict[str, int]
) -> None:
    files = _done(machine, cameras["still"])
    numbers = [number for file in files for number in _numbers(machine, file)]

    assert {(file["codec"], file["width_px"], file["height_px"]) for file in files} == {
        ("h264", *SIZE_WH)
    }
    # Asked for as often as it has another, it now and then shows one twice, or skips one
    assert set(numbers) <= set(range(numbers[0], numbers[-1] + 1))
    assert len(set(numbers)) > 0.8 * (numbers[-1] - numbers[0])


def test_both_are_one_span_and_nothing_is_missing(
    machine: Machine, cameras: dict[str, int]
) -> None:
    for number in cameras.values():
        said = machine.admin.get(f"/recordings/{number}/availability").json
        assert (len(said["spans"]), said["gaps"]) == (1, [])
        assert (said["recorder"]["error"], said["recorder"]["encoding_error"]) == (None, None)


def test_garbage_is_told_of_and_ends_nothing(
    machine: Machine, camera: CameraProcess, cameras: dict[str, int]
) -> None:
    def said() -> str:
        answer = machine.admin.get(f"/recordings/{cameras['stream']}/availability").json
        return str(answer["recorder"]["encoding_error"])

    before = len(_done(machine, cameras["stream"]))
    camera.fault(Fault.GARBAGE)
    wait_until(lambda: "no whole JPEG" in said(), timeout_s=LIVE_S)
    camera.fault(Fault.NONE)
    wait_until(lambda: said() == "None", timeout_s=LIVE_S)
    wait_until(lambda: len(_done(machine, cameras["stream"])) > before + 1, timeout_s=LIVE_S)
