"""What looks at each camera: the model it asks for, or the basic recogniser meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass

from object_recognition.basic.recogniser import BasicRecogniser
from object_recognition.detection import Detector
from object_recognition.models.shelf import ModelShelf
from vigil.domain.camera import CameraId
from vigil.errors import MessageInvalid
from vigil.messages import RECOGNITION_OFF, CameraConfig
from vigil.sealing import Sealer

OFF, BASIC, DEFAULT = RECOGNITION_OFF, "basic", "default"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What looks at a camera now.

    Attributes:
        detector: It.
        error: Why it is not what was asked for; None when it is.
    """

    detector: Detector
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

    def of(self, camera: CameraConfig) -> Chosen:
        """Return what looks at a camera. Never waits."""
        model, error = self._model_of(camera)
        if model != BASIC:
            detector, error = self._shelf.get(model)
            if detector is not None:
                # Its memory would be of long ago, should the model ever go away.
                self._basic.pop(camera.id, None)
                return Chosen(detector, None)
        return Chosen(self._basic.setdefault(camera.id, BasicRecogniser()), error)

    def are_ready(self, cameras: Collection[CameraConfig]) -> bool:
        """Return whether cameras would be looked at with what they ask for, or for all we know.

        From the first call on, their models are made ready.
        """
        models = {model for model, _ in map(self._model_of, cameras)} - {BASIC}
        return all(self._shelf.get(each) != (None, None) for each in models)

    def refuse(self, camera: CameraConfig, reason: str) -> None:
        """Note that a camera's model does not work."""
        model, _ = self._model_of(camera)
        self._shelf.refuse(model, reason)

    def keep_only(self, cameras: Collection[CameraConfig]) -> None:
        """Forget what belongs to other cameras than these."""
        models = {model for model, _ in map(self._model_of, cameras)}
        self._shelf.keep_only(models - {BASIC})
        ours = {camera.id for camera in cameras}
        self._basic = {each: self._basic[each] for each in self._basic if each in ours}

    def _model_of(self, camera: CameraConfig) -> tuple[str, str | None]:
        """Return the model that a camera asks for, and why that is not known, if it is not."""
        if camera.sealed_recognition is None:
            is_default = camera.recognition == DEFAULT
            return (self._default_model if is_default else camera.recognition), None
        try:
            return self._sealer.open(camera.sealed_recognition), None
        except MessageInvalid as error:
            return BASIC, f"the address of its model cannot be read: {error}"
