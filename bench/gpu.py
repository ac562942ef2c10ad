"""``python -m bench.gpu``: how many cameras one GPU looks at, in batches; writes a table.

Real JPEGs of 1280x720 go into the worker's own detector, and boxes come out: decode, letterbox,
inference and suppression. What a worker does beside it on the CPU, the annotated picture, is
measured alone, since it is the cores that bound it. With ``--device cpu`` the same runs without a
GPU: it shows that all of it works, and its figures are of no GPU.
"""

import argparse
import importlib.util
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import cv2

from bench.gpu_cameras import FRAME_FPS, most_that_hold, played
from bench.interleave import pause
from object_recognition.bounds import Bounds
from object_recognition.detection import Detections
from object_recognition.engines.batch_detector import BatchModelDetector
from object_recognition.engines.decoding import best_decoder
from object_recognition.engines.nvidia import (
    CUDA_LIBRARIES,
    TENSORRT_LIBRARIES,
    gpu_name,
    missing_library,
    why_no_gpu,
)
from object_recognition.engines.onnx import OnnxRuntime
from object_recognition.engines.providers import Provider, SessionOptions, known_providers
from object_recognition.overlay import boxed_jpeg
from object_recognition.picture import JpegPicture, encoded
from object_recognition.view import CameraView, local_time
from object_recognition.watch import RawFrame
from standalone.demo.scene import Scene
from vigil.camera_document import CameraConfig
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp
from vigil.errors import FrameInvalid, ModelInvalid

TABLE = Path(__file__).parent / "RESULTS-GPU.md"
SIZE_WH = (1280, 720)
#: What a camera's newest frame may take to its boxes, at the 95th percentile.
P95_MS = 200.0
_QUALITY = 85
_FRAMES = 48
#: What the search begins to believe; more than a chip of today does.
_MOST_CAMERAS = 20_000
_MODELS = ("yolox_nano_416.onnx", "yolo11n_dequant_fp32_640.onnx")
_NOT_MEASURED = 2
_NO_GPU = "NONE, a CPU did it all: no figures of a GPU"

Row = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        jpegs: Of 1280x720.
        shows: What they show, in words.
        batch_max: Pictures in the largest batch.
        window_s: Seconds that each figure takes.
    """

    jpegs: Sequence[bytes]
    shows: str
    batch_max: int
    window_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; return 2 where something is missing that it needs, each told in a sentence."""
    options = _parser().parse_args(arguments)
    cv2.setNumThreads(1)
    models = options.model or _shared_models()
    missing = [*_missing_for_gpu()] if options.device == "cuda" else []
    if not models:
        missing.append(
            "no model: name one with --model, or let VIGIL_DATA_DIR name the shared ones"
        )
    if missing:
        for sentence in missing:
            print(f"bench-gpu: {sentence}", file=sys.stderr)
        print("bench-gpu: nothing was measured", file=sys.stderr)
        return _NOT_MEASURED
    for sentence in _wanting() if options.device == "cuda" else ():
        print(f"bench-gpu: {sentence}", file=sys.stderr)
    jpegs, shows = _pictures(options.frames)
    plan = Plan(jpegs, shows, options.batch_max, options.seconds)
    text = _report(plan, models, options.device, threads=options.threads)
    print(text)
    output = options.output or (TABLE if options.device == "cuda" else None)
    if output is not None:
        output.write_text(text, encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--model", type=Path, action="append", help="an ONNX file; several may be")
    parser.add_argument("--frames", type=Path, help="a folder of JPEGs of 1280x720")
    parser.add_argument("--batch-max", type=int, default=64, help="pictures in the largest batch")
    parser.add_argument("--seconds", type=float, default=5.0, help="that each figure takes")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="that decode on a CPU")
    parser.add_argument("--output", type=Path, help=f"of the table; with a GPU {TABLE.name}")
    return parser


def _missing_for_gpu() -> Iterator[str]:
    """Yield a sentence for each thing without which no GPU can be measured."""
    if reason := why_no_gpu():
        yield reason
    if Provider.CUDA not in known_providers():
        yield "this ONNX Runtime knows CPUs alone: onnxruntime-gpu must stand in its place"
    if reason := missing_library(CUDA_LIBRARIES):
        yield f"CUDA is not whole: {reason}"


def _wanting() -> Iterator[str]:
    """Yield a sentence for each thing without which a GPU does less."""
    if importlib.util.find_spec("nvidia.nvimgcodec") is None:
        yield "no nvidia-nvimgcodec-cu13: JPEGs are decoded on the CPU"
    if reason := missing_library(TENSORRT_LIBRARIES):
        yield f"no TensorRT, so CUDA it is: {reason}"


