"""What is said between a recorder and the process that encodes: lengths before bytes."""

import socket
import struct
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from vigil.child import received

#: Whether it is to be a keyframe, and how long the picture is.
_QUESTION = struct.Struct(">?I")
#: What it is, whether it is a keyframe, how long it took in us, and the lengths of what follows:
#: the template, and the packet or the reason.
_ANSWER = struct.Struct(">B?III")
#: The largest still that camera_ctrl takes is smaller, as is whatever becomes of one.
_MOST_BYTES = 64 * 2**20


class _Kind(IntEnum):
    READY = 0
    ENCODED = 1
    REFUSED = 2


class Question(NamedTuple):
    """A picture, and whether it is to be a keyframe."""

    jpeg: bytes
    is_keyframe: bool


class Encoded(NamedTuple):
    """What became of a picture.

    Attributes:
        data: An H.264 packet that shows the picture, behind those that were answered before.
        is_keyframe: As it was asked for, or where the encoder began anew.
        took_s: How long it took, in seconds of the wall clock.
        nut: A template's, where it is another than before; else empty.
    """

    data: bytes
    is_keyframe: bool
    took_s: float
    nut: bytes


class Refused(NamedTuple):
    """That nothing became of a picture.

    Attributes:
        reason: Why, in an operator's words.
    """

    reason: str


Answer: TypeAlias = Encoded | Refused


def ask(child: socket.socket, question: Question) -> Answer:
    """Return what becomes of a picture.

    Raises:
        OSError: The other side is gone, or says nothing in time.
    """
    # In one call each: a copy costs less than a second one would.
    child.sendall(_QUESTION.pack(question.is_keyframe, len(question.jpeg)) + question.jpeg)
    kind, is_keyframe, took_us, nut_bytes, data_bytes = _ANSWER.unpack(
        received(child, _ANSWER.size, at_most=_ANSWER.size)
    )
    nut = received(child, nut_bytes, at_most=_MOST_BYTES)
    data = received(child, data_bytes, at_most=_MOST_BYTES)
    if kind == _Kind.ENCODED:
        return Encoded(data, is_keyframe, took_us / 1e6, nut)
    return Refused(data.decode(errors="replace"))


def await_ready(child: socket.socket) -> None:
    """Return when the other side has said that it can be asked.

    Raises:
        OSError: It is gone, or says nothing in time.
    """
    received(child, _ANSWER.size, at_most=_ANSWER.size)


def say_ready(asker: socket.socket) -> None:
    """Say that we can be asked.

    Raises:
        OSError: The other side is gone.
    """
    asker.sendall(_ANSWER.pack(_Kind.READY, False, 0, 0, 0))


def receive_question(asker: socket.socket) -> Question:
    """Return the next one, whenever it comes.

    Raises:
        OSError: The other side is gone.
    """
    head = received(asker, _QUESTION.size, at_most=_QUESTION.size)
    is_keyframe, length = _QUESTION.unpack(head)
    return Question(received(asker, length, at_most=_MOST_BYTES), is_keyframe)


def send_answer(asker: socket.socket, answer: Answer) -> None:
    """Say what became of the picture.

    Raises:
        OSError: The other side is gone.
    """
    if isinstance(answer, Refused):
        reason = answer.reason.encode()
        asker.sendall(_ANSWER.pack(_Kind.REFUSED, False, 0, 0, len(reason)) + reason)
        return
    took_us = min(round(answer.took_s * 1e6), 2**32 - 1)
    head = _ANSWER.pack(
        _Kind.ENCODED, answer.is_keyframe, took_us, len(answer.nut), len(answer.data)
    )
    asker.sendall(b"".join([head, answer.nut, answer.data]))
