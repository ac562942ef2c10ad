"""What processes cost: CPU and memory of a process with all its children, from /proc."""

from collections.abc import Iterable, Iterator

import psutil


def cpu_s(pids: Iterable[int]) -> float:
    """Return the CPU time of processes and their descendants since they began.

    A descendant that ended counts through its parent, which the kernel tells what it used.
    """
    total_s = 0.0
    for process in _family(pids):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            # It ended just now: its parent has it.
            continue
        total_s += times.user + times.system + times.children_user + times.children_system
    return total_s


def memory_bytes(pids: Iterable[int]) -> int:
    """Return the proportional set size of processes and their descendants."""
    total = 0
    for process in _family(pids):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


def _family(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        process = psutil.Process(pid)
        yield process
        yield from process.children(recursive=True)
