"""What a shard says of its own crash, in the moment of it: Python's fault handler writes it."""

import faulthandler
import os
import re
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection

#: How a process ends by a fault in native code.
FAULTS = frozenset(
    -each for each in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
)
#: More than it writes of the thread that crashed, which comes first.
_MAX_BYTES = 64 * 2**10
_CRASHED = re.compile(r"^Current thread 0x([0-9a-f]+).*\n(?: *File (.*))?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a process crashed.

    Attributes:
        thread: The thread's number, as ``threading.get_ident`` has it.
        place: File, line and function that called into native code; None: it was none of Python.
    """

    thread: int
    place: str | None


def report_faults_to(pipe: Connection) -> None:
    """Have a crash of this process told by pipe."""
    # Who crashes waits for nobody: what finds no room in the pipe is left out.
    os.set_blocking(pipe.fileno(), False)
    faulthandler.enable(file=pipe.fileno())


def fault_from(pipe: Connection) -> Fault | None:
    """Return what a process that has ended told of its crash."""
    if not pipe.poll():
        return None
    return fault_in(os.read(pipe.fileno(), _MAX_BYTES).decode(errors="replace"))


def fault_in(text: str) -> Fault | None:
    """Return the fault that Python's fault handler describes in text, or None."""
    found = _CRASHED.search(text)
    return None if found is None else Fault(int(found[1], 16), found[2])
