"""``idle-camera``: one camera in which nothing moves and that nobody watches; then somebody enters.

What is counted is the controller with its shards and one recogniser; what both Redis take is shown
with it. The latency is from the capture of the first frame that shows somebody to
the bell of the first boxed image that does.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import av
import redis

from bench.children import BenchFailed, python, wait_until
from bench.clips import ENTERED_LENGTH_S, FPS, Footage, clip, entered_frame
from bench.footage import shared_yolox
from bench.interleave import cpu_of_each
from bench.machine import (
    Machine,
    a_machine,
    cameras_playing,
    configure,
    rtsp_cameras,
    wait_until_active,
)
from bench.result import Bar, Part, RowResult
from bench.yardstick import decode_ms, of_a_core, yardstick
from vigil import keys
from vigil.bus.packets.base import BacklogLimits, Entry, EntryId
from vigil.bus.packets.redis import RedisPacketLog
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_document import CameraConfig
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import CameraId
from vigil.domain.frame import read_stamp
from vigil.messages import CameraStatus, Decoding

NAME = "idle-camera"
_CAMERA = CameraId(1)
_ROUNDS, _WINDOW_S = 3, 12.0
_ENTRIES = 4
_RESTS_S = 60.0
#: So many packet sizes in a row are a place in the clip, and no other.
_PLACE = 8


def measure() -> RowResult:
    """Measure a camera at rest, then one that somebody enters every now and then."""
    took_ms = decode_ms()
    with _running(Footage.EMPTY) as (machine, pids):
        sides = {"services": pids, "all": [*pids, *machine.redis_pids]}
        cpu = cpu_of_each(sides, rounds=_ROUNDS, window_s=_WINDOW_S)
        _require_idle(machine)
    with _running(Footage.ENTERED) as (machine, _):
        latencies_ms = _latencies_ms(machine)
    took_ms += decode_ms()
    return RowResult(
        NAME,
        [
            Part("nobody there", "% of a core", of_a_core(2.5, took_ms), cpu["services"]),
            Part("with both Redis", "% of a core", None, cpu["all"]),
            Part("somebody enters", "ms", Bar(1000.0), latencies_ms),
            yardstick(took_ms),
        ],
    )


@contextmanager
def _running(footage: Footage) -> Iterator[tuple[Machine, Sequence[int]]]:
    """Give a machine whose camera rests, and its services."""
    with (
        a_machine() as machine,
        cameras_playing(clip(footage), 1, folder=machine.folder) as urls,
        machine.service(
            python("vigil", "recognise"),
            log="recognise",
            environment={"DEFAULT_MODEL": str(shared_yolox() or "basic")},
        ) as recogniser,
        machine.service(
            python("vigil", "ingest"), log="ingest", environment={"MOTION_GATE": "true"}
        ) as ingest,
    ):
        cameras: Sequence[CameraConfig] = rtsp_cameras(urls)
        configure(machine, cameras)
        wait_until_active(machine, cameras)
        wait_until(lambda: _is_idle(machine), what="the camera at rest", timeout_s=_RESTS_S)
        yield machine, [ingest, recogniser]


def _is_idle(machine: Machine) -> bool:
    with machine.media_client() as client:
        board = RedisStatusBoard(client, role=keys.Role.INGEST, document_class=CameraStatus)
        status = board.read([_CAMERA]).get(_CAMERA)
    return status is not None and status.decoding is Decoding.IDLE


def _require_idle(machine: Machine) -> None:
    if not _is_idle(machine):
        raise BenchFailed("the camera did not stay at rest")


def _latencies_ms(machine: Machine) -> list[float]:
    """Return how late somebody who enters was in the boxed image, each time that they did."""
    clock, first = SystemClock(), entered_frame()
    found: list[float] = []
    with machine.media_client() as client, client.pubsub(ignore_subscribe_messages=True) as bell:
        bell.ssubscribe(keys.frame_bell(_CAMERA, keys.FrameKind.BOXED))
        entered_us = _next_entry_us(client, first)
        deadline_s = clock.monotonic_s() + (_ENTRIES + 1) * ENTERED_LENGTH_S
        while len(found) < _ENTRIES:
            message = bell.get_message(timeout=1.0)
            if clock.monotonic_s() > deadline_s:
                raise BenchFailed(f"{len(found)} of {_ENTRIES} entries were seen")
            if message is None or message["type"] != "smessage":
                continue
            if read_stamp(message["data"]).captured_at_us >= entered_us:
                found.append((clock.utc_us() - entered_us) / 1000)
                entered_us = _next_entry_us(client, first)
    return found


def _next_entry_us(client: redis.Redis, first: int) -> int:
    """Return when the camera will next capture the first frame that shows somebody: UTC in us."""
    sizes = _sizes()
    entries = RedisPacketLog(client, limits=BacklogLimits()).read(
        {_CAMERA: EntryId("0-0")}, limit=5000
    )
    held = entries.get(_CAMERA, [])
    number, entry = _placed(held, sizes)
    ahead = (first - number) % len(sizes)
    captured_us = entry.packet.captured_at_us + ahead * MICROSECONDS // FPS
    # Half a frame: capture times tremble.
    return captured_us - MICROSECONDS // FPS // 2


def _placed(held: Sequence[Entry], sizes: Sequence[int]) -> tuple[int, Entry]:
    """Return a late packet, and which of the clip's frames it is: by the sizes before it."""
    steps = [after - before for before, after in pairwise([*sizes, *sizes[:_PLACE]])]
    for end in range(len(held), _PLACE, -1):
        run = held[end - _PLACE - 1 : end]
        seen = [len(b.packet.data) - len(a.packet.data) for a, b in pairwise(run)]
        places = [n for n in range(len(sizes)) if steps[n : n + _PLACE] == seen]
        if len(places) == 1:
            return (places[0] + _PLACE) % len(sizes), held[end - 1]
    raise BenchFailed("the packets on the bus are not those of the clip")


def _sizes() -> list[int]:
    with av.open(clip(Footage.ENTERED)) as container:
        return [packet.size for packet in container.demux(video=0) if packet.size]
