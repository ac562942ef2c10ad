"""``services-5fps``: from RTSP to the boxed image, and the usual code that looks as often.

Both look at five frames a second of moving footage with the same weights: ours on the engine that
it chooses by itself, with nothing gated; the usual code on Ultralytics, at each fifth frame.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.clips import FPS, best_footage, clip
from bench.footage import VARIABLE, data_folder
from bench.interleave import pause
from bench.result import Bar, Measured, Part, RowResult
from bench.same_weights import same_weights
from bench.services import UNGATED, our_services, round_of, usual_code

NAME = "services-5fps"
_LOOKS_PER_S = 5
_ROUNDS, _WARM_UP_S, _WINDOW_S = 5, 20.0, 10.0
_TIMES_LESS = 1.5


def measure() -> RowResult:
    """Measure ours and the usual code in the same windows."""
    folder = data_folder()
    if folder is None:
        return RowResult(NAME, [], missing=f"{VARIABLE} names no folder of models")
    footage = clip(best_footage())
    with ExitStack() as held:
        scratch = Path(held.enter_context(TemporaryDirectory()))
        weights = same_weights(folder, scratch)
        sides = {"": weights.onnx, "INT8": weights.int8}
        ours = {
            name: held.enter_context(our_services(footage, model, UNGATED))
            for name, model in sides.items()
        }
        usual = held.enter_context(usual_code(footage, weights, every=FPS // _LOOKS_PER_S))
        pause(_WARM_UP_S)
        rounds = [round_of(ours, usual, window_s=_WINDOW_S) for _ in range(_ROUNDS)]
    bar = Bar(1 / _TIMES_LESS, of=Measured.RATIO, says=f"{_TIMES_LESS:g} times less")
    theirs = [each for _, each in rounds]
    return RowResult(
        NAME,
        [
            Part(
                name or "as it comes",
                "% of a core",
                None if name else bar,
                [percent[name] for percent, _ in rounds],
                theirs,
            )
            for name in ours
        ],
    )
