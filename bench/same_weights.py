"""YOLO11n of the same weights for every side: as Ultralytics takes it, and as our engines do."""

from dataclasses import dataclass
from pathlib import Path

from bench import ultralytics_env
from bench.calibration import calibration_frames
from bench.children import python
from bench.result import Bar, Measured
from object_recognition.engines.engine import Engine
from object_recognition.engines.quantize import quantize

_WEIGHTS = "models/detect/yolo11n_dequant_fused_fp16.npz"
#: What a CPU must have for a bar to be set, as /proc/cpuinfo calls it: on one without, PyTorch's
#: own kernels are as good as any.
_NEEDS = ("avx512_bf16", "avx512_vnni")


@dataclass(frozen=True, slots=True)
class SameWeights:
    """The files.

    Attributes:
        checkpoint: For Ultralytics.
        onnx: Takes any size.
        int8: The same, calibrated, for OpenVINO.
    """

    checkpoint: Path
    onnx: Path
    int8: Path

    def our_sides(self, program: str, *arguments: str) -> dict[str, list[str]]:
        """Return the command line of one of our programs on each engine."""
        return {
            "ONNX Runtime": python(program, Engine.ONNX_RUNTIME, str(self.onnx), *arguments),
            "OpenVINO bf16": python(program, Engine.OPENVINO, str(self.onnx), *arguments),
            "OpenVINO INT8": python(program, Engine.OPENVINO, str(self.int8), *arguments),
        }

    def their_side(self, *arguments: str) -> list[str]:
        """Return the command line of Ultralytics on the checkpoint."""
        command, *rest = arguments
        side = (str(ultralytics_env.python()), str(ultralytics_env.SIDE))
        return [*side, command, str(self.checkpoint), *rest]


def same_weights(folder: Path, scratch: Path) -> SameWeights:
    """Return the files, made unless they are there.

    Args:
        folder: The shared data.
        scratch: Where the calibrated one goes.

    Raises:
        BenchFailed: Ultralytics cannot be had here.
    """
    checkpoint, onnx = ultralytics_env.models(folder / _WEIGHTS)
    int8 = scratch / "yolo11n.int8.zip"
    quantize(onnx, calibration_frames(folder), int8)
    return SameWeights(checkpoint, onnx, int8)


def times_as_fast(times: float) -> Bar | None:
    """Return the bar of a ratio to Ultralytics; None on a CPU for which none is set."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    if not all(flag in flags for flag in _NEEDS):
        return None
    return Bar(1 / times, of=Measured.RATIO, says=f"{times:g} times as fast")