def _shared_models() -> list[Path]:
    folder = Path(os.environ.get("VIGIL_DATA_DIR", "")) / "models/detect"
    return [folder / name for name in _MODELS if (folder / name).is_file()]


def _pictures(folder: Path | None) -> tuple[list[bytes], str]:
    """Return pictures of SIZE_WH, and what they show."""
    if folder is not None:
        jpegs = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]
        odd = [each for each in jpegs if JpegPicture(each).size_wh != SIZE_WH]
        if not jpegs or odd:
            raise SystemExit(f"bench-gpu: {folder} must hold JPEGs of 1280x720 and no others")
        return jpegs, f"{len(jpegs)} pictures of {folder.name}"
    if importlib.util.find_spec("av") is not None:
        # Renders the footage of the other rows, which takes PyAV.
        from bench.clips import best_footage, clip  # noqa: PLC0415
        from bench.frames import jpegs_of  # noqa: PLC0415

        footage = best_footage()
        frames = jpegs_of(clip(footage), every=5, size_wh=SIZE_WH, quality=_QUALITY)
        return list(itertools.islice(frames, _FRAMES)), f"{_FRAMES} pictures, {footage}"
    scene = Scene(seed=1)
    looks = [scene.look(number / FRAME_FPS, SIZE_WH)[0] for number in range(_FRAMES)]
    return [encoded(each, quality=_QUALITY) for each in looks], f"{_FRAMES} pictures, painted"


def _report(plan: Plan, models: Sequence[Path], device: str, *, threads: int) -> str:
    lines = [
        "# Figures of a GPU",
        "",
        "Written by `make bench-gpu`; what they mean is told in `docs/benchmarks.md`.",
        "",
        f"GPU: {gpu_name() if device == 'cuda' else _NO_GPU}  ",
        f"Pictures: {plan.shows}, 1280x720; a batch is of {plan.batch_max} at most  ",
        "",
        "| model | what | figure |",
        "|---|---|---|",
    ]
    for path in models:
        try:
            rows = _measured(path, plan, device, threads=threads)
        except ModelInvalid as error:
            rows = [(path.stem, "not measured", str(error))]
        lines += [f"| {name} | {what} | {figure} |" for name, what, figure in rows]
        print(f"bench-gpu: {path.stem} is done", file=sys.stderr)
    return "\n".join([*lines, ""])


def _measured(path: Path, plan: Plan, device: str, *, threads: int) -> list[Row]:
    detector = _detector(path, plan, device, threads=threads)
    pictures = itertools.cycle(plan.jpegs)
    sizes = [2**n for n in range(plan.batch_max.bit_length()) if 2**n <= plan.batch_max]
    rows = [(f"`{detector.name}`", "JPEGs decoded by", detector.decoder_name)]
    for size in sizes:

        def once(size: int = size) -> None:
            _look(detector, list(itertools.islice(pictures, size)))

        spent_s = _timed(once, plan.window_s / 5)
        ms, p95_ms = 1e3 * median(spent_s), 1e3 * _p95(spent_s)
        figure = f"{1e3 * size / ms:.0f} frames/s, {ms:.1f} ms a batch, 95 % within {p95_ms:.1f}"
        rows.append(("", f"batches of {size}", figure))
    rows += _stages(detector, plan)
    rows += _cameras(detector, plan)
    rows += _on_the_cpu(detector, plan)
    return rows


def _detector(path: Path, plan: Plan, device: str, *, threads: int) -> BatchModelDetector:
    side = [Provider.CUDA] if device == "cuda" else [Provider.CPU]
    runtime = OnnxRuntime(path, threads=threads, providers=side)
    if runtime.provider not in side:
        raise ModelInvalid("it does not run on the GPU; the log says why")
    engines = Path(__file__).parent / "clips" / "tensorrt"
    engines.mkdir(parents=True, exist_ok=True)
    return BatchModelDetector(
        path,
        runtime,
        name=path.stem,
        decoder=best_decoder(device, threads=threads),
        batch_max=plan.batch_max,
        options=SessionOptions(threads=threads, cache=engines),
    )


def _look(detector: BatchModelDetector, jpegs: Sequence[bytes]) -> list[Detections]:
    found = detector.detect_all([JpegPicture(each) for each in jpegs])
    for each in found:
        if isinstance(each, FrameInvalid):
            raise each
    return [each for each in found if isinstance(each, Detections)]


