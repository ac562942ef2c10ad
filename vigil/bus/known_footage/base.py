"""The port: an answer for each check, to its last question."""

from typing import Protocol
from uuid import UUID

from vigil.known_footage import KnownFootage


class KnownFootageBoard(Protocol):
    """Where web leaves its answers, for a while."""

    def put(self, known: KnownFootage) -> None:
        """Leave an answer. The one to the question before is removed.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def read(self, check: UUID, number: int) -> KnownFootage | None:
        """Return the answer to a question; None: there is none, or it cannot be read.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...
