"""``ingest-eight``: eight cameras with five pictures a second each, on a pattern and on footage.

Memory is read when the backlog is full and has been trimmed.
"""

from dataclasses import dataclass

from bench.children import python
from bench.clips import Footage, best_footage, clip
from bench.interleave import cpu_percent, pause
from bench.machine import (
    Machine,
    a_machine,
    cameras_playing,
    configure,
    require_pictures,
    rtsp_cameras,
    wait_until_active,
)
from bench.processes import memory_bytes
from bench.result import Bar, Part, RowResult
from bench.yardstick import decode_ms, of_a_core, yardstick
from camera_ctrl.settings import CameraSettings

NAME = "ingest-eight"
_CAMERAS = 8
_ROUNDS, _WINDOW_S = 3, 8.0
_DEFAULTS = CameraSettings.model_fields
#: The backlog, a GOP beyond it, and a little: then the log is as long as it gets.
_FULL_AFTER_S = _DEFAULTS["packet_backlog_s"].default + 4.0
_BACKLOG_MB = _CAMERAS * _DEFAULTS["packet_backlog_max_bytes"].default / 1e6
_CPU_UNIT = "% of a core a camera"


@dataclass(frozen=True, slots=True)
class _Found:
    """What one kind of footage cost."""

    cpu: list[float]
    controller_mb: float
    redis_mb: float


def measure() -> RowResult:
    """Measure on the pattern, then on the best footage there is."""
    took_ms = decode_ms()
    pattern, footage = _found(Footage.TESTSRC2), _found(best_footage())
    took_ms += decode_ms()
    controller = [pattern.controller_mb, footage.controller_mb]
    held = [pattern.redis_mb, footage.redis_mb]
    return RowResult(
        NAME,
        [
            Part("testsrc2", _CPU_UNIT, of_a_core(11.0, took_ms), pattern.cpu),
            Part("footage", _CPU_UNIT, of_a_core(13.0, took_ms), footage.cpu),
            Part("camera_ctrl", "MB", Bar(300.0), controller),
            Part(
                "media Redis",
                "MB",
                Bar(_BACKLOG_MB, says=f"backlog bound: at most {_BACKLOG_MB:.0f}"),
                held,
            ),
            yardstick(took_ms),
        ],
    )


def _found(footage: Footage) -> _Found:
    with (
        a_machine() as machine,
        cameras_playing(clip(footage), _CAMERAS, folder=machine.folder) as urls,
    ):
        cameras = rtsp_cameras(urls)
        configure(machine, cameras)
        with machine.service(python("vigil", "ingest"), log="ingest") as pid:
            wait_until_active(machine, cameras)
            pause(_FULL_AFTER_S)
            counted = [pid, *machine.redis_pids]
            cpu = [cpu_percent(counted, _WINDOW_S) / _CAMERAS for _ in range(_ROUNDS)]
            require_pictures(machine, cameras)
            return _Found(cpu, memory_bytes([pid]) / 1e6, _used_mb(machine))


def _used_mb(machine: Machine) -> float:
    with machine.media_client() as client:
        return float(client.info("memory")["used_memory"]) / 1e6
