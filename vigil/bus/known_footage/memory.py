"""The twin: answers in this process, for unit tests."""

from uuid import UUID

from typing_extensions import override

from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.known_footage import KnownFootage


class MemoryKnownFootageBoard(KnownFootageBoard):
    """Answers to all checks."""

    def __init__(self) -> None:
        self._answers: dict[tuple[UUID, int], KnownFootage] = {}

    @override
    def put(self, known: KnownFootage) -> None:
        self._answers[known.check, known.number] = known
        self._answers.pop((known.check, known.number - 1), None)

    @override
    def read(self, check: UUID, number: int) -> KnownFootage | None:
        return self._answers.get((check, number))
