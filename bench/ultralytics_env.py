"""Ultralytics in an environment of its own, outside the project's: what others measure against.

It is made once and kept in the user's cache. ``UV_TORCH_BACKEND=cpu`` has torch from PyTorch's own
index, without 3 GB of CUDA; PIP_FIND_LINKS names a folder or page that has it otherwise.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.children import ROOT, BenchFailed

SIDE = ROOT / "bench" / "programs" / "ultralytics_side.py"
_PACKAGES = (
    "torch==2.13.0",
    "torchvision==0.28.0",
    "ultralytics==8.4.190",
    "opencv-python-headless>=4.10,<5",
    "onnx>=1.18,<2",
    # What track() pairs boxes by.
    "lap>=0.5.12,<0.6",
    "redis>=6,<9",
)
#: Both would write cv2/, and the last would win.
_OVERRIDE = "opencv-python ; sys_platform == 'never'"
_MADE_S = 1200.0


def python() -> Path:
    """Return the interpreter of the environment, which is made unless it is there.

    Raises:
        BenchFailed: It cannot be made.
    """
    folder = _folder()
    interpreter = folder / "bin" / "python"
    done = folder / "done"
    made_of = "\n".join(_PACKAGES)
    if not done.exists() or done.read_text(encoding="utf-8") != made_of:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        if uv is None:
            raise BenchFailed("there is no uv to make the environment of Ultralytics with")
        print(f"making {folder} with {', '.join(_PACKAGES)} ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
        override = folder / "override.txt"
        override.write_text(_OVERRIDE + "\n", encoding="utf-8")
        install = [uv, "pip", "install", "--quiet", "--python", str(interpreter)]
        if links := os.environ.get("PIP_FIND_LINKS"):
            install += ["--find-links", links]
        _run([*install, "--override", str(override), *_PACKAGES])
        done.write_text(made_of, encoding="utf-8")
    return interpreter


def models(weights: Path) -> tuple[Path, Path]:
    """Return yolo11n as a checkpoint and as an ONNX file of any size, made of the same weights.

    Raises:
        BenchFailed: They cannot be made.
    """
    made_of = hashlib.sha256(weights.read_bytes() + SIDE.read_bytes()).hexdigest()[:16]
    folder = _folder() / made_of
    checkpoint, onnx = folder / "yolo11n.pt", folder / "yolo11n.onnx"
    if not onnx.exists():
        _run([str(python()), str(SIDE), "make", str(weights), str(folder)])
    return checkpoint, onnx


def found() -> Path | None:
    """Return the interpreter of the environment, if it was made before."""
    interpreter = _folder() / "bin" / "python"
    return interpreter if (_folder() / "done").exists() else None


def environment() -> dict[str, str]:
    """Return the variables under which its programs run."""
    return {"YOLO_CONFIG_DIR": str(_folder())}


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "vigil-bench" / "ultralytics"


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_MADE_S,
        check=False,
        env={**os.environ, **environment()},
    )
    if done.returncode:
        raise BenchFailed(f"{' '.join(command[:4])} ...: {done.stderr.strip()[-600:]}")
