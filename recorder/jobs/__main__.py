"""``vigil jobs``: makes exports. It names concrete classes. As many as one likes may run."""

import argparse
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from recorder.exports.shelf import Shelf
from recorder.footage.volume import Volume
from recorder.jobs.child_process import ChildProcess
from recorder.jobs.clearing import Clearing
from recorder.jobs.exporter import Exporter
from recorder.jobs.settings import JobsSettings
from recorder.jobs.upkeep import Upkeep
from recorder.jobs.worker import start_worker
from vigil.bus.connection import connect_single, require_fit_queue
from vigil.bus.exports.redis import RedisExportQueue
from vigil.bus.facts.redis import RedisFactLog
from vigil.clock import SystemClock
from vigil.errors import VolumeUnavailable
from vigil.footage import volume_at
from vigil.log import configure_logging
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    Heartbeat,
    StopSignal,
    run_until_stopped,
    stop_on_signals,
)
from vigil.settings import load

log = structlog.get_logger(__name__)

#: Seconds between two looks for a volume that is not there yet.
_LOOK_EVERY_S = 1.0
#: Seconds in which a job ends that was told to.
_ENDS_S = 8.0


def main(arguments: Sequence[str] = ()) -> int:
    """Make exports until it is stopped."""
    argparse.ArgumentParser(prog="vigil jobs", description=__doc__).parse_args(arguments)
    settings = load(JobsSettings)
    configure_logging("jobs", settings.log_level)
    clock, stop = SystemClock(), stop_on_signals()
    heartbeat = FileHeartbeat(settings.heartbeat_path)
    redis = connect_single(settings.queue_url())
    require_fit_queue(redis)
    volume = _wait_for_volume(settings.footage_folder(), heartbeat=heartbeat, stop=stop)
    if volume is None:
        return 0
    queue, facts = RedisExportQueue(redis, clock=clock), RedisFactLog(redis)
    kept = timedelta(days=settings.exports_kept_days)
    shelf = Shelf(volume, kept=kept, clock=clock)
    clearing = Clearing(
        shelf, volume, queue=queue, facts=facts, clock=clock, max_bytes=settings.exports_max_bytes
    )
    exporter = Exporter(
        volume=volume,
        shelf=shelf,
        clearing=clearing,
        queue=queue,
        facts=facts,
        start=ChildProcess,
        kept=kept,
        log_level=settings.log_level,
        clock=clock,
        stop=stop,
    )
    worker = start_worker(
        queue,
        lambda order, tries: exporter.run(order, tries=tries),
        at_once=settings.exports_at_once,
    )
    upkeep = Upkeep(clearing=clearing, take_up_left=queue.take_up_left, clock=clock)
    try:
        run_until_stopped(
            partial(upkeep.run_once, stop),
            stop=stop,
            heartbeat=heartbeat,
            backoff=Backoff(first_s=0.5, max_s=8.0),
        )
    finally:
        stop.set()
        worker.stop(timeout=round(_ENDS_S * 1000))
    return 0


def _wait_for_volume(folder: Path, *, heartbeat: Heartbeat, stop: StopSignal) -> Volume | None:
    """Return the volume that a recorder made in a folder; None: an end was asked for meanwhile.

    None is made here: a disk that is not mounted looks like a folder that is empty.
    """
    is_told = False
    while not stop.is_set():
        heartbeat.beat()
        try:
            found = volume_at(folder)
        except VolumeUnavailable as error:
            log.warning("volume_unavailable", reason=str(error))
            found = None
        if found is not None:
            return Volume(found, folder)
        if not is_told:
            log.info("no_volume_yet", path=str(folder))
            is_told = True
        stop.wait(_LOOK_EVERY_S)
    return None


if __name__ == "__main__":
    raise SystemExit(main())
