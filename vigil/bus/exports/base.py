"""The port: orders of exports, for whoever makes them."""

from typing import Protocol
from uuid import UUID

from vigil.exports import ExportOrder


class ExportQueue(Protocol):
    """Where web asks for exports."""

    def put(self, order: ExportOrder) -> None:
        """Ask for an export. To ask twice is to ask once.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def cancel(self, export: UUID) -> None:
        """Say that nobody wants an export, done or not; it is remembered for long.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def is_cancelled(self, export: UUID) -> bool:
        """Return whether somebody said so.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...
