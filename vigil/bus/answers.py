"""What is known of many cameras, when not every server of a cluster has answered."""

from typing import TypeVar

from vigil.domain.camera import CameraId

AnswerT = TypeVar("AnswerT")


class Answers(dict[CameraId, AnswerT]):
    """What was said of each camera of which there is something to say.

    Attributes:
        unread: The cameras whose server did not answer: nobody knows about them now. On one
            server there are none; where it does not answer, nothing is returned.
    """

    unread: frozenset[CameraId] = frozenset()
