"""What dies beside the recorder, or with it, costs no frame, or a gap that says so.

`make soak` lets it happen again and again, in an order drawn by chance.
"""

import io
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest

from standalone.demo.counter import read_counter
from tests.cameras import CameraProcess, rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.e2e.machine import Machine
from tests.waiting import wait_until
from tests.web.recorded import parsed
from vigil.bus.facts.base import TAKEN_OVER_AFTER_S

pytestmark = pytest.mark.soak

LIVE_S = 60.0
FILED_S = LIVE_S + TAKEN_OVER_AFTER_S
#: Frames of the clip, which begins again behind the last, are numbered.
LONG = replace(SMALL, length_s=20.0)
ROUND = round(LONG.fps * LONG.length_s)
#: How long a fault lasts that does not end by itself: longer than a lease.
LASTS_S = 5.0


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    settings = {
        "SEGMENT_S": "2",
        "FOOTAGE_RESERVE_BYTES": "0",
        "FOOTAGE_PATH": str(folder / "footage"),
    }
    services = ("web", "ingest", "writer", "record")
    with Machine(folder, services=services, **settings) as it:
        it.admin.register("admin")
        yield it


@pytest.fixture(scope="module")
def camera(card_clip: CardClip) -> Iterator[CameraProcess]:
    with rtsp_camera(card_clip(LONG)) as it:
        yield it


@pytest.fixture
def camera_id(machine: Machine, camera: CameraProcess) -> int:
    number = machine.admin.add_camera(f"Yard {time.time_ns()}", camera.url, recognition="off")
    wait_until(lambda: machine.admin.is_active(number), timeout_s=LIVE_S)
    machine.admin.patch(f"/cameras/{number}", {"recording": "continuous"})
    _wait_for_more(machine, number)
    return number


@contextmanager
def _killed(machine: Machine, name: str) -> Iterator[None]:
    machine.kill(name)
    yield
    machine.start(name)


@contextmanager
def _queue_away(machine: Machine) -> Iterator[None]:
    machine.queue.stop()
    yield
    machine.queue.start()


#: What costs nothing, however long it lasts, or as long as packets are held.
HARMLESS: dict[str, Callable[[Machine], Any]] = {
    "PostgreSQL holds still": lambda machine: machine.frozen_postgres(),
    "the queue Redis is away": _queue_away,
    "the writer is dead": lambda machine: _killed(machine, "writer"),
    "web is dead": lambda machine: _killed(machine, "web"),
    "the recorder is dead": lambda machine: _killed(machine, "record"),
    "the recorder holds still": lambda machine: machine.paused("record"),
}


def test_what_dies_beside_it_costs_no_frame(
    machine: Machine, camera_id: int, soak_s: float
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # Who repeats a failure needs it.
    rng, until_s = random.Random(seed), time.monotonic() + soak_s
    faults = [*HARMLESS]
    while True:
        rng.shuffle(faults)
        for fault in faults:
            with HARMLESS[fault](machine):
                # That it lasts is what is tried: there is no condition to wait for.
                time.sleep(LASTS_S)
            machine.wait_until_healthy()
        if time.monotonic() >= until_s:
            break
    _wait_for_more(machine, camera_id)

    numbers, gaps = _shown(machine, camera_id)
    assert gaps == []
    assert _steps(numbers) == {1}


@pytest.mark.parametrize("dies", ["ingest", "the media Redis"])
def test_what_brings_the_packets_costs_what_it_takes_to_connect_and_a_gap_says_so(
    machine: Machine, camera_id: int, dies: str
) -> None:
    if dies == "ingest":
        machine.kill("ingest")
        machine.start("ingest")
    else:
        machine.media.stop()
        # Else it may be back before there is a gap that is told.
        time.sleep(LASTS_S)
        machine.media.start()
    wait_until(lambda: _availability(machine, camera_id)["gaps"], timeout_s=LIVE_S)
    _wait_for_more(machine, camera_id)

    numbers, gaps = _shown(machine, camera_id)
    assert len(gaps) == 1
    assert gaps[0]["reason"] in {"camera", "recorder"}
    # One hole, where the gap is; elsewhere each is there once
    assert len([step for step in _each_step(numbers) if step != 1]) == 1


def test_a_folder_that_is_deleted_beneath_it_is_made_again(
    machine: Machine, camera_id: int
) -> None:
    folder = machine.folder / "footage" / str(camera_id)
    gone = folder.with_name("gone")
    folder.rename(gone)

    # What is written now goes to the folder that was; the next file has one of its own
    wait_until(lambda: len(list(folder.rglob("*.mp4"))) >= 2, timeout_s=LIVE_S)
    status = _availability(machine, camera_id)["recorder"]
    assert status["error"] is None


def _availability(machine: Machine, camera_id: int) -> Any:
    return machine.admin.get(f"/recordings/{camera_id}/availability").json


def _done(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = machine.admin.get(f"/recordings?camera_id={camera_id}").json
    return [each for each in found if each["ended_at"] is not None]


def _wait_for_more(machine: Machine, camera_id: int) -> None:
    newest = max((each["id"] for each in _done(machine, camera_id)), default=0)
    wait_until(
        lambda: len([each for each in _done(machine, camera_id) if each["id"] > newest]) >= 3,
        timeout_s=LIVE_S,
    )


def _shown(machine: Machine, camera_id: int) -> tuple[list[int | None], list[dict[str, Any]]]:
    """Return what each frame of a camera's footage says it is, and the gaps of it."""
    machine.admin.patch(f"/cameras/{camera_id}", {"recording": "off"})
    wait_until(lambda: _availability(machine, camera_id)["recorder"] is None, timeout_s=LIVE_S)
    footage = machine.folder / "footage" / str(camera_id)
    # What a writer held that died is filed by the next one when it has waited long enough.
    wait_until(
        lambda: len(_done(machine, camera_id)) == len(list(footage.rglob("*.mp4"))),
        timeout_s=FILED_S,
    )
    answer = machine.admin.get(f"/recordings/{camera_id}/playlist.m3u8?since=2020-01-01T00:00:00Z")
    assert answer.status == 200, answer.body
    numbers: list[int | None] = []
    for piece in parsed(answer.body.decode()).pieces:
        path = piece.uri.replace("../", "/recordings/")
        parts = [
            machine.admin.get(path, Range=f"bytes={begin}-{begin + size - 1}")
            for size, begin in (piece.head, piece.place)
        ]
        with av.open(io.BytesIO(b"".join(part.body for part in parts)), "r") as container:
            numbers += [
                read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
                for frame in container.decode(video=0)
            ]
    assert None not in numbers
    return numbers, _availability(machine, camera_id)["gaps"]


def _each_step(numbers: Sequence[int | None]) -> list[int]:
    return [((b or 0) - (a or 0)) % ROUND for a, b in itertools.pairwise(numbers)]


def _steps(numbers: Sequence[int | None]) -> set[int]:
    return set(_each_step(numbers))
