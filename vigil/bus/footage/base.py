"""The port: from web what is protected and what is to go; from recorders how full volumes are."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from vigil.domain.camera import CameraId
from vigil.footage_document import CameraProtections, VolumeReport


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

    def order_deletions(self, volume: UUID, paths: Sequence[str]) -> None:
        """Have files deleted. An order that is there already is one.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def deletions(self, volume: UUID, *, limit: int) -> list[str]:
        """Return files of a volume that are to be deleted, in no order.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def deletions_done(self, volume: UUID, paths: Sequence[str]) -> None:
        """Take orders away that were carried out.

        Raises:
            BusUnavailable: Redis does not answer; they are carried out once more.
        """
        ...

    def report(self, report: VolumeReport) -> None:
        """Replace what is said of a volume.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def reports(self) -> list[VolumeReport]:
        """Return what was said last of each volume, of those of which it is readable.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...
