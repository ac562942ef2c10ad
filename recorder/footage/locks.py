"""Who works on a file of footage: locks that die with their holder, seen by every process.

Who writes a file shares its lock, so that another may take it over from one that sleeps. Who
finishes a file that nobody writes has it alone.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What was written to so shortly ago may still grow.
GROWS_S = 300.0


def share(descriptor: int) -> bool:
    """Keep a file from being taken alone, until it is closed; return False where it is taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: its age protects it.
        return True
    return True


def take_alone(descriptor: int) -> bool:
    """Take a file on which nobody works, until it is closed; return whether that was so.

    Args:
        descriptor: Open for reading and writing, or some network file systems refuse.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return is_old(descriptor)
    return True


def is_old(descriptor: int) -> bool:
    """Return whether nothing was written to a file for so long that nobody grows it."""
    return time.time() - os.fstat(descriptor).st_mtime > GROWS_S


@contextmanager
def taken_alone(path: Path) -> Iterator[int | None]:
    """Give a file on which nobody else works, open for reading and writing; None: somebody does.

    Raises:
        FileNotFoundError: It is not there.
        OSError: It cannot be opened for reading and writing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # Who has just made it is about to write to it.
        is_young = not os.fstat(descriptor).st_size and not is_old(descriptor)
        if is_young or not take_alone(descriptor):
            yield None
            return
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            # Who had it before us removed it, and another has its name by now.
            raise FileNotFoundError(path)
        yield descriptor
    finally:
        os.close(descriptor)


def is_worked_on(path: Path) -> bool:
    """Return whether somebody writes or finishes a file now."""
    try:
        with taken_alone(path) as descriptor:
            return descriptor is None
    except OSError:
        # Whoever wants to do something with it learns why not.
        return False
