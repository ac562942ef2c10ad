"""The way of assignments to a shard, past one that does not read."""

import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import Empty, Queue

import structlog

from camera_ctrl.shards.messages import Assignment

log = structlog.get_logger(__name__)

#: A thread whose shard has ended is not in the way of anything for longer.
_CLOSE_S = 1.0


class Outbox:
    """Sends a shard the newest assignment, from a thread of its own.

    A pipe holds little, and a shard that hangs reads nothing: only this thread waits for it.

    Args:
        pipe: The supervisor's end.
        name: The shard's.
    """

    def __init__(self, pipe: Connection, name: str) -> None:
        self._pipe = pipe
        self._newest: Queue[Assignment | None] = Queue(maxsize=1)
        self._thread = threading.Thread(target=self._send, name=f"to-{name}", daemon=True)
        self._thread.start()

    def put(self, assignment: Assignment | None) -> None:
        """Send an assignment as soon as the shard reads, in place of any that it has not read."""
        with suppress(Empty):
            self._newest.get_nowait()
        self._newest.put_nowait(assignment)

    def close(self) -> None:
        """End the thread. Called when the shard has ended: then its pipe holds up nobody."""
        self.put(None)
        self._thread.join(_CLOSE_S)

    def _send(self) -> None:
        while (assignment := self._newest.get()) is not None:
            try:
                self._pipe.send(assignment)
            except (BrokenPipeError, ConnectionResetError):
                log.info("shard_deaf", thread=self._thread.name)
                return
