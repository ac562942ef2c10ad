"""The twin: answers in this process, for unit tests."""

from uuid import UUID

from typing_extensions import override

from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.known_footage import KnownFootage


class MemoryKnownFootageBoard(KnownFootageBoard):
    """Answers to all checks."""

    def __init__(self) -> None:
        self.answers: dict[UUID, KnownFootage] = {}

    @override
    def put(self, known: KnownFootage) -> None:
        self.answers[known.check] = known

    @override
    def read(self, check: UUID) -> KnownFootage | None:
        return self.answers.get(check)
