"""``vigil models``: add, list, check, bench and quantize the models that look at cameras."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from pydantic import Field

from object_recognition.assembly import make_engines, make_store
from object_recognition.commands.pictures import frames_in
from object_recognition.detection import ImageBgr
from object_recognition.engines.choice import INT8_SUFFIX, Engines, engines_for
from object_recognition.engines.detector import ModelDetector
from object_recognition.engines.engine import Engine, open_runtime
from object_recognition.models.source import DEFAULT_MODEL, ModelSource, is_url
from object_recognition.models.store import ModelStore
from object_recognition.settings import ModelSettings
from vigil.clock import SystemClock
from vigil.errors import ModelInvalid, SetupInvalid
from vigil.log import configure_logging
from vigil.runtime import stop_on_signals
from vigil.settings import load

_LOOKS = 30
_FRAME_WH = (1920, 1080)


class _Settings(ModelSettings):
    """What of the core's settings the commands need."""

    vigil_home: Path = Field(default=Path(".vigil"), description="See CoreSettings.")
    log_level: str = Field(default="WARNING", description="See CoreSettings.")


@dataclass(frozen=True, slots=True)
class _Site:
    """What the commands work on."""

    store: ModelStore
    engines: Engines
    threads: int


def main(arguments: Sequence[str]) -> int:
    """Do what was asked for; return the exit status."""
    options = _parser().parse_args(arguments)
    settings = load(_Settings)
    configure_logging("models", settings.log_level)
    cv2.setNumThreads(settings.inference_threads)
    engines = make_engines(settings, settings.vigil_home)
    store = make_store(
        settings, settings.vigil_home, engines, clock=SystemClock(), stop=stop_on_signals()
    )
    command: Callable[[_Site, argparse.Namespace], int] = options.command
    try:
        return command(_Site(store, engines, settings.inference_threads), options)
    except ModelInvalid as error:
        print(f"vigil models: refused: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vigil models", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[_Site, argparse.Namespace], int], help_: str) -> None:
        each = commands.add_parser(name, help=help_, description=help_)
        each.set_defaults(command=run)
        if name != "list":
            each.add_argument("model", help="a file, a URL, or what 'vigil models list' shows")
        if name == "quantize":
            _add_quantize(each)

    command("add", _add, "Try a model in a process of its own, and keep it.")
    command("list", _list, "Show the models that are kept.")
    command("check", _check, "Try a model in a process of its own, and say what it is.")
    command("bench", _bench, "Measure a model on each engine that takes it.")
    command("quantize", _quantize, "Calibrate a model for whole numbers, on frames of the site.")
    return parser


def _add_quantize(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--frames", type=Path, help="a folder of pictures and clips of the cameras")
    what.add_argument("--undo", action="store_true", help="remove what was calibrated before")
    parser.add_argument(
        "--least-agreement",
        type=float,
        default=0.9,
        help="the F1 with the model's own boxes that is kept; default 0.9",
    )
    parser.add_argument("--at-most", type=int, default=300, help="frames to take; default 300")


def _add(site: _Site, options: argparse.Namespace) -> int:
    path, name = _kept(site, options.model)
    _describe(site, path, name)
    print(f"kept as      {path}")
    print("a camera's recognition names it by the same file or URL")
    return 0


def _list(site: _Site, _: argparse.Namespace) -> int:
    stored = site.store.stored()
    for each in stored:
        calibrated = "  INT8" if each.path.with_suffix(INT8_SUFFIX).is_file() else ""
        size_mb = each.path.stat().st_size / 1e6
        names = ", ".join(each.origins) or "-"
        print(f"{each.path.stem[:12]}  {size_mb:7.1f} MB  {names}{calibrated}")
    if not stored:
        print("no model is kept yet; the default is fetched when a camera first asks for it")
    return 0


def _check(site: _Site, options: argparse.Namespace) -> int:
    path = Path(options.model)
    # A file of ONNX is looked at where it is; everything else has to be fetched or packed first.
    if path.suffix == ".onnx" and path.is_file():
        site.engines.check(path)
        _describe(site, path, path.stem)
    else:
        _describe(site, *_kept(site, options.model))
    return 0


def _bench(site: _Site, options: argparse.Namespace) -> int:
    path, name = _kept(site, options.model)
    frame = _noise(_FRAME_WH)
    for engine in engines_for("auto"):
        try:
            runtime = open_runtime(path, engine, threads=site.threads)
            _print_speed(ModelDetector(runtime, name=name), frame)
        except ModelInvalid as error:
            print(f"{engine}: refused: {error}")
    _print_speed(site.engines.open(path, f"chosen: {name}"), frame)
    return 0


def _quantize(site: _Site, options: argparse.Namespace) -> int:
    # Imports OpenVINO, which the others do without.
    from object_recognition.commands import quantize  # noqa: PLC0415

    if Engine.OPENVINO not in engines_for("auto"):
        raise SetupInvalid("quantizing needs OpenVINO and NNCF: pip install 'vigil[quantize]'")
    path, name = _kept(site, options.model)
    if options.undo:
        quantize.undone(path)
        return 0
    frames = frames_in(options.frames, at_most=options.at_most)
    is_kept = quantize.quantized(path, frames, name=name, least_agreement=options.least_agreement)
    return int(not is_kept)


def _kept(site: _Site, model: str) -> tuple[Path, str]:
    """Return a model's file in the store, fetched or copied unless it is there, and its name.

    Raises:
        ModelInvalid: It is no model, or nobody knows what is meant.
    """
    if model == DEFAULT_MODEL.name:
        return site.store.fetch(DEFAULT_MODEL), DEFAULT_MODEL.name
    if is_url(model):
        source = ModelSource(model)
        return site.store.fetch(source), source.name
    path = Path(model)
    if path.exists():
        return site.store.add_file(path.resolve()), path.stem
    stored = site.store.called(model)
    return stored.path, stored.name


def _describe(site: _Site, path: Path, name: str) -> None:
    detector = site.engines.open(path, name)
    width, height = detector.input_wh(_FRAME_WH)
    aspect = "follows the camera's aspect" if detector.follows_aspect else "fixed"
    known = DEFAULT_MODEL.license if path.stem == DEFAULT_MODEL.sha256 else None
    labels = ", ".join(detector.labels[:8]) + (", ..." if len(detector.labels) > 8 else "")
    print(f"model        {detector.name}")
    print(f"looks at     {width}x{height} of a 1080p picture, {aspect}")
    print(f"labels       {len(detector.labels)}: {labels}")
    if detector.keypoint_count:
        print(f"keypoints    {detector.keypoint_count}")
    print(f"licence      {detector.license or known or 'not stated in the file: ask who made it'}")


def _print_speed(detector: ModelDetector, frame: ImageBgr) -> None:
    samples = []
    for _ in range(_LOOKS):
        begun_s = time.perf_counter()
        detector.detect(frame)
        samples.append(1e3 * (time.perf_counter() - begun_s))
    width, height = detector.input_wh(_FRAME_WH)
    print(
        f"{detector.name}: {median(samples):.1f} ms from a 1080p picture to boxes, {width}x{height}"
    )


def _noise(size_wh: tuple[int, int]) -> ImageBgr:
    width, height = size_wh
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
