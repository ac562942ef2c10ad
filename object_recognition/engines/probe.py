"""Tries a model file in a child process, so that what it breaks is not the service.

A model file is a program from somebody else: it can crash the loader, take all memory, or never
end. Whatever happens to the child is told as ``ModelInvalid``.
"""

import resource
import signal
import subprocess
import sys
from pathlib import Path

from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime
from object_recognition.engines.providers import Provider
from vigil.errors import ModelInvalid

#: Seconds that loading and one inference may take, on the slowest machine that we serve.
PROBE_TIMEOUT_S = 60.0
#: Address space of the child; the largest YOLO models need about a third.
MAX_MEMORY_BYTES = 6 * 1024**3
_REFUSED = 3


def probe(path: Path, engine: Engine, *, timeout_s: float = PROBE_TIMEOUT_S) -> None:
    """Load a file and run it once, in a child process.

    Args:
        path: The file.
        engine: What is to run it.
        timeout_s: Seconds after which the child is killed.

    Raises:
        ModelInvalid: It cannot be used; the message says why.
    """
    # A wheel's console script has no folder of ours on its path: -m finds the package either way.
    module = "object_recognition.engines.probe"
    command = [sys.executable, "-m", module, engine, str(path.resolve())]
    try:
        child = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelInvalid(f"the model did not load and run once in {timeout_s:g} s") from error
    if child.returncode == 0:
        return
    if child.returncode == _REFUSED:
        raise ModelInvalid(child.stdout.strip())
    raise ModelInvalid(f"the model crashed its loader ({_cause(child)})")


def _cause(child: subprocess.CompletedProcess[str]) -> str:
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    lines = child.stderr.strip().splitlines()
    return lines[-1][:300] if lines else f"exit {child.returncode}"


def bound_this_process() -> None:
    """Bound what a child may take: in it, not between fork and exec, as the parent has threads."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(engine: Engine, path: Path) -> int:
    """Try the file in this process; return the exit status, with the reason on stdout."""
    bound_this_process()
    try:
        # On the CPU: a GPU's driver reserves more addresses than the child may have.
        runtime = open_runtime(path, engine, threads=1, providers=[Provider.CPU])
        ModelDetector(runtime, name=path.name)
    except ModelInvalid as error:
        sys.stdout.write(str(error))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(Engine(sys.argv[1]), Path(sys.argv[2])))
