"""NVIDIA's libraries: where their wheels keep them, and in words what is missing.

The driver comes with the machine. CUDA and cuDNN come as wheels, in folders that no loader looks
into: they are loaded by path, each after those that it needs.
"""

import ctypes
import importlib.util
from functools import cache
from pathlib import Path

#: What ONNX Runtime's CUDA provider is linked with or asks for, each after what it needs.
CUDA_LIBRARIES = (
    "libcudart.so.13",
    "libnvJitLink.so.13",
    "libnvrtc.so.13",
    "libcublasLt.so.13",
    "libcublas.so.13",
    "libcurand.so.10",
    "libcufft.so.12",
    "libcudnn.so.9",
)
#: And its TensorRT provider, besides.
TENSORRT_LIBRARIES = ("libnvinfer.so.10", "libnvonnxparser.so.10")
_DRIVER = "libcuda.so.1"
#: Packages whose wheels hold such libraries.
_PACKAGES = ("nvidia", "tensorrt_libs")


def why_no_gpu() -> str | None:
    """Return why there is no NVIDIA GPU to compute on, or None."""
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return f"no NVIDIA driver is installed: {_DRIVER} is not found"
    status = driver.cuInit(0)
    if status != 0:
        return f"the NVIDIA driver finds no GPU that it can use (cuInit answers {status})"
    count = ctypes.c_int()
    if driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value < 1:
        return "the NVIDIA driver counts no GPU"
    return None


def gpu_name() -> str:
    """Return the first GPU's name, as its driver says it.

    Raises:
        OSError: There is no driver.
    """
    driver = ctypes.CDLL(_DRIVER)
    driver.cuInit(0)
    text = ctypes.create_string_buffer(256)
    driver.cuDeviceGetName(text, len(text), 0)
    return text.value.decode(errors="replace")


@cache
def missing_library(names: tuple[str, ...]) -> str | None:
    """Load libraries for the whole process; return which cannot be and why, or None.

    Args:
        names: As loaders name them, each after those that it needs.
    """
    for name in names:
        try:
            ctypes.CDLL(str(_in_a_wheel(name) or name), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            return f"{name} cannot be loaded: {error}"
    return None


def wait_for_gpu() -> None:
    """Return when all work of the default stream is done; ONNX Runtime's streams do not wait.

    Raises:
        OSError: CUDA is not loaded, or its work failed.
    """
    status = ctypes.CDLL(CUDA_LIBRARIES[0]).cudaStreamSynchronize(None)
    if status != 0:
        raise OSError(f"cudaStreamSynchronize answers {status}")


def _in_a_wheel(name: str) -> Path | None:
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in (Path(folder) / name, *sorted(Path(folder).glob(f"*/lib/{name}"))):
                if path.is_file():
                    return path
    return None
