"""``vigil ingest``: the camera controller. It and its shards' ``main`` name concrete classes."""

import os
from collections.abc import Callable, Sequence
from functools import partial

import redis
import structlog

from camera_ctrl.admission import Admission
from camera_ctrl.notes import Notes
from camera_ctrl.placement import Placement
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shard_pool import ShardPool, both_addresses, sub_address
from camera_ctrl.shards.process import ShardProcess
from camera_ctrl.supervisor import CameraSupervisor
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.capacity import max_bytes_of
from vigil.bus.connection import (
    BRIEF_TIMEOUT_S,
    RedisClient,
    connect_briefly,
    connect_waiting,
    require_fit_queue,
)
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.packets.redis import RedisPacketLog
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.clock import SystemClock
from vigil.domain.camera import Stream
from vigil.leases import LeaseKeeper, new_member_id
from vigil.log import configure_logging
from vigil.messages import CameraStatus
from vigil.runtime import Backoff, FileHeartbeat, StopSignal, run_until_stopped, stop_on_signals
from vigil.settings import load

log = structlog.get_logger(__name__)


def main(
    _arguments: Sequence[str] = (),
    *,
    decoders: Callable[[CameraSettings, SystemClock], ShardPool] | None = None,
) -> int:
    """Run the camera controller until it is stopped.

    Args:
        decoders: Makes the pool of decode shards. A benchmark leaves them out.
    """
    # Before a shard is started: glibc gives each thread an arena of its own otherwise, in which
    # freed frames and packets lie unused. Measured with eight cameras: 20 MB.
    os.environ.setdefault("MALLOC_ARENA_MAX", "1")
    settings = load(CameraSettings)
    configure_logging("camera_ctrl", settings.log_level)
    clock, stop = SystemClock(), stop_on_signals()
    media, queue = _both_roles(settings, stop)
    statuses = RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus)
    supervisor = CameraSupervisor(
        configs=_configs(settings, queue, clock),
        keeper=LeaseKeeper(
            RedisLeases(media, role=keys.Role.INGEST), member=new_member_id(), clock=clock
        ),
        ingest=_ingest_pool(settings, clock),
        sub_ingest=_sub_ingest_pool(settings, clock),
        decode=(decoders or _decode_pool)(settings, clock),
        packets=RedisPacketLog(media, limits=settings.backlog_limits()),
        sub_packets=RedisPacketLog(
            media, limits=settings.backlog_limits(Stream.SUB), stream=Stream.SUB
        ),
        frames=RedisFrameStore(media, kind=keys.FrameKind.RAW),
        statuses=statuses,
        admission=Admission(
            partial(max_bytes_of, media),
            statuses=statuses,
            backlog_bytes=settings.packet_backlog_max_bytes,
            clock=clock,
        ),
        clock=clock,
    )
    try:
        run_until_stopped(
            supervisor.run_once,
            stop=stop,
            heartbeat=FileHeartbeat(settings.heartbeat_path),
            backoff=Backoff(first_s=0.5, max_s=8.0),
        )
    finally:
        supervisor.close()
    return 0


def _both_roles(settings: CameraSettings, stop: StopSignal) -> tuple[RedisClient, redis.Redis]:
    """Return the media and the queue Redis, checked.

    Raises:
        SetupInvalid: One of them is unfit.
        BusUnavailable: An end was asked for while nobody answered.
    """
    media = connect_waiting(str(settings.redis_url), stop=stop, server_timeout_s=BRIEF_TIMEOUT_S)
    queue = connect_briefly(settings.queue_url())
    require_fit_queue(queue)
    if settings.is_one_redis():
        log.warning("one_redis_for_both_roles", backlog_s=settings.backlog_limits().seconds)
    return media, queue


def _configs(settings: CameraSettings, queue: redis.Redis, clock: SystemClock) -> CameraConfigs:
    return CameraConfigs(
        store=RedisCameraConfigStore(queue),
        bell=RedisConfigBell(queue),
        path=settings.vigil_home / "camera_ctrl" / "cameras.json",
        clock=clock,
    )


def _ingest_pool(settings: CameraSettings, clock: SystemClock) -> ShardPool:
    count = settings.cameras_per_shard
    return ShardPool(
        "ingest",
        start=partial(_ingest_shard, settings, clock, Stream.MAIN, count),
        placement=Placement(count),
        clock=clock,
    )


def _sub_ingest_pool(settings: CameraSettings, clock: SystemClock) -> ShardPool:
    # They send little, and who loses one decodes the main stream meanwhile.
    count = 2 * settings.cameras_per_shard
    return ShardPool(
        "ingest-sub",
        start=partial(_ingest_shard, settings, clock, Stream.SUB, count),
        placement=Placement(count),
        clock=clock,
        address_of=sub_address,
    )


def _ingest_shard(
    settings: CameraSettings, clock: SystemClock, stream: Stream, cameras: int, name: str
) -> ShardProcess:
    return ShardProcess(
        name,
        main="camera_ctrl.shards.ingest:main",
        # Threads of cameras that were taken away may take a while to end.
        notes=Notes(2 * cameras),
        arguments=(settings, stream),
        clock=clock,
    )


def _decode_pool(settings: CameraSettings, clock: SystemClock) -> ShardPool:
    threads = min(settings.cameras_per_shard, os.cpu_count() or 1)

    def start(name: str) -> ShardProcess:
        return ShardProcess(
            name,
            main="camera_ctrl.shards.decode:main",
            notes=Notes(threads),
            arguments=(settings,),
            clock=clock,
        )

    return ShardPool(
        "decode",
        start=start,
        placement=Placement(settings.cameras_per_shard),
        clock=clock,
        address_of=both_addresses,
    )


if __name__ == "__main__":
    raise SystemExit(main())
