"""Ours as a benchmark runs it: two servers, cameras that play, the services on them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from bench.children import BenchFailed, first_line, python, running, wait_until
from standalone.servers.valkey import EmbeddedValkey
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.domain.camera import CameraId
from vigil.messages import CameraState, CameraStatus
from vigil.sealing import Sealer

#: Guards nothing: the machine of a bench is gone in the end.
SECRET = "the secret of every bench's machine"
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class Machine:
    """Servers and a folder, on which services are started.

    Attributes:
        folder: For logs and what services keep; gone in the end.
        media, queue: The two Redis.
    """

    folder: Path
    media: EmbeddedValkey
    queue: EmbeddedValkey
    environment: dict[str, str]

    @property
    def redis_pids(self) -> list[int]:
        """The processes of both servers."""
        return [self.media.pid, self.queue.pid]

    @contextmanager
    def media_client(self) -> Iterator[redis.Redis]:
        """Give a client of the media Redis."""
        with redis.Redis.from_url(self.media.url) as client:
            yield client

    @contextmanager
    def service(
        self, command: Sequence[str], *, log: str, environment: dict[str, str] | None = None
    ) -> Iterator[int]:
        """Run a service; give its pid."""
        with running(
            command,
            log=self.folder / f"{log}.log",
            environment=self.environment | (environment or {}),
        ) as process:
            yield process.pid

    def run_to_end(self, command: Sequence[str], *, log: str, environment: dict[str, str]) -> None:
        """Run a command that ends by itself.

        Raises:
            BenchFailed: It ended otherwise than well, or not in time.
        """
        with running(
            command, log=self.folder / f"{log}.log", environment=self.environment | environment
        ) as process:
            wait_until(lambda: process.poll() is not None, what=log, timeout_s=_START_S)
        if process.returncode:
            raise BenchFailed(f"{log} ended with {process.returncode}")


@contextmanager
def a_machine() -> Iterator[Machine]:
    """Give two servers as make run starts them, in a folder of their own."""
    with ExitStack() as held:
        folder = Path(held.enter_context(TemporaryDirectory(prefix="vigil-bench-")))
        media = EmbeddedValkey(folder / "media", appendonly=False, name="media Redis")
        queue = EmbeddedValkey(folder / "queue", appendonly=True, name="queue Redis")
        held.enter_context(media)
        held.enter_context(queue)
        environment = {
            "REDIS_URL": media.url,
            "QUEUE_REDIS_URL": queue.url,
            "SECRET_KEY": SECRET,
            "VIGIL_HOME": str(folder),
        }
        yield Machine(folder, media, queue, environment)


@contextmanager
def cameras_playing(clip: Path, count: int, *, folder: Path) -> Iterator[list[str]]:
    """Run cameras that show clip, in a process that counts for nobody; give their URLs."""
    command = python("bench.programs.rtsp_cameras", str(clip), str(count))
    with running(command, log=folder / "cameras.log", with_output=True) as process:
        yield first_line(process).split()


def configure(machine: Machine, cameras: Sequence[CameraConfig]) -> None:
    """Publish these cameras, and no others."""
    with redis.Redis.from_url(machine.queue.url) as client:
        store = RedisCameraConfigStore(client)
        head = store.head() or ConfigHead(generation=0, camera_ids=())
        store.publish(
            ConfigHead(
                generation=head.generation + 1, camera_ids=tuple(camera.id for camera in cameras)
            ),
            changed=cameras,
            removed=[],
        )


def rtsp_cameras(urls: Sequence[str]) -> list[CameraConfig]:
    """Return a camera for each URL, of five frames a second."""
    sealer = Sealer(SECRET)
    return [
        CameraConfig(
            id=CameraId(number),
            revision=1,
            name=f"camera {number}",
            sealed_url=sealer.seal(url),
            frame_fps=5,
        )
        for number, url in enumerate(urls, start=1)
    ]


def wait_until_active(machine: Machine, cameras: Sequence[CameraConfig]) -> None:
    """Return when packets of every camera come.

    Raises:
        BenchFailed: They did not; the message says of which.
    """
    ids = [camera.id for camera in cameras]
    with machine.media_client() as client:
        board = RedisStatusBoard(client, role=keys.Role.INGEST, document_class=CameraStatus)
        try:
            wait_until(
                lambda: _active(board, ids) == set(ids), what="cameras active", timeout_s=_START_S
            )
        except BenchFailed as error:
            silent = sorted(set(ids) - _active(board, ids))
            raise BenchFailed(f"{error}; inactive: {silent}") from None


def require_pictures(machine: Machine, cameras: Sequence[CameraConfig]) -> None:
    """Refuse what was measured while cameras had fewer pictures than they should.

    Raises:
        BenchFailed: Some had fewer than nine in ten of them: the machine is too busy.
    """
    with machine.media_client() as client:
        board = RedisStatusBoard(client, role=keys.Role.INGEST, document_class=CameraStatus)
        seen = board.read([camera.id for camera in cameras])
    made_fps = {each.id: seen[each.id].frame_fps if each.id in seen else 0.0 for each in cameras}
    if any(made_fps[each.id] < 0.9 * each.frame_fps for each in cameras):
        raise BenchFailed(f"too few pictures, frames a second by camera: {made_fps}")


def _active(board: RedisStatusBoard[CameraStatus], ids: Sequence[CameraId]) -> set[CameraId]:
    return {
        camera_id
        for camera_id, status in board.read(ids).items()
        if status.state is CameraState.ACTIVE
    }
