"""One export, in a process of its own: ``python -m recorder.jobs.child``.

What to do comes as a line of JSON; what becomes of it goes out as lines, the last of which tells
how it ended. The process ends when who started it is gone.
"""

import os
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import Field

from recorder.exports.making import make
from recorder.exports.shelf import Shelf, WorkedOn
from recorder.footage.volume import Volume
from vigil.clock import SystemClock
from vigil.errors import FootageInvalid, VolumeUnavailable
from vigil.exports import ExportOrder
from vigil.facts import ExportResult
from vigil.log import configure_logging
from vigil.messages import Document, decode

#: Behind all that is live.
_NICE = 10
#: Seconds between two words on how much is done.
_SAY_EVERY_S = 0.5


class Task(Document):
    """What a child is told.

    Attributes:
        path: Where the volume is mounted.
        kept_s: How long the result stays.
    """

    order: ExportOrder
    volume: UUID
    path: Path
    kept_s: float
    log_level: str


class Word(Document):
    """What a child says: how far it is, or how it ended.

    Attributes:
        kind: ``failed`` will not be otherwise the next time; ``broken_off`` may be. ``busy``:
            another makes the same.
    """

    kind: Literal["going", "done", "failed", "broken_off", "busy"]
    progress: float = Field(default=0.0, ge=0, le=1)
    reason: str | None = None
    result: ExportResult | None = None


def main() -> int:
    """Do what is told on standard input."""
    task = decode(Task, sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(_NICE)
    configure_logging("jobs", task.log_level)
    _say(_done(task))
    return 0


def _done(task: Task) -> Word:
    clock, said_s = SystemClock(), float("-inf")

    def say(share: float) -> None:
        nonlocal said_s
        now_s = clock.monotonic_s()
        if now_s - said_s >= _SAY_EVERY_S:
            said_s = now_s
            _say(Word(kind="going", progress=share))

    volume = Volume(task.volume, task.path)
    shelf = Shelf(volume, kept=timedelta(seconds=task.kept_s), clock=clock)
    try:
        result = make(task.order, volume, shelf, say=say)
    except FootageInvalid as error:
        return Word(kind="failed", reason=str(error))
    except WorkedOn as error:
        return Word(kind="busy", reason=str(error))
    except VolumeUnavailable as error:
        return Word(kind="broken_off", reason=str(error))
    return Word(kind="done", progress=1.0, result=result)


def _say(word: Word) -> None:
    sys.stdout.write(word.model_dump_json() + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """End at once when nobody waits for us any more: another may make the export meanwhile."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main())
