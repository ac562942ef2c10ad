"""``vigil recognise``: a recognition worker. It and `recognisers` name concrete classes."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2

from object_recognition.engines.onnx import OnnxDetector
from object_recognition.engines.probe import probe_onnx
from object_recognition.looker import LentLease, LookerProcess
from object_recognition.models.download import Downloader, Limits
from object_recognition.models.shelf import ModelShelf
from object_recognition.models.source import DEFAULT_MODEL
from object_recognition.models.store import ModelStore
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
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.looks.redis import RedisLookNotes
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.leases import LeaseKeeper, new_member_id
from vigil.log import configure_logging
from vigil.messages import RecognitionStatus
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    StopSignal,
    run_until_stopped,
    stop_on_signals,
)
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

    alone = settings.model_copy(update={"heartbeat_path": None})
    _run(
        alone,
        recognisers=recognisers,
        keeper=lambda _: lease,
        quarantine=quarantine,
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
) -> None:
    configure_logging("object_recognition", settings.log_level)
    # OpenCV would take every core for each small picture; workers are what shares the cores.
    cv2.setNumThreads(settings.inference_threads)
    redis = connect_waiting(str(settings.redis_url), stop=stop, server_timeout_s=BRIEF_TIMEOUT_S)
    queue = connect_briefly(settings.queue_url())
    require_fit_queue(queue)
    bell = RedisFrameBell(redis, kind=keys.FrameKind.RAW)
    boxed = RedisFrameStore(redis, kind=keys.FrameKind.BOXED)
    raw = RedisFrameStore(redis, kind=keys.FrameKind.RAW)
    shelf = _shelf(settings, clock, stop)
    worker = RecognitionWorker(
        configs=CameraConfigs(
            store=RedisCameraConfigStore(queue),
            bell=RedisConfigBell(queue),
            path=settings.vigil_home / "object_recognition" / "cameras.json",
            clock=clock,
        ),
        keeper=keeper(redis),
        watch=FrameWatch(frames=raw, boxed=boxed, bell=bell, clock=clock),
        boxed=boxed,
        statuses=RedisStatusBoard(
            redis, role=keys.Role.RECOGNITION, document_class=RecognitionStatus
        ),
        recognisers=recognisers(shelf=shelf, default_model=settings.default_model),
        quarantine=quarantine(redis),
        clock=clock,
        jpeg_quality=settings.boxed_jpeg_quality,
    )
    shelf.start()
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
        bell.close()
        shelf.close()


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