def _stages(detector: BatchModelDetector, plan: Plan) -> list[Row]:
    """Return where the time of a full batch goes."""
    size, clock = plan.batch_max, SystemClock()
    pictures = [JpegPicture(each) for each in itertools.islice(itertools.cycle(plan.jpegs), size)]
    pipeline = detector.pipeline(detector.input_wh(SIZE_WH))
    spent_s: dict[str, list[float]] = {}

    def once() -> None:
        marks = [clock.monotonic_s()]
        frames = detector.decode([JpegPicture(each.jpeg) for each in pictures])
        marks.append(clock.monotonic_s())
        for number, frame in enumerate(frames):
            pipeline.fill(number, frame)
        marks.append(clock.monotonic_s())
        output = pipeline.infer(size)
        marks.append(clock.monotonic_s())
        pipeline.select(output)
        marks.append(clock.monotonic_s())
        for name, (begun, done) in zip(
            ("decode", "letterbox", "inference", "suppression"),
            itertools.pairwise(marks),
            strict=True,
        ):
            spent_s.setdefault(name, []).append(done - begun)

    _timed(once, plan.window_s / 2)
    parts = [f"{name} {1e3 * median(each) / size:.2f}" for name, each in spent_s.items()]
    return [("", f"ms a frame in batches of {size}", ", ".join(parts))]


def _cameras(detector: BatchModelDetector, plan: Plan) -> list[Row]:
    """Return for how many cameras it is enough."""
    said = {}

    def holds(cameras: int) -> bool:
        result = played(
            lambda jpegs: _look(detector, jpegs),
            plan.jpegs,
            cameras=cameras,
            length_s=plan.window_s,
            batch_max=plan.batch_max,
            clock=SystemClock(),
            pause=pause,
        )
        said[cameras] = result
        return result.skipped == 0 and result.p95_ms < P95_MS

    most = most_that_hold(holds, at_most=_MOST_CAMERAS)
    what = f"720p cameras at {FRAME_FPS:g} fps, 95 % within {P95_MS:g} ms, no frame skipped"
    if most == 0:
        return [("", what, "none")]
    result = said[most]
    together = len(result.latency_s) / result.batches
    figure = f"**{most}**, 95 % within {result.p95_ms:.0f} ms, {together:.1f} frames a batch"
    return [("", what, figure)]


def _on_the_cpu(detector: BatchModelDetector, plan: Plan) -> list[Row]:
    """Return what the annotated picture costs, which is the cores' work."""
    camera = CameraConfig(
        id=CameraId(1), revision=1, name="bench", sealed_url="of nobody", frame_fps=FRAME_FPS
    )
    bounds = Bounds.of(detector.labels, min_confidence=camera.min_confidence)
    view, sequence = CameraView(camera.id, Epoch(1)), itertools.count(1)
    looks = [(each, _look(detector, [each])[0]) for each in plan.jpegs[:16]]
    turn = itertools.cycle(looks)

    def once() -> None:
        jpeg, found = next(turn)
        picture, number = JpegPicture(jpeg), next(sequence)
        stamp = FrameStamp(number, 200_000 * number, Epoch(1), *SIZE_WH)
        frame = RawFrame(camera.id, jpeg, stamp, 0)
        seen = view.see(
            found,
            camera=camera,
            detector=detector,
            bounds=bounds,
            frame=frame,
            picture_wh=SIZE_WH,
        )
        boxed_jpeg(
            frame,
            picture.image_bgr,
            seen,
            labels=detector.labels,
            captured_at=local_time(camera, frame),
            quality=80,
        )

    ms = 1e3 * median(_timed(once, plan.window_s / 2))
    figure = f"{ms:.1f} ms, so {1e3 / ms / FRAME_FPS:.0f} cameras a core"
    return [("", "the annotated picture, on a core of the CPU", figure)]


def _timed(once: Callable[[], object], length_s: float) -> list[float]:
    """Return how long each of several runs took; the first ones do not count."""
    clock, spent_s = SystemClock(), list[float]()
    once()
    end_s = clock.monotonic_s() + length_s
    while clock.monotonic_s() < end_s or len(spent_s) < 3:
        begun_s = clock.monotonic_s()
        once()
        spent_s.append(clock.monotonic_s() - begun_s)
    return spent_s


def _p95(samples: Sequence[float]) -> float:
    return quantiles(samples, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    raise SystemExit(main())
