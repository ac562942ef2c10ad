"""The ports: a log to which producers append, and the inbox that the writers share."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

#: So many facts wait at most. Beyond, producers keep theirs.
MAX_WAITING = 100_000
#: What one writer took and did not finish is another's after so long.
TAKEN_OVER_AFTER_S = 30.0


class FactEntry(NamedTuple):
    """A fact that waits for being filed."""

    entry_id: str
    raw: bytes


class FactLog(Protocol):
    """Where facts are told."""

    def append(self, facts: Sequence[bytes]) -> None:
        """Append facts: all, or none.

        Raises:
            BusUnavailable: Redis does not answer, or nobody has filed what waits there.
        """
        ...


class FactInbox(Protocol):
    """Where writers take facts from. Each is given to one of them at a time."""

    def take(self, *, limit: int, wait_s: float) -> list[FactEntry]:
        """Return facts that nobody else has, the oldest first; none came for wait_s: none.

        What another took longer than TAKEN_OVER_AFTER_S ago and did not finish comes first.

        Raises:
            BusUnavailable: Redis does not answer.
        """
        ...

    def done(self, entry_ids: Collection[str]) -> None:
        """Remove facts that were filed.

        Raises:
            BusUnavailable: Redis does not answer; they will be taken again.
        """
        ...
