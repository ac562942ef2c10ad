"""Environments of what ours is compared with: none of it is among our dependencies."""

import subprocess
import sys
from pathlib import Path

from bench.children import BenchFailed

_FOLDER = Path(__file__).parent / "environments"
_INSTALL_S = 600.0


def python_with(requirement: str) -> Path:
    """Return a Python that has a package; its environment is made once, and kept.

    Raises:
        BenchFailed: The package cannot be installed here; the message says why.
    """
    folder = _FOLDER / requirement.replace("==", "-")
    python, is_done = folder / "bin" / "python", folder / ".done"
    if not is_done.exists():
        _call(sys.executable, "-m", "venv", "--clear", str(folder))
        quietly = ("--quiet", "--disable-pip-version-check")
        _call(str(python), "-m", "pip", "install", *quietly, requirement)
        is_done.touch()
    return python


def _call(*arguments: str) -> None:
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=_INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchFailed(f"{' '.join(arguments)}: not done in {_INSTALL_S:g} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise BenchFailed(f"{' '.join(arguments)}: {said[-1]}")
