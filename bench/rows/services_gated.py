"""``services-gated``: from RTSP to the boxed image where mostly nothing moves, and the usual code.

Ours makes five pictures a second; the usual code reads, tracks, draws and encodes every frame, with
the same weights on Ultralytics. How much of the gain is sampling is told by ours without the gate.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.clips import Footage, clip
from bench.footage import VARIABLE, data_folder
from bench.interleave import pause
from bench.result import Bar, Measured, Part, RowResult
from bench.same_weights import same_weights
from bench.services import GATED, UNGATED, our_services, round_of, usual_code

NAME = "services-gated"
#: Each window is three periods of the clip, of which a fifth moves.
_ROUNDS, _WARM_UP_S, _WINDOW_S = 4, 20.0, 15.0
_ONNX, _INT8, _SAMPLED = "ONNX Runtime", "INT8", "ONNX Runtime, not gated"
_TIMES_LESS = {_ONNX: 6.0, _INT8: 8.0}
_UNIT = "% of a core"


def measure() -> RowResult:
    """Measure ours on two engines, ours without the gate, and the usual code, side by side."""
    folder = data_folder()
    if folder is None:
        return RowResult(NAME, [], missing=f"{VARIABLE} names no folder of models")
    footage = clip(Footage.STILL)
    onnx_runtime = {"INFERENCE_ENGINE": "onnxruntime"}
    with ExitStack() as held:
        scratch = Path(held.enter_context(TemporaryDirectory()))
        weights = same_weights(folder, scratch)
        sides = {
            _ONNX: our_services(footage, weights.onnx, GATED | onnx_runtime),
            _INT8: our_services(footage, weights.int8, GATED),
            _SAMPLED: our_services(footage, weights.onnx, UNGATED | onnx_runtime),
        }
        ours = {name: held.enter_context(side) for name, side in sides.items()}
        usual = held.enter_context(usual_code(footage, weights, every=1))
        pause(_WARM_UP_S)
        rounds = [round_of(ours, usual, window_s=_WINDOW_S) for _ in range(_ROUNDS)]
    samples = {name: [percent[name] for percent, _ in rounds] for name in ours}
    theirs = [each for _, each in rounds]
    bars = {
        name: Bar(1 / times, of=Measured.RATIO, says=f"{times:g} times less")
        for name, times in _TIMES_LESS.items()
    }
    return RowResult(
        NAME,
        [
            *(Part(name, _UNIT, bars.get(name), samples[name], theirs) for name in ours),
            Part("by the gate alone", _UNIT, None, samples[_ONNX], samples[_SAMPLED]),
        ],
    )
