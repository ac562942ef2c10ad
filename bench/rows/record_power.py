"""``record-power``: what footage costs a power cut.

A real recorder writes to ext4 on a loop device while cameras send over RTSP. At moments drawn by
chance the device's file is copied: what the kernel has not written yet is not in it. The copy is
checked by fsck and mounted, what was cut off is finished as a recorder does it, and all is decoded.
"""

import random
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.children import BenchFailed, python, wait_until
from bench.interleave import pause
from bench.loop_disk import make_image, missing_tools, mounted, repair
from bench.machine import Machine, a_machine, cameras_playing, configure, rtsp_cameras
from bench.result import Bar, Part, RowResult
from bench.true_packets import Coding, count_decoded, packets_of, write_clip
from recorder.footage.volume import Volume, open_volume
from recorder.recorded_camera import RecordedCamera
from vigil.camera_document import CameraConfig, RecordingMode
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import Epoch
from vigil.facts import Fact, SegmentFact
from vigil.footage import SUFFIX

NAME = "record-power"
_CUTS = 20
_CODINGS = (Coding("libx264"), Coding("libx264", b_frames=2), Coding("libx265"))
_CLIP_S, _DISK_BYTES = 20, 128 * 2**20
_STARTED_S, _BETWEEN_S = 60.0, (0.5, 3.0)
_LOSS_S = 2.0


def measure() -> RowResult:
    """Cut, and look at what is there."""
    if (missing := missing_tools()) is not None:
        return RowResult(NAME, [], missing=missing)
    seed = random.randrange(2**32)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    rng = random.Random(seed)
    lost_s, unplayable = list[float](), 0
    with a_machine() as machine, ExitStack() as held:
        image = machine.folder / "disk"
        make_image(image, size_bytes=_DISK_BYTES)
        footage = held.enter_context(mounted(image, machine.folder / "mounted")) / "footage"
        cameras = _start(machine, footage, held)
        for _ in range(_CUTS):
            pause(rng.uniform(*_BETWEEN_S))
            cut_us = SystemClock().utc_us()
            copy = shutil.copyfile(image, machine.folder / "copy")
            repair(copy)
            with mounted(copy, machine.folder / "again") as again:
                volume = open_volume(again / "footage", known=None)
                lost_s += [_lost_s(volume, each, cut_us=cut_us) for each in cameras]
                unplayable += _unplayable(volume.path)
    return RowResult(
        NAME,
        [
            Part("lost at most, of a camera", "s", Bar(_LOSS_S), [max(lost_s)]),
            Part("lost", "s", None, lost_s),
            Part("unplayable", "files", Bar(0.0), [unplayable]),
        ],
    )


def _start(machine: Machine, footage: Path, held: ExitStack) -> Sequence[CameraConfig]:
    """Start cameras, a controller and a recorder; return when all are recorded."""
    urls = []
    for number, coding in enumerate(_CODINGS):
        clip = write_clip(machine.folder / f"{number}.mp4", coding, seconds=_CLIP_S)
        urls += held.enter_context(cameras_playing(clip, 1, folder=machine.folder))
    cameras = [
        each.model_copy(update={"recording": RecordingMode.CONTINUOUS})
        for each in rtsp_cameras(urls)
    ]
    held.enter_context(machine.service(python("bench.programs.packets_only"), log="ingest"))
    settings = {
        "FOOTAGE_PATH": str(footage),
        "FOOTAGE_RESERVE_BYTES": "0",
        # So that a cut finds files that were completed, too.
        "SEGMENT_S": "4",
    }
    recorder = machine.service(python("vigil", "record"), log="record", environment=settings)
    held.enter_context(recorder)
    configure(machine, cameras)

    def is_recorded(camera: CameraConfig) -> bool:
        return any(each.stat().st_size for each in footage.glob(f"{camera.id}/*/*{SUFFIX}"))

    wait_until(lambda: all(map(is_recorded, cameras)), what="a file of each", timeout_s=_STARTED_S)
    return cameras


def _lost_s(volume: Volume, camera: CameraConfig, *, cut_us: int) -> float:
    """Finish what was cut off, as a recorder that takes the camera; return what is not there."""
    told: list[Fact] = []
    recorded = RecordedCamera(
        camera.id,
        Epoch(2**52),
        volume=volume,
        mark=None,
        segment_s=60,
        template_of=lambda _camera_id, _template_id: None,
        say=told.append,
    )
    if recorded.mark is None:
        raise BenchFailed(f"camera {camera.id}: no mark survived, though its footage was safe")
    # Where nothing of the newest file is whole, the mark says up to when the one before is.
    ends_us = [each.ended_us or 0 for each in told if isinstance(each, SegmentFact)]
    return (cut_us - max([recorded.mark.safe_us, *ends_us])) / MICROSECONDS


def _unplayable(footage: Path) -> int:
    files = list(footage.glob(f"*/*/*{SUFFIX}"))
    return sum(count_decoded(each) != len(packets_of(each)) for each in files)
