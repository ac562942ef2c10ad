"""``python child.py CHECKPOINT ONNX MEMORY_BYTES``: converts a checkpoint for `convert`.

Run by the Python of an environment that has Ultralytics, which need not have anything of ours: this
file imports the standard library alone. A checkpoint is a pickle, so whatever its maker wrote runs
here. What is refused is said on stdout, and the exit status is 3.
"""

import ctypes
import os
import resource
import signal
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REFUSED = 3
#: What the lean path reads.
_TASKS = ("detect", "pose")
_PR_SET_PDEATHSIG = 1


def main(checkpoint: Path, into: Path, max_memory_bytes: int) -> int:
    """Convert a checkpoint; return the exit status."""
    # Who waits for us may be killed, and an orphan would go on for minutes.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_DATA, (max_memory_bytes, max_memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    # Its progress is for people; stdout is for the reason.
    with redirect_stdout(sys.stderr):
        refused = _convert(checkpoint, into)
    if refused is None:
        return 0
    sys.stdout.write(refused)
    return REFUSED


def _convert(checkpoint: Path, into: Path) -> str | None:
    """Write the ONNX file; return why not, where that is known."""
    kept = mended_torchvision()
    from ultralytics import YOLO

    model = YOLO(checkpoint)
    del kept
    if model.task not in _TASKS:
        return f"the model's task is '{model.task}'; accepted are 'detect' and 'pose'"
    # As the camera's aspect wants it, with its names, its task and its licence inside.
    written = model.export(format="onnx", dynamic=True, simplify=False, device="cpu")
    Path(written).replace(into)
    return None


def mended_torchvision() -> Any:
    """Return what must be kept so that Ultralytics can be imported.

    A torchvision that was built for CUDA does not load its operators beside a torch for CPUs.
    """
    import torch

    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return None
    said = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    if torch.version.cuda is not None or "+cu" not in said:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
    from ultralytics.utils.nms import TorchNMS

    torchvision.ops.nms = TorchNMS.nms
    return library


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
