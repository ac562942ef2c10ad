"""``record-kill``: a recorder that is killed a hundred times, and each packet that cameras sent.

Cameras send H.264, H.264 with B-frames and H.265 over RTSP to a real controller. Every other kill
comes at a named point of the write cycle (`bench.programs.deadly_recorder`), the others at a moment
drawn over it. In the end footage is read, decoded, and compared with the clips.
"""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import redis

from bench.children import BenchFailed, python, running, wait_until
from bench.interleave import pause
from bench.machine import (
    Machine,
    a_machine,
    cameras_playing,
    configure,
    rtsp_cameras,
    wait_until_active,
)
from bench.programs.deadly_recorder import POINTS, REPAIRED
from bench.result import Bar, Part, RowResult
from bench.true_packets import (
    Coding,
    as_one,
    count_decoded,
    in_order,
    missing_of,
    packets_of,
    write_clip,
)
from recorder.footage.marks import MarkFile
from vigil import keys
from vigil.camera_document import CameraConfig, RecordingMode
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId
from vigil.facts import GapFact, SegmentDeleted, SegmentFact, decode_fact
from vigil.footage import SUFFIX

NAME = "record-kill"
_KILLS = 100
_CODINGS = (Coding("libx264"), Coding("libx264", b_frames=2), Coding("libx265"))
#: Longer than what two files may hold both.
_CLIP_S = 20
#: So many times a point is passed before it kills, at most.
_PASSES = 3
#: What a write cycle takes: a fragment, and a sync.
_CYCLE_S = 1.5
_BACK_S, _DIES_S = 10.0, 30.0
_SETTINGS = {"SEGMENT_S": "4", "FOOTAGE_RESERVE_BYTES": "0"}


@dataclass(slots=True)
class Killed:
    """What came of it.

    Attributes:
        missing: Packets that no file holds.
        unplayable: Files of which not every packet decodes.
        drift: Files of which nobody was told, and files that were told of and are not there.
        gaps: That were told.
        back_s: From each death until more was safe.
    """

    missing: int = 0
    unplayable: int = 0
    drift: int = 0
    gaps: int = 0
    back_s: list[float] = field(default_factory=list)


def measure() -> RowResult:
    """Kill, and look at what is there."""
    seed = random.randrange(2**32)
    print(f"seed {seed}", file=sys.stderr, flush=True)
    killed = kill(_KILLS, rng=random.Random(seed))
    return RowResult(
        NAME,
        [
            Part("lost", "packets", Bar(0.0), [killed.missing]),
            Part("unplayable", "files", Bar(0.0), [killed.unplayable]),
            Part("without a row, or a file", "files", Bar(0.0), [killed.drift]),
            Part("gaps told", "gaps", Bar(0.0), [killed.gaps]),
            Part("back", "s", Bar(_BACK_S), killed.back_s),
        ],
    )


