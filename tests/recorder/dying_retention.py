"""A recorder's retention, in a process that kills itself right before a step of a deletion.

Arguments: a folder with a volume in it, the queue Redis, and which step, counted from 0.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recorder.footage.volume import open_volume
from recorder.room import removal
from recorder.room.report import FootageLimits
from recorder.room.retention import Retention
from vigil.bus.connection import connect_single
from vigil.bus.facts.redis import RedisFactLog
from vigil.bus.footage.redis import RedisFootageStore
from vigil.clock import SystemClock
from vigil.fact_outbox import open_outbox


def main(folder: Path, url: str, dies_at: int) -> None:
    steps = iter(range(10**6))

    def dying(work: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            if next(steps) == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*arguments, **options)

        return step

    queue, clock = connect_single(url), SystemClock()
    facts = open_outbox(RedisFactLog(queue), folder / "facts.sqlite", clock=clock)
    store = RedisFootageStore(queue)
    # What changes something, in the order in which a deletion does it.
    paths: Any = Path
    paths.rename, paths.unlink = dying(Path.rename), dying(Path.unlink)
    say, removals = dying(facts.say), vars(removal)
    removals["sync_folder"] = dying(removals["sync_folder"])
    store.deletions_done = dying(store.deletions_done)  # type: ignore[method-assign]
    retention = Retention(
        open_volume(folder / "footage", known=None),
        limits=FootageLimits(reserve_bytes=0, kept_days=3650),
        cameras=dict,
        store=store,
        say=say,
        clock=clock,
    )
    while retention.run_once():
        pass
    facts.close()
    sys.stdout.write(f"{next(steps)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
