"""Converts a checkpoint to ONNX, in a process of its own that knows no secret of ours."""

import os
import signal
import subprocess
import sys
import zipfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import structlog

from object_recognition.checkpoints.child import REFUSED
from vigil.errors import ModelInvalid, ModelUnavailable

log = structlog.get_logger(__name__)

#: Said of a checkpoint that does not say what it is: who may name one is decided by its name.
MISNAMED = (
    "it is a PyTorch checkpoint: a program. It is taken under a name or an address that ends in "
    ".pt, which admins alone may give a camera; or export it to ONNX where Ultralytics is: "
    "yolo export model=best.pt format=onnx dynamic=True"
)
_CHILD = Path(__file__).with_name("child.py")
#: Seconds that a conversion may take; YOLO11x needs twenty on a fast core.
TIMEOUT_S = 300.0
#: What the child may hold; YOLO11x needs a fifth.
MAX_MEMORY_BYTES = 8 * 1024**3
_MAX_SAID_BYTES = 65_536
#: Of the environment: what the child needs, and nothing that is a secret.
_PASSED_ON = ("PATH", "LANG", "LD_LIBRARY_PATH", "TZ")
#: It must install and fetch nothing, and tell nobody.
_ULTRALYTICS = {"YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true", "YOLO_VERBOSE": "false"}


def is_checkpoint(path: Path) -> bool:
    """Return whether a file is a checkpoint of PyTorch: a pickle, today within an archive."""
    with path.open("rb") as file:
        # How every pickle of the last twenty years begins, and no ONNX file does.
        if file.read(1) == b"\x80":
            return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(PurePosixPath(each).name == "data.pkl" for each in archive.namelist())


class CheckpointConverter:
    """Converts checkpoints where Ultralytics is installed.

    Args:
        home: Where an environment for Ultralytics is looked for, in the folder ``ultralytics``;
            else it may be installed beside us.
        threads: How many work at a conversion.
        timeout_s: Seconds after which the child is killed.
        max_memory_bytes: What the child may hold.
    """

    def __init__(
        self,
        home: Path,
        *,
        threads: int,
        timeout_s: float = TIMEOUT_S,
        max_memory_bytes: int = MAX_MEMORY_BYTES,
    ) -> None:
        self._environment = home.absolute() / "ultralytics"
        self._threads = threads
        self._timeout_s = timeout_s
        self._max_memory_bytes = max_memory_bytes

    def require(self) -> Path:
        """Return the Python that has Ultralytics.

        Raises:
            ModelUnavailable: None has; the message has the command that installs it.
        """
        own = self._environment / "bin" / "python"
        if own.exists():
            return own
        if find_spec("ultralytics") is not None:
            return Path(sys.executable)
        where = self._environment
        raise ModelUnavailable(
            "a .pt is converted by Ultralytics, which is not installed: "
            f"python3 -m venv {where} && {where}/bin/pip install ultralytics onnx"
        )

    def convert(self, checkpoint: Path, into: Path) -> None:
        """Write a checkpoint as ONNX: of any size, its names and its licence inside.

        Args:
            checkpoint: Of a detector or of a pose model.
            into: The ONNX file, of which nothing is there if this fails.

        Raises:
            ModelInvalid: It is none, or it did not end within the bounds.
            ModelUnavailable: Nobody can convert it here.
        """
        python = self.require()
        with TemporaryDirectory(dir=into.parent, prefix="converting-") as folder:
            # Ultralytics writes beside what it reads, and goes by the suffix.
            given, made = Path(folder) / "model.pt", Path(folder) / "made.onnx"
            given.symlink_to(checkpoint.absolute())
            self._run([str(python), "-I", str(_CHILD), str(given), str(made)], Path(folder))
            if not made.is_file():
                raise ModelInvalid("the checkpoint ended its conversion before a model was there")
            made.replace(into)
        log.info("checkpoint_converted", size_bytes=into.stat().st_size)

    def _run(self, command: list[str], folder: Path) -> None:
        threads = {"OMP_NUM_THREADS": str(self._threads)}
        own = {"HOME": str(folder), "YOLO_CONFIG_DIR": str(folder), **threads, **_ULTRALYTICS}
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        said, complaint = folder / "stdout", folder / "stderr"
        # To files: a pipe would have us wait for whoever it has started, too.
        with said.open("wb") as stdout, complaint.open("wb") as stderr:
            child = subprocess.Popen(
                [*command, str(self._max_memory_bytes)],
                env={**passed_on, **own},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                # A session of its own, which is ended with it.
                start_new_session=True,
            )
        try:
            status = child.wait(timeout=self._timeout_s)
        except subprocess.TimeoutExpired as error:
            words = f"the checkpoint was not converted in {self._timeout_s:g} s"
            raise ModelInvalid(words) from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if status == REFUSED:
            raise ModelInvalid(_text_of(said).strip())
        if status:
            cause = _cause(status, _text_of(complaint))
            raise ModelInvalid(f"Ultralytics cannot convert it: {cause}")


def _text_of(path: Path) -> str:
    """Return the end of what was written."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MAX_SAID_BYTES))
        return file.read().decode(errors="replace")


def _cause(status: int, complaint: str) -> str:
    if status < 0:
        return f"it ended by {signal.Signals(-status).name}"
    lines = complaint.strip().splitlines()
    return lines[-1][:300] if lines else f"exit {status}"
