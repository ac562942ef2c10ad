"""From a camera that hears to files in which it is heard with the pictures of that moment."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from standalone.demo.counter import read_counter
from tests.cameras import rtsp_camera
from tests.cameras.clips import SMALL, CardClip
from tests.e2e.machine import Machine
from tests.recorder.sounds import BEEP_EVERY_S, SOUNDS, Sound, add_beeps, beeps_in
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)

LIVE_S = 60.0
#: A round of the clip is a whole number of beeps.
LONG = replace(SMALL, length_s=20.0)
NAMES = ("AAC", "Opus", "A-law", "G.726", "PCM")


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
def recorded(
    machine: Machine, card_clip: CardClip, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Path]]:
    """Give the files of cameras that send sound each in another codec; the recorder died once."""
    cameras: dict[str, int] = {}
    with ExitStack() as stack:
        for name in NAMES:
            folder = tmp_path_factory.mktemp("clip")
            clip = add_beeps(card_clip(LONG), folder, SOUNDS[name])
            camera = stack.enter_context(rtsp_camera(clip))
            cameras[name] = machine.admin.add_camera(name, camera.url, recognition="off")
        wait_until(lambda: all(map(machine.admin.is_active, cameras.values())), timeout_s=LIVE_S)
        for number in cameras.values():
            wanted = {"recording": "continuous", "record_audio": True}
            machine.admin.patch(f"/cameras/{number}", wanted)
        _await_files(machine, cameras, 3)
        machine.kill("record")
        machine.start("record")
        _await_files(machine, cameras, 7)
        for number in cameras.values():
            said = machine.admin.get(f"/recordings/{number}/availability").json["recorder"]
            assert (said["error"], said["audio_error"]) == (None, None)
    folder = tmp_path_factory.mktemp("files")
    return {
        name: [_fetched(machine, each, folder) for each in _done(machine, number)]
        for name, number in cameras.items()
    }


def _done(machine: Machine, camera_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = machine.admin.get(f"/recordings?camera_id={camera_id}").json
    return [each for each in found if each["ended_at"] is not None]


def _await_files(machine: Machine, cameras: dict[str, int], count: int) -> None:
    wait_until(
        lambda: all(len(_done(machine, each)) >= count for each in cameras.values()),
        timeout_s=LIVE_S,
    )


def _fetched(machine: Machine, file: dict[str, Any], folder: Path) -> Path:
    path = folder / f"{file['id']}.mp4"
    path.write_bytes(machine.admin.get(f"/recordings/files/{file['id']}").body)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_each_beep_is_heard_with_its_picture(recorded: dict[str, list[Path]], name: str) -> None:
    sound: Sound = SOUNDS[name]
    assert len(recorded[name]) >= 7
    heard = 0
    for path in recorded[name]:
        # Given the picture that says where in the clip a moment of the file is
        with av.open(path) as container:
            frame = next(container.decode(video=0))
        number = read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
        assert number is not None
        assert frame.time is not None
        zero_s = number / float(LONG.fps) - frame.time
        off_s = []
        for beep in beeps_in(path):
            # The first may have begun before the file
            if beep > frame.time + sound.frame_s + 0.1:
                at_s = zero_s + beep
                off_s.append(at_s - round(at_s / BEEP_EVERY_S) * BEEP_EVERY_S)
        heard += len(off_s)
        assert off_s == pytest.approx([0] * len(off_s), abs=sound.frame_s)
    assert heard >= 2 * len(recorded[name])


@pytest.mark.parametrize("name", NAMES)
def test_others_than_us_play_it_without_a_word(recorded: dict[str, list[Path]], name: str) -> None:
    for path in recorded[name]:
        command = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(path)]
        command += ["-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        assert done.stderr == ""