def kill(kills: int, *, rng: random.Random) -> Killed:
    """Kill a recorder so often; return what came of it."""
    with a_machine() as machine, ExitStack() as held:
        clips, urls = [], []
        for number, coding in enumerate(_CODINGS):
            path = write_clip(machine.folder / f"{number}.mp4", coding, seconds=_CLIP_S)
            clips.append(packets_of(path))
            urls += held.enter_context(cameras_playing(path, 1, folder=machine.folder))
        cameras = [
            each.model_copy(update={"recording": RecordingMode.CONTINUOUS})
            for each in rtsp_cameras(urls)
        ]
        held.enter_context(machine.service(python("bench.programs.packets_only"), log="ingest"))
        configure(machine, cameras)
        wait_until_active(machine, cameras)
        killed = Killed()
        with _recorder(machine) as first:
            _wait_until_safe(machine, cameras, beyond=_safe(machine, cameras))
            first.send_signal(signal.SIGKILL)
        for number in range(kills):
            if number % 2:
                killed.back_s.append(_kill_by_chance(machine, cameras, rng=rng))
            else:
                _kill_at(POINTS[number // 2 % len(POINTS)], machine, len(cameras), rng=rng)
        with _recorder(machine):
            _wait_until_safe(machine, cameras, beyond=_safe(machine, cameras))
        _inspect(machine, cameras, clips, killed)
    return killed


def _kill_by_chance(
    machine: Machine, cameras: Sequence[CameraConfig], *, rng: random.Random
) -> float:
    """Kill a recorder at any moment of its cycle; return after how many seconds it was back."""
    clock, before = SystemClock(), _safe(machine, cameras)
    begun_s = clock.monotonic_s()
    with _recorder(machine) as process:
        _wait_until_safe(machine, cameras, beyond=before)
        back_s = clock.monotonic_s() - begun_s
        pause(rng.uniform(0, _CYCLE_S))
        process.send_signal(signal.SIGKILL)
    return back_s


def _kill_at(point: str, machine: Machine, cameras: int, *, rng: random.Random) -> None:
    """Have a recorder die at a point, the first time that it comes there or later."""
    # What is repaired was left by the one before, of each camera at most a file.
    passes = 1 if point == REPAIRED else rng.randint(1, _PASSES * cameras)
    with _recorder(machine, point, str(passes)) as process:
        wait_until(lambda: process.poll() is not None, what=point, timeout_s=_DIES_S)
    if process.returncode != -signal.SIGKILL:
        raise BenchFailed(f"the recorder that was to die at {point!r} ended otherwise")


@contextmanager
def _recorder(machine: Machine, *fate: str) -> Iterator[subprocess.Popen[bytes]]:
    command = python("bench.programs.deadly_recorder", *fate) if fate else python("vigil", "record")
    with running(
        command, log=machine.folder / "record.log", environment=machine.environment | _SETTINGS
    ) as process:
        yield process


def _safe(machine: Machine, cameras: Sequence[CameraConfig]) -> dict[CameraId, int]:
    """Return up to when each camera's footage is safe, by the mark beside it."""
    footage = machine.folder / "footage"
    marks = {each.id: MarkFile(footage / str(each.id)).read() for each in cameras}
    return {each: 0 if mark is None else mark.safe_us for each, mark in marks.items()}


def _wait_until_safe(
    machine: Machine, cameras: Sequence[CameraConfig], *, beyond: dict[CameraId, int]
) -> None:
    def is_more() -> bool:
        now = _safe(machine, cameras)
        return all(now[each] > beyond[each] for each in beyond)

    wait_until(is_more, what="more footage of each camera", timeout_s=_DIES_S)


def _inspect(
    machine: Machine,
    cameras: Sequence[CameraConfig],
    clips: Sequence[Sequence[bytes]],
    killed: Killed,
) -> None:
    footage = machine.folder / "footage"
    for camera, clip in zip(cameras, clips, strict=True):
        files = sorted(footage.glob(f"{camera.id}/*/*{SUFFIX}"), key=in_order)
        packets = [packets_of(each) for each in files]
        killed.missing += missing_of(as_one(packets), clip)
        killed.unplayable += sum(
            count_decoded(path) != len(each) for path, each in zip(files, packets, strict=True)
        )
    told, killed.gaps = _told(machine)
    there = {str(path.relative_to(footage)) for path in footage.glob(f"*/*/*{SUFFIX}")}
    killed.drift = len(told ^ there)


def _told(machine: Machine) -> tuple[set[str], int]:
    """Return the files that should be there by what was told of them, and how many gaps were."""
    paths, gaps = set[str](), 0
    with redis.Redis.from_url(machine.queue.url) as client:
        entries = client.xrange(keys.facts())
    for _, fields in entries:
        for raw in fields.values():
            match decode_fact(raw):
                case SegmentFact(path=path):
                    paths.add(path)
                case SegmentDeleted(path=path):
                    paths.discard(path)
                case GapFact():
                    gaps += 1
    return paths, gaps
