"""The port: what is protected, from web to whoever has the footage."""

from collections.abc import Collection, Sequence
from typing import Protocol

from vigil.domain.camera import CameraId
from vigil.footage_document import CameraProtections


class FootageStore(Protocol):
    """What must survive until the other side has read it, and can be told again if it did not."""

    def protect(self, documents: Sequence[CameraProtections]) -> None:
        """Publish what is protected of cameras. Where a newer revision is there it stays.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def protections(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraProtections]:
        """Return what was published, of those of which something was, and is readable.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...
