"""Puts together what holds models and what opens them, for the worker and for the commands."""

from pathlib import Path

from object_recognition.checkpoints.convert import CheckpointConverter
from object_recognition.engines.choice import Engines, engines_for
from object_recognition.engines.engine import Engine
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.store import ModelStore
from object_recognition.settings import ModelSettings
from vigil.clock import Clock
from vigil.runtime import StopSignal


def make_engines(settings: ModelSettings, home: Path) -> Engines:
    """Return what opens model files.

    Raises:
        SetupInvalid: The engine that was asked for is not installed.
    """
    engines = engines_for(settings.inference_engine)
    best = engines[0]
    return Engines(
        engines,
        threads=settings.inference_threads,
        folder=home / "models",
        # On a GPU the choice is plain, and who names an engine has chosen.
        measures=settings.inference_engine == "auto" and best is Engine.OPENVINO,
        batch_max=settings.batch_max,
    )


def make_store(
    settings: ModelSettings, home: Path, engines: Engines, *, clock: Clock, stop: StopSignal
) -> ModelStore:
    """Return what holds model files, which takes only those that the engines take."""
    limits = Limits(max_bytes=settings.model_max_bytes)
    return ModelStore(
        home / "models",
        downloader=Downloader(limits=limits, clock=clock, stop=stop),
        check=engines.check,
        converter=CheckpointConverter(home, threads=settings.inference_threads),
        max_bytes=settings.model_max_bytes,
    )
