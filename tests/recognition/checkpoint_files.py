"""Writes checkpoints of PyTorch: real ones by an environment that has it, and shells without."""

import json
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from bench import ultralytics_env
from object_recognition.checkpoints import child

_MAKE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from child import mended_torchvision
kept = mended_torchvision()
import torch
from ultralytics.nn import tasks

class Evil:
    def __init__(self, code): self.code = code
    def __reduce__(self): return exec, (self.code,)

for name, wanted in json.loads(sys.argv[1]).items():
    if wanted["kind"] == "evil":
        torch.save({"model": Evil(wanted["code"])}, name)
        continue
    torch.manual_seed(1)
    model = getattr(tasks, wanted["kind"])(wanted["yaml"], nc=2, verbose=False).eval()
    model.names = {0: "cat", 1: "dog"}
    model.fuse(verbose=False)
    saved = {"model": model.half(), "train_args": {"task": wanted["task"]}, "date": None}
    torch.save(saved, name)
"""


def write_checkpoints(folder: Path, wanted: Mapping[str, Mapping[str, str]]) -> dict[str, Path]:
    """Write checkpoints, as Ultralytics does: of a class of models, or of code that loading runs.

    Args:
        folder: Where.
        wanted: By name: ``kind``, ``yaml``, ``task``; or the kind ``evil`` and its ``code``.
    """
    python = ultralytics_env.found()
    assert python is not None
    paths = {name: folder / f"{name}.pt" for name in wanted}
    named = json.dumps({str(paths[name]): dict(each) for name, each in wanted.items()})
    subprocess.run(
        [str(python), "-c", _MAKE, named, str(Path(child.__file__).parent)],
        check=True,
        capture_output=True,
        timeout=100,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "YOLO_CONFIG_DIR": str(folder), "YOLO_OFFLINE": "true"},
    )
    return paths


def write_shell_of_checkpoint(path: Path) -> Path:
    """Write what looks like a checkpoint, and holds nothing."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", b"\x80\x02.")
    return path
