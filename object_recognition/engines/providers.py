"""What ONNX Runtime computes on, best first, and in words why one of them cannot be had."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import onnxruntime
import structlog
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from object_recognition.engines.nvidia import (
    CUDA_LIBRARIES,
    TENSORRT_LIBRARIES,
    missing_library,
    why_no_gpu,
)
from object_recognition.engines.runtime import first_line
from vigil.errors import ModelInvalid

log = structlog.get_logger(__name__)

#: What the runtime raises, without a root of its own; each version knows more.
ORT_ERRORS = tuple(
    each
    for each in vars(ort_errors).values()
    if isinstance(each, type) and issubclass(each, Exception)
)


class Provider(StrEnum):
    """What executes a graph, as ONNX Runtime calls it."""

    TENSORRT = "TensorrtExecutionProvider"
    CUDA = "CUDAExecutionProvider"
    CPU = "CPUExecutionProvider"

    @property
    def device(self) -> str:
        """Where its tensors lie, as ONNX Runtime calls it."""
        return "cpu" if self is Provider.CPU else "cuda"

    @property
    def words(self) -> str:
        """What a recogniser's name says of it."""
        return {
            Provider.TENSORRT: "ONNX Runtime TensorRT fp16",
            Provider.CUDA: "ONNX Runtime CUDA",
            Provider.CPU: "ONNX Runtime",
        }[self]


BEST_FIRST = tuple(Provider)
#: The first of each size of batch does not wait for a search; memory grows by what is asked for.
_CUDA_OPTIONS = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
}
#: Takes each graph, and what a better one leaves of it.
_LAST = Provider.CPU


@dataclass(frozen=True, slots=True)
class Profile:
    """The batches of one size of input for which TensorRT builds an engine.

    Attributes:
        input_name: As the graph calls it.
        input_wh: Width and height in pixels.
        batch_max: Pictures in the largest batch.
    """

    input_name: str
    input_wh: tuple[int, int]
    batch_max: int


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What all sessions of a worker have in common.

    Attributes:
        threads: How many work at one inference on the CPU.
        cache: A folder in which TensorRT keeps engines, which take minutes to build; None: none.
    """

    threads: int
    cache: Path | None = None


def known_providers() -> list[Provider]:
    """Return what this build of the runtime knows, best first."""
    available = onnxruntime.get_available_providers()
    return [each for each in BEST_FIRST if each in available]


def why_unavailable(provider: Provider) -> str | None:
    """Return why nothing can be computed on a provider in this process, or None.

    Loads what it needs: what is found missing here would be so within the runtime, which says
    so on its standard output alone.
    """
    if provider not in onnxruntime.get_available_providers():
        return f"this build of ONNX Runtime knows no {provider}; onnxruntime-gpu does"
    if provider is Provider.CPU:
        return None
    is_tensorrt = provider is Provider.TENSORRT
    return why_no_gpu() or missing_library(
        (*CUDA_LIBRARIES, *TENSORRT_LIBRARIES) if is_tensorrt else CUDA_LIBRARIES
    )


def open_session(
    model: str | bytes,
    providers: Sequence[Provider],
    options: SessionOptions,
    *,
    profile: Profile | None = None,
    why_not: Callable[[Provider], str | None] = why_unavailable,
) -> tuple[onnxruntime.InferenceSession, Provider]:
    """Return a session on the first provider that can be had, and which that is.

    Each that cannot is told of in the log, with the reason.

    Args:
        model: The path of a file, or its content.
        providers: To try, best first; the CPU is tried in any case.
        options: Of the session.
        profile: For TensorRT; None: it is built for what it is fed first.
        why_not: Says why a provider cannot be had.

    Raises:
        ModelInvalid: Not even the CPU takes it.
    """
    for provider in providers:
        if provider is _LAST:
            break
        reason = why_not(provider)
        if reason is None:
            session = _tried(model, provider, options, profile)
            if not isinstance(session, str):
                return session, provider
            reason = session
        log.warning("provider_unavailable", provider=provider, reason=reason)
    session = _tried(model, _LAST, options, profile)
    if isinstance(session, str):
        raise ModelInvalid(f"the file is no ONNX model: {session}")
    return session, _LAST


def _tried(
    model: str | bytes, provider: Provider, options: SessionOptions, profile: Profile | None
) -> "onnxruntime.InferenceSession | str":
    """Return a session that really is on provider, or why there is none."""
    chosen: list[tuple[str, dict[str, str]]] = []
    if provider is Provider.TENSORRT:
        chosen.append((provider, _tensorrt_options(options.cache, profile)))
    if provider is not Provider.CPU:
        # What TensorRT leaves of a graph is CUDA's.
        chosen.append((Provider.CUDA, dict(_CUDA_OPTIONS)))
    chosen.append((Provider.CPU, {}))
    try:
        session = onnxruntime.InferenceSession(
            model, sess_options=_session_options(options), providers=chosen
        )
    except ORT_ERRORS as error:
        return first_line(error)
    if provider not in session.get_providers():
        return "the runtime went on without it"
    return session


def _session_options(options: SessionOptions) -> onnxruntime.SessionOptions:
    made = onnxruntime.SessionOptions()
    made.intra_op_num_threads = options.threads
    made.inter_op_num_threads = 1
    # Spinning threads take the cores that the decoders need.
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    made.log_severity_level = 4
    return made


def _tensorrt_options(cache: Path | None, profile: Profile | None) -> dict[str, str]:
    chosen = {"trt_fp16_enable": "True"}
    if cache is not None:
        chosen |= {
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": str(cache),
            "trt_timing_cache_enable": "True",
            "trt_timing_cache_path": str(cache),
        }
    if profile is not None:
        width, height = profile.input_wh
        # Without, an engine is built anew for each size of batch that comes.
        for name, batch in (("min", 1), ("opt", profile.batch_max), ("max", profile.batch_max)):
            shape = f"{profile.input_name}:{batch}x3x{height}x{width}"
            chosen[f"trt_profile_{name}_shapes"] = shape
    return chosen
