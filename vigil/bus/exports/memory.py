"""The twin: orders in this process, for unit tests."""

from uuid import UUID

from typing_extensions import override

from vigil.bus.exports.base import ExportQueue
from vigil.exports import ExportOrder


class MemoryExportQueue(ExportQueue):
    """Orders as they came.

    Attributes:
        orders: The oldest first.
    """

    def __init__(self) -> None:
        self.orders: list[ExportOrder] = []
        self._cancelled: set[UUID] = set()

    @override
    def put(self, order: ExportOrder) -> None:
        self.orders.append(order)

    @override
    def cancel(self, export: UUID) -> None:
        self._cancelled.add(export)

    @override
    def is_cancelled(self, export: UUID) -> bool:
        return export in self._cancelled
