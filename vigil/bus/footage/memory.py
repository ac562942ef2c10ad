"""The twin: footage's documents in this process."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import islice
from uuid import UUID

from typing_extensions import override

from vigil.bus.footage.base import FootageStore
from vigil.domain.camera import CameraId
from vigil.footage_document import CameraProtections, VolumeReport


class MemoryFootageStore(FootageStore):
    """What is told of footage, for unit tests."""

    def __init__(self) -> None:
        self._protections: dict[CameraId, CameraProtections] = {}
        self._deletions: dict[UUID, set[str]] = defaultdict(set)
        self._reports: dict[UUID, VolumeReport] = {}

    @override
    def protect(self, documents: Sequence[CameraProtections]) -> None:
        for document in documents:
            known = self._protections.get(document.camera_id)
            if known is None or known.revision <= document.revision:
                self._protections[document.camera_id] = document

    @override
    def protections(self, camera_ids: Collection[CameraId]) -> dict[CameraId, CameraProtections]:
        return {each: self._protections[each] for each in camera_ids if each in self._protections}

    @override
    def order_deletions(self, volume: UUID, paths: Sequence[str]) -> None:
        self._deletions[volume].update(paths)

    @override
    def deletions(self, volume: UUID, *, limit: int) -> list[str]:
        return list(islice(self._deletions[volume], limit))

    @override
    def deletions_done(self, volume: UUID, paths: Sequence[str]) -> None:
        self._deletions[volume].difference_update(paths)

    @override
    def report(self, report: VolumeReport) -> None:
        self._reports[report.volume] = report

    @override
    def reports(self) -> list[VolumeReport]:
        return list(self._reports.values())
