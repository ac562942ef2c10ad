"""What is said between web and the process that decodes: lengths before bytes."""

import socket
import struct
from typing import NamedTuple

from vigil.child import received
from web.playback.thumbnails.keyframe import Keyframe

#: The width that is asked for, and how long the codec's name, its parameters and the data are.
_QUESTION = struct.Struct(">HBII")
_LENGTH = struct.Struct(">I")
_MOST_BYTES = 32 * 2**20


class Question(NamedTuple):
    """A keyframe, and how wide its picture is to be at most, in pixels."""

    keyframe: Keyframe
    width_px: int


def send_question(to: socket.socket, question: Question) -> None:
    """Send one.

    Raises:
        OSError: The other side is gone, or takes nothing in time.
    """
    codec = question.keyframe.codec.encode()
    parameters, data = question.keyframe.parameters, question.keyframe.data
    head = _QUESTION.pack(question.width_px, len(codec), len(parameters), len(data))
    to.sendall(b"".join([head, codec, parameters, data]))


def receive_question(of: socket.socket) -> Question:
    """Return the next one.

    Raises:
        OSError: The other side is gone.
    """
    width_px, codec, parameters, data = _QUESTION.unpack(_received(of, _QUESTION.size))
    keyframe = Keyframe(
        _received(of, codec).decode(), _received(of, parameters), _received(of, data)
    )
    return Question(keyframe, width_px)


def send_answer(to: socket.socket, jpeg: bytes) -> None:
    """Send a picture; an empty one says that there is none.

    Raises:
        OSError: The other side is gone.
    """
    to.sendall(_LENGTH.pack(len(jpeg)) + jpeg)


def receive_answer(of: socket.socket) -> bytes:
    """Return a picture; an empty one says that there is none.

    Raises:
        OSError: The other side is gone, or says nothing in time.
    """
    return _received(of, *_LENGTH.unpack(_received(of, _LENGTH.size)))


def _received(of: socket.socket, length: int) -> bytes:
    return received(of, length, at_most=_MOST_BYTES)
