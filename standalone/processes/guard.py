"""Outlive our parent by some seconds, and kill what of its children would not end. A script.

The kernel signals each child when the parent dies, but a child may not listen, and grandchildren
hear nothing. This reads lines ``+<group>`` and ``-<group>`` from its standard input; when that
ends, the parent is gone, however it died: the groups get a grace, then SIGKILL.

Runs as ``python -I -S guard.py GRACE_S``; standard library only.
"""

import os
import signal
import sys
import time

_POLL_S = 0.05


def main() -> None:
    """Read until the parent is gone, then see that its children are."""
    grace_s = float(sys.argv[1])
    # Whoever stops the parent means it, not us: we end when it has.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    _see_off(groups, grace_s)


def _see_off(groups: set[int], grace_s: float) -> None:
    deadline_s = time.monotonic() + grace_s
    for group in groups:
        _signal_group(group, signal.SIGTERM)
    left = {group for group in groups if _signal_group(group, 0)}
    while left and time.monotonic() < deadline_s:
        # No StopSignal in here: this program stands alone, and the wait is short.
        time.sleep(_POLL_S)
        left = {group for group in left if _signal_group(group, 0)}
    for group in left:
        _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: int) -> bool:
    """Send a signal; return False when nobody is left in the group."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # Somebody is there who is not ours any more to signal.
        return False
    return True


if __name__ == "__main__":
    main()
