"""``vigil record``: a recorder. It names concrete classes."""

import argparse
from collections.abc import Sequence
from functools import partial

import redis

from recorder.check.volume_check import VolumeCheck, check_until_stopped
from recorder.footage.volume import Volume, remembered_volume
from recorder.recorder import READ_EVERY_S, Recorder
from recorder.room.report import FootageLimits
from recorder.room.retention import Retention, keep_room_until_stopped
from recorder.settings import RecorderSettings
from recorder.signs import SignBoards
from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import (
    BRIEF_TIMEOUT_S,
    RedisClient,
    connect_briefly,
    connect_waiting,
    require_fit_queue,
)
from vigil.bus.facts.redis import RedisFactLog
from vigil.bus.footage.redis import RedisFootageStore
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.packets.base import BacklogLimits
from vigil.bus.packets.redis import RedisPacketLog
from vigil.bus.status.redis import RedisStatusBoard
from vigil.bus.watchers.redis import RedisWatchers
from vigil.camera_configs import CameraConfigs
from vigil.clock import SystemClock
from vigil.errors import SetupInvalid, VolumeUnavailable
from vigil.fact_outbox import FactOutbox, open_outbox, send_until_stopped
from vigil.facts import Fact
from vigil.leases import LeaseKeeper, new_member_id
from vigil.log import configure_logging
from vigil.messages import CameraStatus, FrameDetections, RecordingMark, RecordingStatus
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    StopSignal,
    run_until_stopped,
    start_thread,
    stop_on_signals,
)
from vigil.settings import load


def main(arguments: Sequence[str] = ()) -> int:
    """Run a recorder until it is stopped."""
    argparse.ArgumentParser(prog="vigil record", description=__doc__).parse_args(arguments)
    settings = load(RecorderSettings)
    configure_logging("recorder", settings.log_level)
    clock, stop = SystemClock(), stop_on_signals()
    volume = _volume(settings)
    media = connect_waiting(str(settings.redis_url), stop=stop, server_timeout_s=BRIEF_TIMEOUT_S)
    queue = connect_briefly(settings.queue_url())
    require_fit_queue(queue)
    facts = open_outbox(
        RedisFactLog(queue), settings.vigil_home / "recorder" / "facts.sqlite", clock=clock
    )
    configs = _configs(settings, queue, clock)
    retention = _retention(settings, queue, volume, configs, facts=facts, clock=clock)
    recorder = _recorder(settings, media, volume, configs, retention, facts=facts, clock=clock)
    check = VolumeCheck(
        volume,
        known=RedisKnownFootageBoard(queue),
        protected=retention.protections.of,
        say=partial(_tell, facts, retention),
        stop=stop,
        clock=clock,
    )
    # Beside recording, which never waits for them.
    works = {
        "facts": partial(send_until_stopped, facts, stop),
        "room": partial(keep_room_until_stopped, retention, stop),
        "check": partial(check_until_stopped, check, camera_ids=lambda: configs.cameras, stop=stop),
    }
    threads = [start_thread(work, name=name, stop=stop) for name, work in works.items()]
    try:
        run_until_stopped(
            partial(_step, recorder, stop),
            stop=stop,
            heartbeat=FileHeartbeat(settings.heartbeat_path),
            backoff=Backoff(first_s=0.2, max_s=2.0),
        )
    finally:
        stop.set()
        recorder.close()
        for thread in threads:
            thread.join()
        facts.close()
    return 0


def _step(recorder: Recorder, stop: StopSignal) -> None:
    if not recorder.run_once():
        stop.wait(READ_EVERY_S)


def _tell(facts: FactOutbox, retention: Retention, *told: Fact) -> None:
    """Tell web, and who keeps account of the volume."""
    facts.say(*told)
    for fact in told:
        retention.heard(fact)


def _volume(settings: RecorderSettings) -> Volume:
    memory = settings.vigil_home / "recorder" / "volumes.json"
    try:
        return remembered_volume(settings.footage_folder(), memory=memory)
    except VolumeUnavailable as error:
        raise SetupInvalid(f"FOOTAGE_PATH: {error}") from error


def _configs(settings: RecorderSettings, queue: redis.Redis, clock: SystemClock) -> CameraConfigs:
    return CameraConfigs(
        store=RedisCameraConfigStore(queue),
        bell=RedisConfigBell(queue),
        path=settings.vigil_home / "recorder" / "cameras.json",
        clock=clock,
    )


def _retention(
    settings: RecorderSettings,
    queue: redis.Redis,
    volume: Volume,
    configs: CameraConfigs,
    *,
    facts: FactOutbox,
    clock: SystemClock,
) -> Retention:
    return Retention(
        volume,
        limits=_limits(settings),
        cameras=lambda: configs.cameras if configs.is_current else None,
        store=RedisFootageStore(queue),
        say=facts.say,
        clock=clock,
    )


def _limits(settings: RecorderSettings) -> FootageLimits:
    return FootageLimits(
        reserve_bytes=settings.footage_reserve_bytes,
        kept_days=settings.footage_kept_days,
        max_bytes=settings.footage_max_bytes,
        purges=settings.footage_purge,
    )


def _recorder(
    settings: RecorderSettings,
    media: RedisClient,
    volume: Volume,
    configs: CameraConfigs,
    retention: Retention,
    *,
    facts: FactOutbox,
    clock: SystemClock,
) -> Recorder:
    return Recorder(
        configs=configs,
        keeper=LeaseKeeper(
            RedisLeases(media, role=keys.Role.RECORDING), member=new_member_id(), clock=clock
        ),
        packets=RedisPacketLog(media, limits=BacklogLimits()),
        boards=SignBoards(
            statuses=RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus),
            seen=RedisStatusBoard(
                media,
                role=keys.Role.RECOGNITION,
                document_class=FrameDetections,
                key_of=keys.detections,
            ),
            watchers=RedisWatchers(media),
            takers=RedisWatchers(media, key_of=keys.taken),
        ),
        marks=RedisStatusBoard(
            media,
            role=keys.Role.RECORDING,
            document_class=RecordingMark,
            key_of=keys.recording_mark,
            ttl_s=keys.MARK_TTL_S,
        ),
        statuses=RedisStatusBoard(media, role=keys.Role.RECORDING, document_class=RecordingStatus),
        volume=volume,
        refusal=retention.refusal,
        say=partial(_tell, facts, retention),
        clock=clock,
        segment_s=settings.segment_s,
    )


if __name__ == "__main__":
    raise SystemExit(main())
