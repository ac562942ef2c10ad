"""The baseline of ``frame-to-boxes``, run by the Python of an environment that has Ultralytics.

``make WEIGHTS.npz FOLDER`` writes yolo11n.pt and yolo11n.onnx, which takes any size, of the shared
weights. ``serve yolo11n.pt PICTURE ...`` answers each line of its input, the number of a picture,
with the milliseconds of one predict() and the boxes it found.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from object_recognition.checkpoints.child import mended_torchvision

#: As ours: what a camera that nobody has set would be shown, and who overlaps.
_CONFIDENCE, _IOU = 0.05, 0.5


def make(weights: Path, folder: Path) -> None:
    """Write the checkpoint, and its ONNX file."""
    import numpy as np
    from ultralytics import YOLO
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel("yolo11n.yaml", nc=80, verbose=False).eval()
    model.fuse(verbose=False)
    arrays = {k: torch.from_numpy(v.astype(np.float32)) for k, v in np.load(weights).items()}
    missing = model.load_state_dict(arrays, strict=False)
    assert not missing.missing_keys, missing
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "yolo11n.pt"
    torch.save({"model": model.half(), "train_args": {"task": "detect"}, "date": None}, checkpoint)
    YOLO(checkpoint).export(format="onnx", dynamic=True, simplify=False, device="cpu")


def serve(checkpoint: Path, pictures: list[Path]) -> None:
    """Answer each line of the input."""
    import cv2
    from ultralytics import YOLO

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    model = YOLO(checkpoint)
    images = [cv2.imread(str(path)) for path in pictures]
    print(f"ultralytics, torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        image = images[int(line) % len(images)]
        begun_s = time.perf_counter()
        [seen] = model.predict(image, conf=_CONFIDENCE, iou=_IOU, device="cpu", verbose=False)
        boxes = seen.boxes.xyxy.numpy()
        ms = 1e3 * (time.perf_counter() - begun_s)
        sure = seen.boxes.conf.numpy() >= 0.4
        print(json.dumps({"ms": ms, "boxes": boxes[sure].tolist()}), flush=True)


if __name__ == "__main__":
    kept = mended_torchvision()
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        serve(Path(sys.argv[2]), [Path(each) for each in sys.argv[3:]])
