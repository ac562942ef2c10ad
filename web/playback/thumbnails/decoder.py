"""Asks processes for pictures of keyframes, starts them, and buries those that die of one."""

from queue import Empty, LifoQueue
from threading import BoundedSemaphore

import structlog

from vigil.child import Child
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


class DecoderBusy(NotNow):
    """More pictures are asked for at once than are made."""

    def __init__(self) -> None:
        super().__init__("Too many thumbnails are asked for at once. Try again in a second.")


class KeyframeDecoder:
    """Makes small pictures of keyframes in processes of their own; for any thread."""

    def __init__(self) -> None:
        #: None stands for one that was not started yet, or died.
        self._free: LifoQueue[Child | None] = LifoQueue(PROCESSES)
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
                    return _answer_of(child, question) or None
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


def _answer_of(child: Child, question: Question) -> bytes:
    """Return a picture; an empty one says that there is none.

    Raises:
        OSError: It died, or hangs. It is of no use any more.
    """
    send_question(child.socket, question)
    return receive_answer(child.socket)


def _started() -> Child:
    try:
        return Child(_CHILD, timeout_s=_ANSWER_S)
    except OSError as error:
        log.warning("decoder_not_started", reason=str(error))
        raise DecoderBusy from None
