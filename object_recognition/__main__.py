"""``vigil recognise``: a recognition worker. It and `recognisers` name concrete classes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
from redis import Redis

from object_recognition.engines.onnx import OnnxDetector
from object_recognition.engines.probe import probe_onnx
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.shelf import ModelShelf
from object_recognition.models.source import DEFAULT_MODEL
from object_recognition.models.store import ModelStore
from object_recognition.recognisers import Recognisers
from object_recognition.settings import RecognitionSettings
from object_recognition.watch import FrameWatch
from object_recognition.worker import RecognitionWorker
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import (
    BRIEF_TIMEOUT_S,
    connect_briefly,
    connect_waiting,
    require_fit_queue,
)
from vigil.bus.explanations.redis import RedisExplanationLog
from vigil.bus.facts.redis import RedisFactLog
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.bus.watchers.redis import RedisWatchers
from vigil.camera_configs import CameraConfigs
from vigil.clock import SystemClock
from vigil.errors import SetupInvalid, SpoolUnavailable
from vigil.fact_outbox import FactOutbox
from vigil.leases import LeaseKeeper, new_member_id
from vigil.log import configure_logging
from vigil.messages import FrameDetections, RecognitionStatus
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
from vigil.spool import Spool

#: Seconds between two looks at the spool: another worker may have left something there.
SEND_EVERY_S = 1.0


def main(_arguments: Sequence[str] = ()) -> int:
    """Run a recognition worker until it is stopped."""
    settings = load(RecognitionSettings)
    configure_logging("object_recognition", settings.log_level)
    # OpenCV would take every core for each small picture; workers are what shares the cores.
    cv2.setNumThreads(settings.inference_threads)
    clock, stop = SystemClock(), stop_on_signals()
    redis = connect_waiting(str(settings.redis_url), stop=stop, server_timeout_s=BRIEF_TIMEOUT_S)
    queue = connect_briefly(settings.queue_url())
    require_fit_queue(queue)
    bell = RedisFrameBell(redis, kind=keys.FrameKind.RAW)
    shelf = _shelf(settings, clock, stop)
    facts = _outbox(settings, queue, clock)
    member = new_member_id()
    worker = RecognitionWorker(
        configs=CameraConfigs(
            store=RedisCameraConfigStore(queue),
            bell=RedisConfigBell(queue),
            path=settings.vigil_home / "object_recognition" / "cameras.json",
            clock=clock,
        ),
        keeper=LeaseKeeper(
            RedisLeases(redis, role=keys.Role.RECOGNITION), member=member, clock=clock
        ),
        watch=FrameWatch(
            frames=RedisFrameStore(redis, kind=keys.FrameKind.RAW), bell=bell, clock=clock
        ),
        boxed=RedisFrameStore(redis, kind=keys.FrameKind.BOXED),
        detections=RedisStatusBoard(
            redis,
            role=keys.Role.RECOGNITION,
            document_class=FrameDetections,
            key_of=keys.detections,
        ),
        explanations=RedisExplanationLog(redis),
        statuses=RedisStatusBoard(
            redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
        ),
        facts=facts,
        recognisers=Recognisers(
            shelf=shelf, default_model=settings.default_model, sealer=Sealer(*settings.secrets())
        ),
        watchers=RedisWatchers(redis),
        clock=clock,
        jpeg_quality=settings.boxed_jpeg_quality,
        still_look_every_s=settings.still_look_every_s,
    )
    shelf.start()
    sender = start_thread(partial(_send, facts, stop), name="facts", stop=stop)
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
    return 0


def _outbox(settings: RecognitionSettings, queue: Redis, clock: SystemClock) -> FactOutbox:
    # Workers of one machine share it: what a dead one left is sent by another.
    path = settings.vigil_home / "object_recognition" / "facts.sqlite"
    try:
        spool = Spool(path)
    except SpoolUnavailable as error:
        raise SetupInvalid(f"VIGIL_HOME: facts cannot be kept: {error}") from error
    return FactOutbox(RedisFactLog(queue), spool, clock=clock)


def _send(facts: FactOutbox, stop: StopSignal) -> None:
    def step() -> None:
        if not facts.run_once():
            facts.wait(SEND_EVERY_S)

    backoff = Backoff(first_s=0.2, max_s=2.0)
    run_until_stopped(step, stop=stop, heartbeat=FileHeartbeat(None), backoff=backoff)


def _shelf(settings: RecognitionSettings, clock: SystemClock, stop: StopSignal) -> ModelShelf:
    limits = Limits(max_bytes=settings.model_max_bytes)

    def load_onnx(path: Path, name: str) -> OnnxDetector:
        return OnnxDetector(path, name=name, threads=settings.inference_threads)

    return ModelShelf(
        store=ModelStore(
            settings.vigil_home / "models",
            downloader=Downloader(limits=limits, clock=clock, stop=stop),
            check=probe_onnx,
            max_bytes=settings.model_max_bytes,
        ),
        load=load_onnx,
        pinned={DEFAULT_MODEL.name: DEFAULT_MODEL},
        clock=clock,
        stop=stop,
    )


if __name__ == "__main__":
    raise SystemExit(main())
