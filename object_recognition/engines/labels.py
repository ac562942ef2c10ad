"""What the class ids of a model mean: its own metadata, or COCO's eighty."""

import ast
from collections.abc import Mapping

from vigil.errors import ModelInvalid

#: COCO's classes in the order in which YOLO models number them.
# fmt: off
COCO_80 = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
    "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on

#: A longer value is no list of names, and not worth parsing.
_MAX_NAMES_CHARS = 200_000


def labels_of(metadata: Mapping[str, str], *, class_count: int | None) -> tuple[str, ...]:
    """Return the labels of a model with class_count classes.

    Args:
        metadata: The model's own; Ultralytics writes ``names``, a dict or a list.
        class_count: How many classes its output has; None: it does not say.

    Raises:
        ModelInvalid: The names do not fit the output, or there are none and it is not COCO's.
    """
    written = metadata.get("names")
    if written is None:
        if class_count in {None, len(COCO_80)}:
            return COCO_80
        raise ModelInvalid(
            f"the output has {class_count} classes and the file names none; accepted are models "
            f"with 'names' in their metadata, or COCO's {len(COCO_80)} classes"
        )
    names = _parse(written)
    if class_count not in {None, len(names)}:
        raise ModelInvalid(
            f"the output has {class_count} classes, but the metadata names {len(names)}; a pose "
            "model says in its metadata that its 'task' is pose, and what its 'kpt_shape' is"
        )
    return names


def _parse(written: str) -> tuple[str, ...]:
    try:
        names = ast.literal_eval(written) if len(written) <= _MAX_NAMES_CHARS else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        names = None
    if isinstance(names, dict) and set(names) == set(range(len(names))):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list | tuple) or not names:
        raise ModelInvalid("the metadata 'names' is no list of labels")
    return tuple(str(name) for name in names)
