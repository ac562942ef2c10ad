"""``ingest-packets``: eight cameras taken in by one process, nothing decoded."""

from bench.children import python
from bench.clips import best_footage, clip
from bench.interleave import cpu_percent, pause
from bench.machine import a_machine, cameras_playing, configure, rtsp_cameras, wait_until_active
from bench.result import Part, RowResult
from bench.yardstick import decode_ms, of_a_core, yardstick

NAME = "ingest-packets"
_CAMERAS = 8
_ROUNDS, _WARM_UP_S, _WINDOW_S = 5, 4.0, 5.0


def measure() -> RowResult:
    """Measure the controller without its decoders, its supervisor and both Redis included."""
    footage, took_ms = clip(best_footage()), decode_ms()
    with a_machine() as machine, cameras_playing(footage, _CAMERAS, folder=machine.folder) as urls:
        cameras = rtsp_cameras(urls)
        configure(machine, cameras)
        with machine.service(python("bench.programs.packets_only"), log="ingest") as pid:
            wait_until_active(machine, cameras)
            pause(_WARM_UP_S)
            samples = [
                cpu_percent([pid, *machine.redis_pids], _WINDOW_S) / _CAMERAS
                for _ in range(_ROUNDS)
            ]
    took_ms += decode_ms()
    bar = of_a_core(2.2, took_ms)
    return RowResult(
        NAME, [Part("packets", "% of a core a camera", bar, samples), yardstick(took_ms)]
    )
