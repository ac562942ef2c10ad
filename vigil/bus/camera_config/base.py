"""The port: a document a camera, a head that names them all, and a bell."""

from collections.abc import Collection, Sequence
from typing import Protocol

from vigil.camera_document import CameraConfig, ConfigHead
from vigil.domain.camera import CameraId


class CameraConfigStore(Protocol):
    """The configuration as web published it last. An absent head means: unknown."""

    def publish(
        self, head: ConfigHead, *, changed: Sequence[CameraConfig], removed: Sequence[CameraId]
    ) -> bool:
        """Write the documents and the head as one, and ring the bell.

        Returns:
            False when a head of a newer generation is there already; then nothing was written.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def head(self) -> ConfigHead | None:
        """Return the head, or None when there is none: then nobody knows, and all stays as it is.

        Raises:
            BusUnavailable: Redis does not answer.
            MessageInvalid: What is there is no head.
        """
        ...

    def documents(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraConfig]:
        """Return the documents that are there and readable.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...


class ConfigBell(Protocol):
    """Says that the configuration has changed. May miss a change: look now and then."""

    def has_rung(self) -> bool:
        """Return whether it rang since the last call. Waits for no ring.

        Raises:
            BusUnavailable: Redis does not answer; it counts as rung once it does again.
        """
        ...
