"""A disk of our own: ext4 on a loop device, whose power is cut by copying what it has written."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.children import BenchFailed

_TOOLS = ("mkfs.ext4", "fsck.ext4", "mount", "umount")
_RUNS_S = 60.0
#: What fsck says of a file system that is whole, or was put right.
_FSCK_FINE = (0, 1)


def missing_tools() -> str | None:
    """Return what such a disk needs and this machine lacks; None: nothing."""
    if os.geteuid() != 0:
        return "a loop device needs root"
    lacking = [tool for tool in _TOOLS if shutil.which(tool, path=_path()) is None]
    return f"there is no {' and no '.join(lacking)}" if lacking else None


def make_image(image: Path, *, size_bytes: int) -> None:
    """Make a file that holds an empty file system."""
    with image.open("wb") as file:
        file.truncate(size_bytes)
    _run("mkfs.ext4", "-q", "-F", str(image))


def repair(image: Path) -> None:
    """Put a file system right that was cut off.

    Raises:
        BenchFailed: It cannot be.
    """
    done = _call("fsck.ext4", "-f", "-y", str(image))
    if done.returncode not in _FSCK_FINE:
        raise BenchFailed(f"fsck ended with {done.returncode}: {done.stdout[-600:]}")


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Mount a file system that lies in a file."""
    at.mkdir(parents=True, exist_ok=True)
    _run("mount", "-o", "loop", str(image), str(at))
    try:
        yield at
    finally:
        _run("umount", str(at))


def _run(*command: str) -> None:
    done = _call(*command)
    if done.returncode:
        raise BenchFailed(f"{' '.join(command)}: {done.stderr.strip()[-600:]}")


def _call(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_RUNS_S,
        check=False,
        env={**os.environ, "PATH": _path()},
    )


def _path() -> str:
    # Where administrators' tools are, of whoever has no such PATH.
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
