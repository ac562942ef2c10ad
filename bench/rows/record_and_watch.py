"""``record-and-watch``: one camera recorded while it is watched for motion, against ``motion``.

Ours is everything from the camera to the file, recorded while something moves, which it always
does; no recogniser and no viewer: the controller, the recorder, both Redis; on the main stream, and
with a sub-stream to look at. Until something moves the gate looks at keyframes, and at what follows
a large packet; then at keyframes, as recording goes on for longer than one lasts. Debian's
``motion`` records a camera that shows the same by passthrough, and looks five times a second.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.children import python, running, wait_until
from bench.clips import SIZE_WH, best_footage, clip, sub_clip
from bench.interleave import cpu_of_each, pause
from bench.machine import (
    SECRET,
    a_machine,
    cameras_playing,
    configure,
    rtsp_cameras,
    wait_until_active,
)
from bench.result import Bar, Measured, Part, RowResult
from bench.yardstick import decode_ms, of_a_core, yardstick
from vigil.camera_document import RecordingMode
from vigil.sealing import Sealer

NAME = "record-and-watch"
_LOOKS_PER_S = 5
_ROUNDS, _WARM_UP_S, _WINDOW_S = 5, 15.0, 10.0
_STARTED_S = 40.0
#: Which part of what is in the table has a sub-stream, with its bar.
_BARS = {"main stream": 8.0, "sub-stream": 5.0}
_UNIT = "% of a core"


def measure() -> RowResult:
    """Measure all sides in the same windows."""
    motion = shutil.which("motion")
    if motion is None:
        return RowResult(NAME, [], missing="the baseline needs motion, as of Debian, on the PATH")
    took_ms = decode_ms()
    with ExitStack() as held:
        sides = {
            name: held.enter_context(_ours(has_sub=name == "sub-stream")) for name in _BARS
        } | {"motion": held.enter_context(_motion(motion))}
        pause(_WARM_UP_S)
        samples = cpu_of_each(sides, rounds=_ROUNDS, window_s=_WINDOW_S)
    took_ms += decode_ms()
    less = Bar(1.0, of=Measured.RATIO, says="less than motion")
    parts = []
    for name, bar in _BARS.items():
        parts.append(Part(name, _UNIT, of_a_core(bar, took_ms), samples[name]))
        parts.append(Part(f"{name}, motion", _UNIT, less, samples[name], samples["motion"]))
    return RowResult(NAME, [*parts, yardstick(took_ms)])


@contextmanager
def _ours(*, has_sub: bool) -> Iterator[Sequence[int]]:
    footage = best_footage()
    with ExitStack() as held:
        machine = held.enter_context(a_machine())
        urls = held.enter_context(cameras_playing(clip(footage), 1, folder=machine.folder))
        [camera] = rtsp_cameras(urls)
        changes: dict[str, object] = {"recording": RecordingMode.MOTION, "models": ()}
        if has_sub:
            [sub] = held.enter_context(cameras_playing(sub_clip(footage), 1, folder=machine.folder))
            changes["sealed_sub_url"] = Sealer(SECRET).seal(sub)
        cameras = [camera.model_copy(update=changes)]
        gate = {"MOTION_GATE": "true"}
        ingest = held.enter_context(
            machine.service(python("vigil", "ingest"), log="ingest", environment=gate)
        )
        recorder = held.enter_context(
            machine.service(
                python("vigil", "record"), log="record", environment={"FOOTAGE_RESERVE_BYTES": "0"}
            )
        )
        configure(machine, cameras)
        wait_until_active(machine, cameras)
        _wait_for_files(machine.folder / "footage")
        yield [ingest, recorder, *machine.redis_pids]


@contextmanager
def _motion(program: str) -> Iterator[Sequence[int]]:
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="vigil-bench-")))
        [url] = held.enter_context(cameras_playing(clip(best_footage()), 1, folder=folder))
        settings = {
            "daemon": "off",
            "netcam_url": url,
            "netcam_use_tcp": "on",
            "width": SIZE_WH[0],
            "height": SIZE_WH[1],
            "framerate": _LOOKS_PER_S,
            "target_dir": folder / "footage",
            "movie_output": "on",
            "movie_passthrough": "on",
            "movie_max_time": 60,
            # Something moves all the time; where it does not it is recorded all the same.
            "emulate_motion": "on",
            "picture_output": "off",
            "stream_port": 0,
            "webcontrol_port": 0,
        }
        said = folder / "motion.conf"
        said.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        process = held.enter_context(
            running([program, "-n", "-c", str(said)], log=folder / "motion.log")
        )
        _wait_for_files(folder / "footage")
        yield [process.pid]


def _wait_for_files(folder: Path) -> None:
    wait_until(
        lambda: any(each.stat().st_size for each in folder.rglob("*") if each.is_file()),
        what=f"footage in {folder}",
        timeout_s=_STARTED_S,
    )
