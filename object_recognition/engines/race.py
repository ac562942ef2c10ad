"""Measures which engine runs a model file faster here, in a child process.

One by turns with the other, so that whatever else the machine does slows both, and the best time of
each counts. A child, since a file that one engine took alone may still break the two together.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime
from object_recognition.engines.probe import PROBE_TIMEOUT_S, bound_this_process
from object_recognition.engines.providers import Provider
from vigil.errors import ModelInvalid

#: Rounds, and seconds after which no other begins: large models show it sooner.
_ROUNDS, _ENOUGH_S = 9, 6.0
#: What most cameras have.
_FRAME_SHAPE = (1080, 1920, 3)


def race(
    path: Path, engines: Sequence[Engine], *, threads: int, timeout_s: float = PROBE_TIMEOUT_S
) -> dict[Engine, float]:
    """Return the milliseconds from a picture to boxes, of each engine that takes a file.

    Nothing is returned where that cannot be measured.
    """
    module = "object_recognition.engines.race"
    command = [sys.executable, "-m", module, str(path.resolve()), str(threads), *engines]
    try:
        child = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=True
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return {}
    return {Engine(name): ms for name, ms in json.loads(child.stdout).items()}


def main(path: Path, threads: int, engines: Sequence[Engine]) -> None:
    """Measure in this process; write the result to stdout."""
    bound_this_process()
    detectors: dict[Engine, ModelDetector] = {}
    for engine in engines:
        try:
            # Where there is a GPU, nothing is measured.
            runtime = open_runtime(path, engine, threads=threads, providers=[Provider.CPU])
            detectors[engine] = ModelDetector(runtime, name=path.name)
        except ModelInvalid:
            continue
    frame = np.random.default_rng(1).integers(0, 255, _FRAME_SHAPE, np.uint8)
    best_ms = dict.fromkeys(detectors, float("inf"))
    begun_s = time.perf_counter()
    # The first round finds the input's size, and compiles for it: it is never the best.
    for _ in range(_ROUNDS):
        for engine, detector in detectors.items():
            at_s = time.perf_counter()
            detector.detect(frame)
            best_ms[engine] = min(best_ms[engine], 1e3 * (time.perf_counter() - at_s))
        if time.perf_counter() - begun_s > _ENOUGH_S:
            break
    sys.stdout.write(json.dumps(best_ms))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), [Engine(each) for each in sys.argv[3:]])
