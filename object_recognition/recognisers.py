"""What looks at each camera: the models it asks for, or the basic recogniser meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.bounds import Bounds
from object_recognition.detection import Detector
from object_recognition.models.shelf import ModelShelf
from object_recognition.together import DetectorGroup, PartInvalid
from vigil.camera_document import CameraConfig, ModelUse
from vigil.domain.camera import CameraId
from vigil.errors import MessageInvalid, ModelInvalid
from vigil.sealing import Sealer

BASIC, DEFAULT = "basic", "default"
#: So many of a model's labels are named to who asked for others.
_NAMED_LABELS = 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """What looks at a camera now.

    Attributes:
        detector: It.
        error: Why it is not what was asked for; None when it is.
        bounds: What of it counts.
        is_whole: Whether all models that were asked for look; else the error says which do not.
    """

    detector: Detector
    error: str | None
    bounds: Bounds
    is_whole: bool = True


class _Answer(NamedTuple):
    """What there is of a model that a camera asks for: its detector, or why there is none."""

    use: ModelUse
    detector: Detector | None
    error: str | None


class Recognisers:
    """Chooses what looks at a camera. Models are shared; a basic recogniser is one camera's own.

    Args:
        shelf: The models.
        default_model: What ``default`` stands for; ``basic``: no model.
        sealer: Opens the addresses of models.
    """

    def __init__(self, *, shelf: ModelShelf, default_model: str, sealer: Sealer) -> None:
        self._shelf = shelf
        self._default_model = default_model
        self._sealer = sealer
        self._basic: dict[CameraId, BasicRecogniser] = {}
        #: With what it was made of.
        self._chosen: dict[CameraId, tuple[object, Chosen]] = {}

    def of(self, camera: CameraConfig) -> Chosen:
        """Return what looks at a camera. Never waits."""
        answers = [self._answer(camera.id, use) for use in camera.models]
        key = (camera.min_confidence, tuple(answers))
        known = self._chosen.get(camera.id)
        if known is not None and known[0] == key:
            return known[1]
        chosen = self._made(camera, answers)
        self._chosen[camera.id] = key, chosen
        return chosen

    def are_ready(self, cameras: Collection[CameraConfig]) -> bool:
        """Return whether cameras would be looked at with what they ask for, or for all we know.

        From the first call on, their models are made ready.
        """
        # Each is asked for, whatever the others are.
        states = [self._shelf.get(each) for each in self._models_of(cameras)]
        return (None, None) not in states

    def refuse(self, camera: CameraConfig, detector: Detector, error: ModelInvalid) -> None:
        """Note that one of a camera's models does not work on its frames.

        Args:
            camera: Whose.
            detector: What looked; of several the error says which it is.
            error: What happened.
        """
        at_fault = error.part if isinstance(error, PartInvalid) else detector
        for model in self._models_of([camera]):
            if self._shelf.get(model)[0] is at_fault:
                self._shelf.refuse(model, str(error))

    def keep_only(self, cameras: Collection[CameraConfig]) -> None:
        """Forget what belongs to other cameras than these."""
        self._shelf.keep_only(self._models_of(cameras))
        ours = {camera.id for camera in cameras}
        self._basic = {each: self._basic[each] for each in self._basic if each in ours}
        self._chosen = {each: self._chosen[each] for each in self._chosen if each in ours}

    def _made(self, camera: CameraConfig, answers: list[_Answer]) -> Chosen:
        looking = [(use, detector) for use, detector, _ in answers if detector is not None]
        errors = [_words(each, among=len(answers)) for each in answers]
        error = "; ".join(filter(None, errors)) or None
        if not looking:
            detector = self._basic_of(camera.id)
            return Chosen(detector, error, _bounds(detector, None, camera), is_whole=False)
        if not any(isinstance(detector, BasicRecogniser) for _, detector in looking):
            # Its memory would be of long ago, should the models ever go away.
            self._basic.pop(camera.id, None)
        bounds = Bounds.joined([_bounds(detector, use, camera) for use, detector in looking])
        detectors = [detector for _, detector in looking]
        one = detectors[0] if len(detectors) == 1 else DetectorGroup(detectors, bounds=bounds)
        return Chosen(one, error, bounds, is_whole=len(looking) == len(answers))

    def _answer(self, camera_id: CameraId, use: ModelUse) -> _Answer:
        model, error = self._model_of(use)
        if error is not None:
            return _Answer(use, None, error)
        if model == BASIC:
            return _Answer(use, self._basic_of(camera_id), None)
        return _Answer(use, *self._shelf.get(model))

    def _basic_of(self, camera_id: CameraId) -> BasicRecogniser:
        return self._basic.setdefault(camera_id, BasicRecogniser())

    def _models_of(self, cameras: Collection[CameraConfig]) -> set[str]:
        """Return the models that cameras ask for and the shelf has to have."""
        named = [self._model_of(use) for camera in cameras for use in camera.models]
        return {model for model, error in named if error is None} - {BASIC}

    def _model_of(self, use: ModelUse) -> tuple[str, str | None]:
        """Return the model that a camera asks for, and why that is not known, if it is not."""
        if use.sealed is None:
            return (self._default_model if use.model == DEFAULT else use.model), None
        try:
            return self._sealer.open(use.sealed), None
        except MessageInvalid as error:
            return use.model, f"the address of its model cannot be read: {error}"


def _bounds(detector: Detector, use: ModelUse | None, camera: CameraConfig) -> Bounds:
    own = None if use is None else use.min_confidence
    return Bounds.of(
        detector.labels,
        min_confidence=camera.min_confidence if own is None else own,
        wanted=() if use is None else use.labels,
    )


def _words(answer: _Answer, *, among: int) -> str | None:
    """Return what people should know of a model; None: nothing."""
    use, detector, error = answer
    if detector is None and error is None and among > 1:
        error = "it is being made ready"
    if detector is not None:
        unknown = [each for each in use.labels if each not in detector.labels]
        if unknown:
            known = ", ".join(detector.labels[:_NAMED_LABELS])
            more = ", ..." if len(detector.labels) > _NAMED_LABELS else ""
            error = f"it has no label {', '.join(unknown)}; it has {known}{more}"
    return f"{use.model}: {error}" if error is not None and (among > 1 or use.labels) else error
