"""Programs that are compared step by step: each answers a line with a line, all in turns.

So every side sees the same machine, whatever else that does meanwhile.
"""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from bench.children import first_line, running

#: What a program says to a number: at least ``ms``, how long its step took.
Answer = Mapping[str, Any]


def in_turns(
    sides: Mapping[str, Sequence[str]],
    *,
    steps: int,
    warming: int,
    log: Path,
    environment: Mapping[str, str],
    check: Callable[[Mapping[str, Answer]], None] | None = None,
) -> dict[str, float]:
    """Start every side anew, let them take their steps in turns; return each one's median in ms.

    Args:
        sides: The command line of each, by name.
        steps: How many count.
        warming: How many go before those: buffers, and what compiles at first use.
        log: Where they say what went wrong.
        environment: Added to ours.
        check: Raises when the answers to one number do not fit together.
    """
    samples: dict[str, list[float]] = {name: [] for name in sides}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(
                running(
                    command, log=log, environment=environment, with_output=True, with_input=True
                )
            )
            for name, command in sides.items()
        }
        for process in processes.values():
            first_line(process)
        for number in range(-warming, steps):
            answers = {name: _ask(process, number) for name, process in processes.items()}
            if check is not None:
                check(answers)
            if number >= 0:
                for name, answer in answers.items():
                    samples[name].append(answer["ms"])
    return {name: median(each) for name, each in samples.items()}


def _ask(process: subprocess.Popen[bytes], number: int) -> Answer:
    assert process.stdin is not None
    process.stdin.write(f"{number}\n".encode())
    process.stdin.flush()
    answer: Answer = json.loads(first_line(process))
    return answer
