"""``vigil jobs`` over a real queue and a volume with footage, to be killed as one likes."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import psutil
import redis

from recorder.exports.shelf import Shelf
from recorder.footage.volume import Volume, open_volume
from tests.builders import an_order
from tests.footage import BEGAN_US, Footage
from tests.recorder.studio import CAMERA
from tests.recorder.written import write_segment
from tests.waiting import wait_until
from vigil import keys
from vigil.bus.exports.redis import RedisExportQueue
from vigil.clock import MICROSECONDS, SystemClock, utc_from_us
from vigil.exports import FOLDER, ExportedCamera, ExportState
from vigil.facts import ExportFact, decode_fact

ROOT = Path(__file__).parents[2]
SECRET = "a secret of tests, long enough for anybody"
#: Seconds in which something happens on a busy machine.
SOON_S = 100.0


class Workshop:
    """A volume, a queue, and processes that make exports."""

    def __init__(self, folder: Path, client: redis.Redis, url: str, sent: Footage) -> None:
        self.volume: Volume = open_volume(folder / "footage", known=None)
        self.folder, self.sent = folder, sent
        self.queue = RedisExportQueue(client, clock=SystemClock())
        self._redis, self._url = client, url
        self._processes: list[subprocess.Popen[bytes]] = []
        self.segments: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def record(self, *, files: int = 1, apart_s: float = 8, camera: int = CAMERA) -> None:
        """Write files of eight seconds; all but the first are the first by another name."""
        first = write_segment(self.volume, self.sent, camera, BEGAN_US).path
        self.segments.append(first)
        for number in range(1, files):
            at = utc_from_us(BEGAN_US + round(number * apart_s * MICROSECONDS))
            day = self.volume.path / str(camera) / f"{at:%Y-%m-%d}"
            day.mkdir(exist_ok=True)
            path = day / f"{at:%H-%M-%S.%f}Z.mp4"
            os.link(first, path)
            self.segments.append(path)

    def start(self, **settings: str) -> "subprocess.Popen[bytes]":
        """Start ``vigil jobs``."""
        environment = os.environ | {
            "REDIS_URL": self._url,
            "SECRET_KEY": SECRET,
            "VIGIL_HOME": str(self.folder / "home"),
            "FOOTAGE_PATH": str(self.volume.path),
            **settings,
        }
        with (self.folder / "jobs.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "vigil", "jobs"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def order(self, until_s: float = 3600, **changes: Any) -> UUID:
        """Ask for an export of all from the beginning on."""
        export = uuid4()
        cameras = changes.pop("cameras", [CAMERA])
        order = an_order(
            export,
            since_us=BEGAN_US,
            until_us=BEGAN_US + round(until_s * MICROSECONDS),
            cameras=tuple(
                ExportedCamera(camera_id=each, name=f"Camera {each}", since_us=0)
                for each in cameras
            ),
            **changes,
        )
        self.queue.put(order)
        return export

    def facts(self, export: UUID) -> list[ExportFact]:
        """Return what was told of an export, the oldest first."""
        entries: Any = self._redis.xrange(keys.facts())
        told = [decode_fact(fields[b"f"]) for _, fields in entries]
        return [each for each in told if isinstance(each, ExportFact) and each.export == export]

    def states(self, export: UUID) -> list[ExportState]:
        return [each.state for each in self.facts(export)]

    def wait_for(self, export: UUID, state: ExportState) -> ExportFact:
        """Return the fact that tells of a state, once there is one."""
        wait_until(lambda: state in self.states(export), timeout_s=SOON_S)
        return next(each for each in self.facts(export) if each.state is state)

    def wait_until_begun(self, export: UUID) -> psutil.Process:
        """Return the child that makes an export, once it has made something of it."""
        part = self.volume.path / FOLDER / f".{export}" / f"{CAMERA}-0.mp4"
        wait_until(lambda: part.exists() and part.stat().st_size > 0, timeout_s=SOON_S)
        [child] = self.children()
        return child

    def children(self) -> list[psutil.Process]:
        running = [each for each in self._processes if each.poll() is None]
        return [child for each in running for child in psutil.Process(each.pid).children()]

    def left(self) -> list[str]:
        """Return all that lies in the folder of exports."""
        return sorted(each.name for each in (self.volume.path / FOLDER).iterdir())

    def waiting(self) -> int:
        """Return how many orders are not done."""
        queues = (keys.EXPORT_JOBS, f"{keys.EXPORT_JOBS}.DQ")
        return sum(int(self._redis.hlen(keys.job_messages(each))) for each in queues)

    def shelf(self) -> Shelf:
        return Shelf(self.volume, kept=timedelta(days=1), clock=SystemClock())

    def log(self) -> str:
        return (self.folder / "jobs.log").read_text()
