"""supervision's ByteTrack: the baseline of ``tracker``, in an environment of its own.

Reads the path of a clip from each line of its input: an ``.npz`` with ``xyxy`` and ``confidence``
of all frames in a row, ``count``, how many boxes each frame has, and ``fps``. Tracks it, writes the
identities in a row beside it (``<path>.npy``, 0 for none), and prints how many milliseconds a frame
took.
"""

import sys
import time
import warnings

import numpy as np
import supervision


def _tracked(path: str) -> float:
    clip = np.load(path)
    ends = np.cumsum(clip["count"])
    frames = [
        supervision.Detections(
            xyxy=clip["xyxy"][end - count : end],
            confidence=clip["confidence"][end - count : end],
            class_id=np.zeros(count, np.int64),
            data={"row": np.arange(end - count, end)},
        )
        for count, end in zip(clip["count"], ends, strict=True)
    ]
    tracker = supervision.ByteTrack(frame_rate=float(clip["fps"]))
    begun_s = time.perf_counter()
    told = [tracker.update_with_detections(frame) for frame in frames]
    took_s = time.perf_counter() - begun_s
    identity = np.zeros(len(clip["xyxy"]), np.int64)
    for each in told:
        if len(each):
            identity[each.data["row"]] = each.tracker_id
    np.save(f"{path}.npy", identity)
    return 1e3 * took_s / max(1, len(frames))


if __name__ == "__main__":
    # It is deprecated, and says so each time.
    warnings.simplefilter("ignore")
    print("ready", flush=True)
    for line in sys.stdin:
        print(_tracked(line.strip()), flush=True)
