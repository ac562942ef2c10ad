"""A camera in which nothing moves costs its keyframes, and misses nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from standalone.demo.clip import ClipFormat, render_clip
from standalone.demo.scene import ONE_WALKER
from tests.cameras import CameraProcess, rtsp_camera
from tests.e2e.client import PASSWORD
from tests.e2e.machine import Machine
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.connection import connect
from vigil.bus.frames.redis import RedisFrameStore
from vigil.domain.camera import CameraId
from vigil.domain.frame import read_stamp
from vigil.domain.motion import read_motion

pytestmark = pytest.mark.timeout(300)

FORM = ClipFormat(size_wh=(640, 360), fps=Fraction(25), length_s=20.0)
#: From a start on a busy machine until the camera rests; and for anything after that.
RESTS_S, SOON_S = 60.0, 20.0


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with one recogniser, whose first account is logged in."""
    folder = tmp_path_factory.mktemp("machine")
    services = ("web", "ingest", "recognise-1")
    with Machine(folder, services=services, MOTION_GATE="true") as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD) == []


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give an empty street, and one that somebody enters after a second and a half."""
    folder = tmp_path_factory.mktemp("clips")
    empty, entered = folder / "empty.mp4", folder / "entered.mp4"
    render_clip(empty, form=FORM, actors=())
    render_clip(entered, form=FORM, actors=ONE_WALKER, begin_s=9.0)
    return empty, entered


@pytest.fixture(scope="module")
def camera(clips: tuple[Path, Path]) -> Iterator[CameraProcess]:
    with rtsp_camera(clips[0]) as it:
        yield it


@pytest.fixture(scope="module")
def camera_id(machine: Machine, camera: CameraProcess) -> int:
    return machine.admin.add_camera("Yard", camera.url)


def details(machine: Machine, camera_id: int) -> dict[str, Any]:
    said: dict[str, Any] = machine.admin.get("/camera_status?detail=1").json[f"camera_{camera_id}"]
    return said


def wait_until_idle(machine: Machine, camera_id: int) -> None:
    wait_until(lambda: details(machine, camera_id).get("decoding") == "idle", timeout_s=RESTS_S)


def test_a_camera_in_which_nothing_moves_costs_its_keyframes(
    machine: Machine, camera_id: int
) -> None:
    wait_until_idle(machine, camera_id)
    before = after = details(machine, camera_id)

    def is_a_while_later() -> bool:
        nonlocal before, after
        after = details(machine, camera_id)
        if after["decoding"] != "idle" or after["frames_decoded"] > before["frames_decoded"] + 4:
            # The clip began again, whose first packets are larger.
            before = after
        return _between_s(before["last_packet_at"], after["last_packet_at"]) >= 5.0

    wait_until(is_a_while_later, timeout_s=SOON_S)

    # A hundred packets and more, of which three at most are keyframes
    assert after["frames_decoded"] - before["frames_decoded"] in {2, 3, 4}
    assert (after["status"], after["moving"]) == ("active", False)
    assert after["fps"] > 20
    assert after["frame_fps"] < 1.0
    # And both its pictures live
    assert machine.admin.get(f"/get_snapshot/{camera_id}").headers.get("x-camera-status") is None
    assert _boxed(machine, camera_id) is not None


def test_a_snapshot_wakes_it(machine: Machine, camera_id: int) -> None:
    wait_until_idle(machine, camera_id)
    asked_at = datetime.now(UTC)

    snapshot = machine.admin.get(f"/get_snapshot/{camera_id}")

    # Of now, or nearly: keyframes are two seconds apart
    captured_at = datetime.fromisoformat(snapshot.headers["x-captured-at"])
    assert abs(captured_at - asked_at) < timedelta(seconds=2.5)

    def is_watched() -> bool:
        # Whoever goes on asking has it decoded in full.
        machine.admin.get(f"/get_snapshot/{camera_id}")
        said = details(machine, camera_id)
        return (said["decoding"], said["decoding_reason"]) == ("gated", "somebody watches")

    wait_until(is_watched, timeout_s=SOON_S)
    wait_until_idle(machine, camera_id)


def test_who_enters_wakes_it_and_the_first_moving_frame_is_recognised(
    machine: Machine, camera_id: int, camera: CameraProcess, clips: tuple[Path, Path]
) -> None:
    wait_until_idle(machine, camera_id)
    moving: dict[tuple[int, int], None] = {}
    recognised: set[tuple[int, int]] = set()
    with connect(machine.media.url) as redis:
        raw = RedisFrameStore(redis, kind=keys.FrameKind.RAW)
        boxed = RedisFrameStore(redis, kind=keys.FrameKind.BOXED)

        def has_seen_many() -> bool:
            jpeg = raw.newest([CameraId(camera_id)]).get(CameraId(camera_id))
            motion = None if jpeg is None else read_motion(jpeg)
            if jpeg is not None and motion is not None and motion.boxes:
                moving.setdefault(read_stamp(jpeg).order)
            seen = boxed.newest([CameraId(camera_id)]).get(CameraId(camera_id))
            if seen is not None:
                recognised.add(read_stamp(seen).order)
            return len(moving) >= 5 and len(recognised) >= 5

        camera.show(clips[1])
        wait_until(has_seen_many, timeout_s=SOON_S)

    assert next(iter(moving)) in recognised
    wait_until(lambda: details(machine, camera_id)["decoding"] == "full", timeout_s=SOON_S)
    assert details(machine, camera_id)["moving"]


def _between_s(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def _boxed(machine: Machine, camera_id: int) -> bytes | None:
    with connect(machine.media.url) as redis:
        store = RedisFrameStore(redis, kind=keys.FrameKind.BOXED)
        return store.newest([CameraId(camera_id)]).get(CameraId(camera_id))
