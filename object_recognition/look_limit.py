"""Ends the process when a look at a frame does not come back, whatever holds it up.

Native code that hangs with the interpreter's lock held lets no thread of Python run, nor a signal's
handler. What waits here is a thread of Python's fault handler, which needs neither: it writes where
every thread was to stderr, and ends the process. The look's note stays, so that this counts as a
death over the frame (see ``quarantine``).
"""

import faulthandler
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

#: What stands around each look.
LookLimit: TypeAlias = Callable[[], AbstractContextManager[None]]


def look_limit(timeout_s: float) -> LookLimit:
    """Return what ends the process when a look takes longer. One look at a time.

    It costs 0.1 ms a look. A process that was stopped in a look and goes on later than that ends
    too: its leases are others' by then.
    """

    @contextmanager
    def limited() -> Iterator[None]:
        faulthandler.dump_traceback_later(timeout_s, exit=True)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()

    return limited
