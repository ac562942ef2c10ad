"""Asks processes for pictures of keyframes, starts them, and buries those that die of one."""

import socket
import subprocess
import sys
from pathlib import Path
from queue import Empty, LifoQueue
from threading import BoundedSemaphore

import structlog

import web
from web.errors import NotNow
from web.playback.thumbnails.keyframe import Keyframe
from web.playback.thumbnails.wire import Question, receive_answer, send_question

log = structlog.get_logger(__name__)

#: By its name, so that nothing here imports FFmpeg.
_CHILD = "web.playback.thumbnails.child"
#: Processes at most; the second is started when the first is busy.
PROCESSES = 2
#: Askers at most, of the threads of web: more are told to come again.
ASKERS = 6
#: What a process may take for a picture, its start included, before it is taken to hang; its own
#: alarm is sooner.
_ANSWER_S = 8.0
#: How long an asker waits for a process that is free.
_FREE_S = 10.0
#: How long a process gets to end by itself.
_ENDING_S = 0.5


class DecoderBusy(NotNow):
    """More pictures are asked for at once than are made."""

    def __init__(self) -> None:
        super().__init__("Too many thumbnails are asked for at once. Try again in a second.")


class KeyframeDecoder:
    """Makes small pictures of keyframes in processes of their own; for any thread."""

    def __init__(self) -> None:
        #: None stands for one that was not started yet, or died.
        self._free: LifoQueue[_Child | None] = LifoQueue(PROCESSES)
        for _ in range(PROCESSES):
            self._free.put(None)
        self._askers = BoundedSemaphore(ASKERS)

    def picture_of(self, keyframe: Keyframe, *, width_px: int) -> bytes | None:
        """Return a JPEG, no wider than asked; None: nothing can be made of that keyframe.

        Raises:
            DecoderBusy: Too many ask at once, or no process can be started.
        """
        if not self._askers.acquire(blocking=False):
            raise DecoderBusy
        try:
            return self._asked(Question(keyframe, width_px))
        finally:
            self._askers.release()

    def close(self) -> None:
        """End the processes."""
        for _ in range(PROCESSES):
            try:
                child = self._free.get(timeout=_ANSWER_S)
            except Empty:
                return
            if child is not None:
                child.end()

    def _asked(self, question: Question) -> bytes | None:
        try:
            child = self._free.get(timeout=_FREE_S)
        except Empty:
            raise DecoderBusy from None
        try:
            while True:
                is_new = child is None
                child = child or _started()
                try:
                    return child.ask(question) or None
                except OSError as error:
                    status, child = child.end(), None
                    if is_new:
                        log.warning("keyframe_not_decoded", status=status, reason=str(error))
                        return None
                    # One that had nothing to do for long has ended in order; of one that died it
                    # is not known yet whether this keyframe is the reason.
                    log.info("decoder_ended", status=status)
        finally:
            self._free.put(child)


def _started() -> "_Child":
    try:
        return _Child()
    except OSError as error:
        log.warning("decoder_not_started", reason=str(error))
        raise DecoderBusy from None


class _Child:
    """One process that decodes.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    [sys.executable, "-P", "-m", _CHILD],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    # Nothing of web's: it reads what strangers' cameras sent.
                    env={"PYTHONPATH": str(Path(web.__file__).parents[1])},
                )
            except OSError:
                ours.close()
                raise
        ours.settimeout(_ANSWER_S)
        self._socket = ours

    def ask(self, question: Question) -> bytes:
        """Return a picture; an empty one says that there is none.

        Raises:
            OSError: It died, or hangs. It is of no use any more.
        """
        send_question(self._socket, question)
        return receive_answer(self._socket)

    def end(self) -> int:
        """End it, whatever it is at; return with which status it ended, negative by a signal."""
        self._socket.close()
        try:
            # Where it is at its end already, that says how it came to that.
            return self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
