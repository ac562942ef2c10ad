"""Tests wait on conditions, with a deadline, and say what they waited for."""

import threading
import time
from collections.abc import Callable

_POLL_S = 0.01


def wait_until(condition: Callable[[], object], *, timeout_s: float = 10.0) -> None:
    """Return when condition is true.

    Raises:
        TimeoutError: It was not, in timeout_s.
    """
    deadline_s = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"not within {timeout_s} s")
        pause.wait(_POLL_S)
