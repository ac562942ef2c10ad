"""Pictures as they may be shown now: none that was made with other privacy masks than of now.

Whoever changes masks is obeyed at once, also while a picture made before lies in the store, while
a recogniser still draws on one, or while a camera service is too old to know of masks.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from typing_extensions import override

from vigil.bus.answers import Answers
from vigil.bus.frames.base import NewestFrames
from vigil.domain.camera import CameraId
from vigil.messages import CameraConfig


class KnownConfigs(Protocol):
    """What is known of cameras, from one moment to the next."""

    @property
    def cameras(self) -> Mapping[CameraId, CameraConfig]:
        """Every camera, as web published it last."""
        ...


class MaskedFrames(NewestFrames):
    """The newest pictures of a store, but for those that show what is to be hidden now.

    A camera of which nothing is known has its picture: what made it knew its masks.

    Args:
        frames: Of one kind.
        known: The masks of now.
    """

    def __init__(self, frames: NewestFrames, known: KnownConfigs) -> None:
        self._frames = frames
        self._known = known

    @override
    def newest(self, camera_ids: Collection[CameraId]) -> Answers[bytes]:
        answers = self._frames.newest(camera_ids)
        # Asked after the read: masks that were known before it are obeyed.
        cameras = self._known.cameras
        for camera_id, jpeg in list(answers.items()):
            camera = cameras.get(camera_id)
            if camera is not None and not camera.lets_show(jpeg):
                del answers[camera_id]
        return answers
