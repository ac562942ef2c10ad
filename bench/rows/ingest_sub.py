"""``ingest-sub``: one camera with five pictures a second, of its sub-stream and of its main stream.

Both run side by side, on cameras of their own that show the same. With the sub-stream two
connections are held, and the packets of both are put on the bus.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.children import BenchFailed, python, wait_until
from bench.clips import best_footage, clip, sub_clip
from bench.interleave import cpu_of_each, pause
from bench.machine import (
    SECRET,
    Machine,
    a_machine,
    cameras_playing,
    configure,
    require_pictures,
    rtsp_cameras,
    wait_until_active,
)
from bench.processes import memory_bytes
from bench.result import Bar, Measured, Part, RowResult
from vigil import keys
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_document import CameraConfig
from vigil.domain.camera import Stream
from vigil.messages import CameraStatus
from vigil.sealing import Sealer

NAME = "ingest-sub"
_ROUNDS, _WARM_UP_S, _WINDOW_S = 5, 6.0, 8.0
_DECODED_S = 30.0


def measure() -> RowResult:
    """Measure a camera with a sub-stream and one without in the same windows."""
    with _running(has_sub=True) as with_sub, _running(has_sub=False) as without:
        pause(_WARM_UP_S)
        sides = {"with": with_sub, "without": without}
        samples = cpu_of_each(sides, rounds=_ROUNDS, window_s=_WINDOW_S)
        controllers_mb = [memory_bytes(pids[:1]) / 1e6 for pids in (with_sub, without)]
    return RowResult(
        NAME,
        [
            Part(
                "",
                "% of a core",
                Bar(0.5, of=Measured.RATIO),
                samples["with"],
                samples["without"],
            ),
            Part("camera_ctrl", "MB", None, controllers_mb[:1], controllers_mb[1:]),
        ],
    )


@contextmanager
def _running(*, has_sub: bool) -> Iterator[Sequence[int]]:
    """Give the controller, and both servers, of one camera."""
    footage = best_footage()
    with (
        a_machine() as machine,
        cameras_playing(clip(footage), 1, folder=machine.folder) as urls,
        cameras_playing(sub_clip(footage), 1, folder=machine.folder) as sub_urls,
    ):
        [camera] = rtsp_cameras(urls)
        if has_sub:
            sealed = Sealer(SECRET).seal(sub_urls[0])
            camera = camera.model_copy(update={"sealed_sub_url": sealed})
        configure(machine, [camera])
        with machine.service(python("vigil", "ingest"), log="ingest") as pid:
            wait_until_active(machine, [camera])
            expected = Stream.SUB if has_sub else Stream.MAIN
            wait_until(
                lambda: _decoded(machine, camera) is expected,
                what=f"pictures of the {expected} stream",
                timeout_s=_DECODED_S,
            )
            yield [pid, *machine.redis_pids]
            require_pictures(machine, [camera])
            if _decoded(machine, camera) is not expected:
                raise BenchFailed(f"pictures were not made of the {expected} stream")


def _decoded(machine: Machine, camera: CameraConfig) -> Stream | None:
    with machine.media_client() as client:
        board = RedisStatusBoard(client, role=keys.Role.INGEST, document_class=CameraStatus)
        status = board.read([camera.id]).get(camera.id)
    return None if status is None else status.decoded_stream
