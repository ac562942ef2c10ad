"""Which engine executes a model file: the best that is installed and takes it."""

from contextlib import suppress
from pathlib import Path

import structlog

from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime, openvino_version
from object_recognition.engines.onnx import (
    OnnxRuntime,
    has_gpu_provider,
    was_quantized_dynamically,
)
from object_recognition.engines.probe import probe
from object_recognition.engines.providers import Provider, SessionOptions, why_unavailable
from object_recognition.engines.race import race
from object_recognition.ir_archive import is_archive
from vigil.durable_file import write_atomically
from vigil.errors import ModelInvalid, SetupInvalid

log = structlog.get_logger(__name__)

#: Beside a model's file: the same model, calibrated for whole numbers.
INT8_SUFFIX = ".int8.zip"
#: Another engine than the best has to be a tenth faster with a file: less is chance.
_WORTH_IT = 1.1
#: Below the folder of models: engines that TensorRT built for this GPU.
_TENSORRT = Path("tensorrt")


def engines_for(setting: str) -> list[Engine]:
    """Return the engines to try, best first.

    Args:
        setting: ``auto``, or the engine that is preferred.

    Raises:
        SetupInvalid: It names what is not installed.
    """
    has_openvino = openvino_version() is not None
    if setting == Engine.OPENVINO and not has_openvino:
        raise SetupInvalid(
            "INFERENCE_ENGINE is openvino, which is not installed: pip install 'vigil[openvino]', "
            "or INFERENCE_ENGINE=auto"
        )
    if setting == Engine.ONNX_RUNTIME or not has_openvino:
        return [Engine.ONNX_RUNTIME]
    if setting == "auto" and has_gpu_provider():
        reason = why_unavailable(Provider.CUDA)
        if reason is None:
            return [Engine.ONNX_RUNTIME, Engine.OPENVINO]
        log.warning("gpu_unavailable", reason=reason)
    return [Engine.OPENVINO, Engine.ONNX_RUNTIME]


class Engines:
    """Opens model files on the best engine that takes them.

    A file is tried in a child process before an engine has it here. That OpenVINO took a file, and
    which engine was faster, is remembered in its cache, for as long as its version stays.

    Args:
        engines: To try, best first.
        threads: How many work at one inference.
        folder: Of models; what engines compiled is kept below. None: it is kept nowhere.
        measures: Whether the engine that is faster with a file goes before the best, where that
            differs: with files that were quantised dynamically.
        batch_max: Pictures that a GPU looks at in one go, at most; 1: one after the other.
    """

    def __init__(
        self,
        engines: list[Engine],
        *,
        threads: int,
        folder: Path | None,
        measures: bool = False,
        batch_max: int = 1,
    ) -> None:
        self._engines = engines
        self._threads = threads
        self._folder = folder
        self._measures = measures
        self._batch_max = batch_max

    def check(self, path: Path) -> None:
        """Return when one of the engines takes a file.

        Raises:
            ModelInvalid: None does; the message is that of the last.
        """
        engines = self._engines_for(path)
        for engine in engines[:-1]:
            try:
                probe(path, engine)
            except ModelInvalid as error:
                log.warning("engine_refused_model", engine=engine, reason=str(error))
            else:
                return
        probe(path, engines[-1])

    def open(self, path: Path, name: str) -> ModelDetector:
        """Return the detector in a file, or in its calibrated sibling.

        Args:
            path: The file.
            name: For people; the engine is added.

        Raises:
            ModelInvalid: No engine takes it.
        """
        int8 = path.with_suffix(INT8_SUFFIX)
        if Engine.OPENVINO in self._engines and int8.is_file():
            try:
                return self._open_on(Engine.OPENVINO, int8, name)
            except ModelInvalid as error:
                log.warning("int8_model_refused", model=name, reason=str(error))
        engines = self._fastest_first(path, self._engines_for(path))
        for engine in engines[:-1]:
            try:
                return self._open_on(engine, path, name)
            except ModelInvalid as error:
                log.warning("engine_refused_model", engine=engine, model=name, reason=str(error))
        return self._open_on(engines[-1], path, name)

    def _engines_for(self, path: Path) -> list[Engine]:
        if is_archive(path) and Engine.OPENVINO in self._engines:
            return [Engine.OPENVINO]
        return self._engines

    def _fastest_first(self, path: Path, engines: list[Engine]) -> list[Engine]:
        if not (self._measures and len(engines) > 1 and was_quantized_dynamically(path)):
            return engines
        cache = self._cache()
        if cache is None:
            return engines
        note = cache / f"{path.name}-{path.stat().st_mtime_ns:x}-{self._threads}.fastest"
        with suppress(OSError, ValueError):
            fastest = Engine(note.read_text(encoding="utf-8"))
            return sorted(engines, key=lambda each: each is not fastest)
        measured_ms = race(path, engines, threads=self._threads)
        told = {engine.value: round(ms, 1) for engine, ms in measured_ms.items()}
        log.info("engines_measured", file=path.name, **told)
        if not measured_ms:
            return engines
        fastest = engines[0]
        if fastest in measured_ms:
            # Where the best refuses the file, who opens it finds out, and says so.
            worth_ms = {k: v if k is engines[0] else v * _WORTH_IT for k, v in measured_ms.items()}
            fastest = min(worth_ms, key=worth_ms.__getitem__)
        with suppress(OSError):
            write_atomically(note, fastest.encode())
        return sorted(engines, key=lambda each: each is not fastest)

    def _open_on(self, engine: Engine, path: Path, name: str) -> ModelDetector:
        cache = self._cache() if engine is Engine.OPENVINO else None
        if engine is Engine.OPENVINO:
            self._try(path, cache)
        runtime = open_runtime(path, engine, threads=self._threads, cache=cache)
        if isinstance(runtime, OnnxRuntime) and runtime.is_on_gpu and self._batch_max > 1:
            try:
                return self._in_batches(path, runtime, name)
            except ModelInvalid as error:
                log.warning("model_looks_one_by_one", model=name, reason=str(error))
        return ModelDetector(runtime, name=name)

    def _in_batches(self, path: Path, runtime: OnnxRuntime, name: str) -> ModelDetector:
        # Only where there is a GPU: it needs onnx, which takes 31 MB of disk.
        try:
            from object_recognition.engines.batch_detector import (  # noqa: PLC0415
                BatchModelDetector,
            )
            from object_recognition.engines.decoding import best_decoder  # noqa: PLC0415
        except ImportError as error:
            raise ModelInvalid(f"what batches need is not installed: {error}") from error
        return BatchModelDetector(
            path,
            runtime,
            name=name,
            decoder=best_decoder(runtime.provider.device, threads=self._threads),
            batch_max=self._batch_max,
            options=SessionOptions(self._threads, cache=self._made(_TENSORRT)),
        )

    def _try(self, path: Path, cache: Path | None) -> None:
        # What the store checked, it checked with the engines of that day; and a model may be
        # calibrated again.
        if cache is None:
            probe(path, Engine.OPENVINO)
            return
        tried = cache / f"{path.name}-{path.stat().st_mtime_ns:x}.tried"
        if not tried.exists():
            probe(path, Engine.OPENVINO)
            # A full disk costs another try at the next start.
            with suppress(OSError):
                tried.touch()

    def _cache(self) -> Path | None:
        return self._made(Path("openvino", str(openvino_version())))

    def _made(self, name: Path) -> Path | None:
        """Return a folder for what an engine compiled, or None where there can be none."""
        if self._folder is None:
            return None
        cache = self._folder / name
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("engine_cache_unusable", folder=str(cache), reason=error.strerror)
            return None
        return cache
