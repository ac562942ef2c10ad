"""The twin: the configuration in this process."""

from collections.abc import Collection, Sequence

from typing_extensions import override

from vigil.bus.camera_config.base import CameraConfigStore, ConfigBell
from vigil.camera_document import CameraConfig, ConfigHead
from vigil.domain.camera import CameraId


class MemoryCameraConfigStore(CameraConfigStore):
    """The configuration, for unit tests."""

    def __init__(self) -> None:
        self._head: ConfigHead | None = None
        self._documents: dict[CameraId, CameraConfig] = {}
        self.bell = MemoryConfigBell()

    @override
    def publish(
        self, head: ConfigHead, *, changed: Sequence[CameraConfig], removed: Sequence[CameraId]
    ) -> bool:
        if self._head is not None and self._head.generation > head.generation:
            return False
        self._head = head
        self._documents.update({document.id: document for document in changed})
        for camera_id in removed:
            self._documents.pop(camera_id, None)
        self.bell.ring()
        return True

    @override
    def head(self) -> ConfigHead | None:
        return self._head

    @override
    def documents(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraConfig]:
        return {
            camera_id: document
            for camera_id, document in self._documents.items()
            if camera_id in camera_ids
        }

    def flush(self) -> None:
        """Forget everything, as an emptied Redis does."""
        self._head = None
        self._documents.clear()


class MemoryConfigBell(ConfigBell):
    """Rings when its store was published to."""

    def __init__(self) -> None:
        self._has_rung = True

    @override
    def has_rung(self) -> bool:
        has_rung, self._has_rung = self._has_rung, False
        return has_rung

    def ring(self) -> None:
        """Say that the configuration has changed."""
        self._has_rung = True
