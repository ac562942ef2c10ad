"""What others measure against, run by the Python of an environment that has Ultralytics.

``make WEIGHTS.npz FOLDER`` writes yolo11n.pt and yolo11n.onnx, which takes any size, of the shared
weights. ``serve yolo11n.pt PICTURE ...`` answers each line of its input, the number of a picture,
with the milliseconds of one predict() and the boxes it found. ``loop yolo11n.pt CLIP`` answers each
with the milliseconds that the usual code took for the next frame of a clip. ``camera yolo11n.pt URL
REDIS_URL EVERY`` is the usual code before a camera: it looks at one frame of so many, prints a line
with the first picture, and counts its pictures in ``pictures``.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from object_recognition.checkpoints.child import mended_torchvision

#: As ours: what a camera that nobody has set would be shown, and who overlaps.
_CONFIDENCE, _IOU = 0.05, 0.5
#: Of the JPEG files, as ours.
_QUALITY = 85


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

    model = _opened(checkpoint)
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


def loop(checkpoint: Path, clip: str) -> None:
    """Answer each line of the input: read, track, draw and encode the next frame."""
    import cv2

    model = _opened(checkpoint)
    capture = cv2.VideoCapture(clip, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    print(f"ultralytics, torch {torch.__version__}", flush=True)
    for _ in sys.stdin:
        begun_s = time.perf_counter()
        _, image = capture.read()
        _annotated(model, image)
        print(json.dumps({"ms": 1e3 * (time.perf_counter() - begun_s)}), flush=True)


def camera(checkpoint: Path, url: str, redis_url: str, every: int) -> None:
    """Look at one frame of so many of a camera, until ended."""
    import cv2
    import redis

    model = _opened(checkpoint)
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    client = redis.Redis.from_url(redis_url)
    number = 0
    while True:
        is_read, image = capture.read()
        if not is_read:
            # A camera lets go of who takes its frames more slowly than they come.
            capture.release()
            time.sleep(0.1)
            capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
            continue
        number += 1
        if number % every:
            continue
        client.set("camera_1_boxed_image", _annotated(model, image), ex=4)
        if client.incr("pictures") == 1:
            print("ready", flush=True)


def _opened(checkpoint: Path) -> Any:
    import cv2
    from ultralytics import YOLO

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    return YOLO(checkpoint)


def _annotated(model: Any, image: Any) -> bytes:
    """Return the JPEG of a frame in which everything has its box and its number."""
    import cv2

    # Their usual default, BoT-SORT, follows the camera's own movement too, and takes longer.
    [seen] = model.track(
        image,
        persist=True,
        tracker="bytetrack.yaml",
        conf=0.1,
        iou=_IOU,
        device="cpu",
        verbose=False,
    )
    _, jpeg = cv2.imencode(".jpg", seen.plot(), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return bytes(jpeg.tobytes())


if __name__ == "__main__":
    kept = mended_torchvision()
    command, given, *more = sys.argv[1:]
    if command == "make":
        make(Path(given), Path(more[0]))
    elif command == "serve":
        serve(Path(given), [Path(each) for each in more])
    elif command == "loop":
        loop(Path(given), more[0])
    else:
        camera(Path(given), more[0], more[1], int(more[2]))
