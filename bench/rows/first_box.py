"""``first-box``: from ``make run`` to the first boxed image, on a fresh copy of the tree.

The first start makes the environment; packages come from uv's cache, which another start has
filled. The second start is the next one in the same copy.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import redis

from bench.children import ROOT, BenchFailed, running, wait_until
from bench.result import Bar, Part, RowResult
from standalone.processes.ports import free_port
from vigil import keys
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId

NAME = "first-box"
_CAMERA = CameraId(1)
_TIMEOUT_S = 300.0
#: One first start: each takes a minute of the machine.
_SECOND_STARTS = 3


def measure() -> RowResult:
    """Measure one first start and some second ones."""
    for tool in ("git", "make"):
        if shutil.which(tool) is None:
            return RowResult(NAME, [], missing=f"needs {tool} on the PATH")
    with TemporaryDirectory(prefix="vigil-bench-") as folder:
        tree = Path(folder, "vigil")
        _copy_tree(tree)
        first_s = _start(tree)
        second_s = [_start(tree) for _ in range(_SECOND_STARTS)]
    return RowResult(
        NAME,
        [
            Part("first start", "s", Bar(60.0), [first_s]),
            Part("second start", "s", Bar(10.0), second_s),
        ],
    )


def _copy_tree(tree: Path) -> None:
    """Copy what a clone would hold, with changes that are not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)


def _start(tree: Path) -> float:
    """Return the seconds from ``make run`` to the first boxed image; all is ended then."""
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    home = tree / ".vigil"
    command = ["make", "run", f"PORT={free_port()}", f"VIGIL_HOME={home}"]
    with _unconfigured(), running(command, log=tree / "run.log", folder=tree) as make:
        wait_until(
            lambda: _has_boxed_image(make), what="the first boxed image", timeout_s=_TIMEOUT_S
        )
        return clock.monotonic_s() - begun_s


@contextmanager
def _unconfigured() -> Iterator[None]:
    """Take away what of our own environment would change what ``make run`` does."""
    taken = {name: os.environ.pop(name) for name in _OURS if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


_OURS = ("REDIS_URL", "QUEUE_REDIS_URL", "DATABASE_URL", "SECRET_KEY", "VIGIL_DATA_DIR")


def _has_boxed_image(make: "subprocess.Popen[bytes]") -> bool:
    if make.poll() is not None:
        raise BenchFailed(f"make run ended with {make.returncode}")
    url = _media_url(make.pid)
    if url is None:
        return False
    with redis.Redis.from_url(url, socket_timeout=1.0) as client:
        return bool(client.exists(keys.boxed_image(_CAMERA)))


def _media_url(pid: int) -> str | None:
    """Return where the run's media Redis is: its services are told by their environment."""
    for process in psutil.Process(pid).children(recursive=True):
        try:
            environment = process.environ()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            # Ended just now, or made another user's: PostgreSQL.
            continue
        if "REDIS_URL" in environment:
            return environment["REDIS_URL"]
    return None
