"""``vigil recognise``: a recognition worker. It and `recognisers` name concrete classes."""

from collections.abc import Callable, Sequence
from functools import partial

import cv2
from redis import Redis

from object_recognition.assembly import make_engines, make_store
from object_recognition.look_limit import look_limit
from object_recognition.looker import LentLease, LookerProcess
from object_recognition.models.shelf import ModelShelf
from object_recognition.models.source import DEFAULT_MODEL
from object_recognition.publisher import Publisher
from object_recognition.quarantine import Quarantine
from object_recognition.recognisers import Recognisers
from object_recognition.settings import RecognitionSettings
from object_recognition.watch import FrameWatch
from object_recognition.worker import RecognitionWorker
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import (
    BRIEF_TIMEOUT_S,
    RedisClient,
    connect_briefly,
    connect_waiting,
    require_fit_queue,
)
from vigil.bus.explanations.redis import RedisExplanationLog
from vigil.bus.facts.redis import RedisFactLog
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.masked import MaskedFrames
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.looks.redis import RedisLookNotes
from vigil.bus.status.redis import RedisStatusBoard
from vigil.bus.watchers.redis import RedisWatchers
from vigil.camera_configs import CameraConfigs
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.fact_outbox import FactOutbox, open_outbox, send_until_stopped
from vigil.leases import LeaseKeeper, new_member_id
from vigil.log import configure_logging
from vigil.messages import DayTallies, FrameDetections, RecognitionStatus
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    StopSignal,
    run_until_stopped,
    start_thread,
    stop_on_signals,
)
from vigil.sealing import Sealer
from vigil.settings import load


def main(_arguments: Sequence[str] = (), *, recognisers: type[Recognisers] = Recognisers) -> int:
    """Run a recognition worker until it is stopped.

    Args:
        recognisers: What chooses who looks. A benchmark has looks of one length.
    """
    settings = load(RecognitionSettings)
    clock, stop, member = SystemClock(), stop_on_signals(), new_member_id()
    start = partial(LookerProcess, main=look_at_one, arguments=(settings, recognisers, member))

    def keeper(redis: RedisClient) -> LeaseKeeper:
        leases = RedisLeases(redis, role=keys.Role.RECOGNITION)
        return LeaseKeeper(leases, member=member, clock=clock)

    def quarantine(redis: RedisClient) -> Quarantine:
        return Quarantine(RedisLookNotes(redis), member=member, start=start, clock=clock)

    _run(
        settings,
        recognisers=recognisers,
        keeper=keeper,
        quarantine=quarantine,
        clock=clock,
        stop=stop,
    )
    return 0


