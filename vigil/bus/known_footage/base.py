"""The port: one answer for each check, the last one."""

from typing import Protocol
from uuid import UUID

from vigil.known_footage import KnownFootage


class KnownFootageBoard(Protocol):
    """Where web leaves its answers, for a while."""

    def put(self, known: KnownFootage) -> None:
        """Leave an answer in the place of the check's last one.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def read(self, check: UUID) -> KnownFootage | None:
        """Return the last answer to a check; None: there is none, or it cannot be read.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...
