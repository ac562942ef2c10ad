"""Has one camera's pictures encoded by a child process, and starts another when that one dies."""

import threading
from collections import deque
from dataclasses import dataclass

import structlog

from recorder.encoding.wire import Answer, Encoded, Question, Refused, ask, await_ready
from vigil.child import Child
from vigil.domain.camera import CameraId
from vigil.runtime import Backoff, StopSignal

log = structlog.get_logger(__name__)

#: By its name, so that the recorder itself decodes no picture.
CHILD = "recorder.encoding.child"
#: What a picture may take before the child is taken to hang, and its start; its own alarm counts
#: the processor's time alone, and is sooner.
ANSWER_S = 15.0
#: A child that is not asked for so long ends.
IDLE_S = 60.0
#: A picture at which it crashed or hung twice, or was killed by somebody four times, is left out.
_SUSPECT = 4
_FAULT, _KILLED = 2, 1
_SIGKILLED = -9


@dataclass(slots=True, eq=False)
class Job:
    """A picture that waits to be encoded.

    Attributes:
        question: None once it was answered.
        answer: None until then.
        nut: The template of the packet that it became.
    """

    question: Question | None
    size_bytes: int
    answer: Answer | None = None
    nut: bytes = b""


class PictureEncoder:
    """A thread that asks a child for one picture after the other, in their order.

    A child that dies is started again, after a while that doubles up to 8 s, and asked for the same
    picture again: nothing is lost by it.

    Args:
        camera_id: For the log.
        answer_s: What a picture may take.
        child: The module that encodes.

    Attributes:
        error: Why nothing is encoded just now; None: it is.
    """

    def __init__(
        self, camera_id: CameraId, *, answer_s: float = ANSWER_S, child: str = CHILD
    ) -> None:
        self._camera_id, self._answer_s, self._child_module = camera_id, answer_s, child
        self.error: str | None = None
        self._stop = StopSignal()
        self._jobs = deque[Job]()
        self._changed = threading.Condition()
        self._backoff = Backoff(first_s=0.2, max_s=8.0)
        self._child: Child | None = None
        #: Of the packets that come now.
        self._nut = b""
        name = f"encoder-{camera_id}"
        # A daemon, whose child ends when we do: nobody waits for a picture that hangs.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The number of the child's process; None: there is none now."""
        child = self._child
        return None if child is None else child.pid

    def require_alive(self) -> None:
        """Refuse to go on with a thread that ended by itself.

        Raises:
            RuntimeError: It has: that is a bug.
        """
        if not self._thread.is_alive() and not self._stop.is_set():
            raise RuntimeError("the thread of an encoder died")

    def put(self, job: Job) -> None:
        """Have a picture encoded behind those that wait."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget the pictures that wait."""
        with self._changed:
            self._jobs.clear()

    def wait_for(self, job: Job, *, timeout_s: float) -> bool:
        """Return whether a picture was answered, within so long at most."""
        with self._changed:
            return self._changed.wait_for(lambda: job.answer is not None, timeout_s)

    def end(self) -> None:
        """End the child; what waits is forgotten. Returns at once."""
        self._stop.set()
        with self._changed:
            self._jobs.clear()
            self._changed.notify_all()

    def join(self) -> None:
        """Return when the child has ended, as it was asked to."""
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                job = self._next()
                if job is None:
                    self._bury()
                    continue
                answer = self._answer(job)
                if answer is not None:
                    with self._changed:
                        job.question, job.answer, job.nut = None, answer, self._nut
                        self._changed.notify_all()
        finally:
            self._bury()

    def _next(self) -> Job | None:
        """Return the next picture; None: none came for long, or the end has."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._jobs or self._stop.is_set(), IDLE_S if self._child else None
            )
            return self._jobs.popleft() if self._jobs else None

    def _answer(self, job: Job) -> Answer | None:
        """Return what becomes of a picture; None: nobody wants to know any more."""
        question, suspicion = job.question, 0
        assert question is not None
        while not self._stop.is_set():
            child = self._child or self._started()
            if child is None:
                self._stop.wait(self._backoff.next_s())
                continue
            try:
                answer = ask(child.socket, question)
            except OSError as error:
                is_hang = isinstance(error, TimeoutError)
                status = self._bury()
                suspicion += _KILLED if status == _SIGKILLED and not is_hang else _FAULT
                self.error = f"the encoder {'hung' if is_hang else f'ended ({status})'}"
                log.warning("encoder_died", camera_id=self._camera_id, reason=self.error)
                if suspicion >= _SUSPECT:
                    return Refused(f"{self.error} over it, again and again")
                self._stop.wait(self._backoff.next_s())
                continue
            self.error = None
            self._backoff.reset()
            if isinstance(answer, Encoded) and answer.nut:
                self._nut = answer.nut
            return answer
        return None

    def _started(self) -> Child | None:
        """Return a new child that is ready; None: there is none."""
        child = None
        try:
            child = Child(self._child_module, timeout_s=self._answer_s)
            self._child = child
            await_ready(child.socket)
        except OSError as error:
            status = self._bury()
            self.error = f"the encoder cannot be started: {error}"
            log.warning("encoder_not_started", camera_id=self._camera_id, status=status)
            return None
        log.info("encoder_started", camera_id=self._camera_id, pid=child.pid)
        return child

    def _bury(self) -> int | None:
        """End the child, whatever it is at; return with which status it ended."""
        child, self._child = self._child, None
        return None if child is None else child.end()
