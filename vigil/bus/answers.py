"""What is known of many cameras, when not every server of a cluster has answered."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from vigil.domain.camera import CameraId

AnswerT = TypeVar("AnswerT")


class Answers(dict[CameraId, AnswerT]):
    """What was said of each camera of which there is something to say.

    Attributes:
        unread: The cameras whose server did not answer: nobody knows about them now. On one
            server there are none; where it does not answer, nothing is returned.
    """

    def __init__(
        self, said: Mapping[CameraId, AnswerT] | None = None, *, unread: Iterable[CameraId] = ()
    ) -> None:
        super().__init__(said or {})
        self.unread = frozenset(unread)