def look_at_one(
    settings: RecognitionSettings,
    recognisers: type[Recognisers],
    member: str,
    *,
    camera_id: CameraId,
    epoch: Epoch,
    parent_pid: int,
) -> None:
    """Look at one camera in quarantine, under the lease of the worker that started us."""
    clock, stop = SystemClock(), stop_on_signals()
    lease = LentLease(camera_id, epoch, member=member, parent_pid=parent_pid, stop=stop)

    def quarantine(redis: RedisClient) -> Quarantine:
        return Quarantine(RedisLookNotes(redis), member=member, start=None, clock=clock)

    # Of one camera there are no batches.
    alone = settings.model_copy(update={"heartbeat_path": None, "batch_max": 1})
    _run(
        alone,
        recognisers=recognisers,
        keeper=lambda _: lease,
        quarantine=quarantine,
        # Under this lease our worker has told of tracks, and others before us that died: they had
        # fewer than one a millisecond.
        first_track=max(1, clock.utc_us() // 1000 - epoch),
        clock=clock,
        stop=stop,
    )


def _run(
    settings: RecognitionSettings,
    *,
    recognisers: type[Recognisers],
    keeper: Callable[[RedisClient], LeaseKeeper | LentLease],
    quarantine: Callable[[RedisClient], Quarantine],
    clock: SystemClock,
    stop: StopSignal,
    first_track: int = 1,
) -> None:
    configure_logging("object_recognition", settings.log_level)
    # OpenCV would take every core for each small picture; workers are what shares the cores.
    cv2.setNumThreads(settings.inference_threads)
    redis = connect_waiting(str(settings.redis_url), stop=stop, server_timeout_s=BRIEF_TIMEOUT_S)
    queue = connect_briefly(settings.queue_url())
    require_fit_queue(queue)
    bell = RedisFrameBell(redis, kind=keys.FrameKind.RAW)
    shelf = _shelf(settings, clock, stop)
    spool = settings.vigil_home / "object_recognition" / "facts.sqlite"
    facts = open_outbox(RedisFactLog(queue), spool, clock=clock)
    worker = _worker(
        settings,
        redis,
        queue,
        bell,
        keeper=keeper(redis),
        quarantine=quarantine(redis),
        facts=facts,
        first_track=first_track,
        recognisers=recognisers(
            shelf=shelf, default_model=settings.default_model, sealer=Sealer(*settings.secrets())
        ),
        clock=clock,
    )
    shelf.start()
    sender = start_thread(partial(send_until_stopped, facts, stop), name="facts", stop=stop)
    try:
        run_until_stopped(
            worker.run_once,
            stop=stop,
            heartbeat=FileHeartbeat(settings.heartbeat_path),
            backoff=Backoff(first_s=0.2, max_s=2.0),
        )
    finally:
        stop.set()
        worker.close()
        sender.join()
        facts.close()
        bell.close()
        shelf.close()


def _worker(
    settings: RecognitionSettings,
    redis: RedisClient,
    queue: Redis,
    bell: RedisFrameBell,
    *,
    keeper: LeaseKeeper | LentLease,
    quarantine: Quarantine,
    facts: FactOutbox,
    first_track: int,
    recognisers: Recognisers,
    clock: SystemClock,
) -> RecognitionWorker:
    boxed = RedisFrameStore(redis, kind=keys.FrameKind.BOXED)
    configs = CameraConfigs(
        store=RedisCameraConfigStore(queue),
        bell=RedisConfigBell(queue),
        path=settings.vigil_home / "object_recognition" / "cameras.json",
        clock=clock,
    )
    raw = MaskedFrames(RedisFrameStore(redis, kind=keys.FrameKind.RAW), configs)
    return RecognitionWorker(
        configs=configs,
        keeper=keeper,
        watch=FrameWatch(frames=raw, boxed=boxed, bell=bell, clock=clock),
        publisher=make_publisher(redis),
        statuses=RedisStatusBoard(
            redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
        ),
        facts=facts,
        recognisers=recognisers,
        quarantine=quarantine,
        clock=clock,
        watchers=RedisWatchers(redis),
        jpeg_quality=settings.boxed_jpeg_quality,
        still_look_every_s=settings.still_look_every_s,
        limit=look_limit(settings.look_timeout_s),
        batch_max=settings.batch_max,
        first_track=first_track,
    )


def make_publisher(redis: RedisClient) -> Publisher:
    """Return what puts pictures, and what they show, onto the media Redis."""
    return Publisher(
        boxed=RedisFrameStore(redis, kind=keys.FrameKind.BOXED),
        detections=RedisStatusBoard(
            redis,
            role=keys.Role.RECOGNITION,
            document_class=FrameDetections,
            key_of=keys.detections,
        ),
        explanations=RedisExplanationLog(redis),
        tallies=RedisStatusBoard(
            redis,
            role=keys.Role.RECOGNITION,
            document_class=DayTallies,
            key_of=keys.tallies,
            ttl_s=keys.TALLIES_TTL_S,
        ),
    )


def _shelf(settings: RecognitionSettings, clock: SystemClock, stop: StopSignal) -> ModelShelf:
    engines = make_engines(settings, settings.vigil_home)
    return ModelShelf(
        store=make_store(settings, settings.vigil_home, engines, clock=clock, stop=stop),
        load=engines.open,
        pinned={DEFAULT_MODEL.name: DEFAULT_MODEL},
        clock=clock,
        stop=stop,
    )


if __name__ == "__main__":
    raise SystemExit(main())
