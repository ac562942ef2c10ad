"""``vigil web``: the HTTP server. It, ``web.app`` and ``live/assembly`` name concrete classes."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import redis
from flask import Flask

from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import RedisClient, connect_single, connect_waiting, require_fit_queue
from vigil.bus.explanations.redis import RedisExplanationLog
from vigil.bus.exports.redis import RedisExportQueue
from vigil.bus.footage.redis import RedisFootageStore
from vigil.bus.leases.redis import RedisLeases
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.clock import Clock, SystemClock
from vigil.log import configure_logging
from vigil.messages import CameraStatus, FrameDetections, RecognitionStatus, RecordingStatus
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    StopSignal,
    run_until_stopped,
    settle,
    start_thread,
    stop_on_signals,
)
from vigil.settings import load
from web.access.guard import require_loopback
from web.app import create_app
from web.live.assembly import build_live
from web.live.routes import streams_blueprint
from web.migrate import migrate_waiting
from web.patience import bound_waits
from web.server import WebServer
from web.settings import WebSettings
from web.startup import RECONCILE_EVERY_S, prepare, reconcile
from web.status.readiness import ask_queue, ask_redis
from web.users.passwords import owasp_hasher
from web.wiring import EXTENSION, Bus
from web.workers.service import RecognitionPool

#: The family's clients call the API on the first and the streams on the second.
PORTS = (5000, 15440)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the web server until it is stopped."""
    listen = _parsed(arguments)
    settings = load(WebSettings)
    configure_logging("web", settings.log_level)
    require_loopback(settings, listen.host)
    clock, stop = SystemClock(), stop_on_signals()
    if listen.migrate:
        migrate_waiting(settings, stop=stop)
    bound_waits(
        connect_s=settings.database_connect_timeout_s,
        statement_s=settings.database_statement_timeout_s,
        clock=clock,
    )
    media = connect_waiting(str(settings.redis_url), stop=stop)
    queue = connect_single(settings.queue_url())
    require_fit_queue(queue)
    configs = CameraConfigs(
        store=RedisCameraConfigStore(queue),
        bell=RedisConfigBell(queue),
        path=settings.vigil_home / "web" / "cameras.json",
        clock=clock,
    )
    bus, site_zone = _bus(media, queue, clock=clock), ZoneInfo(settings.site_time_zone)
    live = build_live(media, statuses=bus.statuses, facts=configs, site_zone=site_zone, clock=clock)
    app = create_app(
        settings,
        bus=bus,
        checks={"redis": partial(ask_redis, media), "queue_redis": partial(ask_queue, queue)},
        clock=clock,
        hasher=owasp_hasher(),
        streams=streams_blueprint(raw=live.raw, boxed=live.boxed),
    )
    server = WebServer(app, host=listen.host, ports=listen.port or PORTS)
    steps = {
        "camera-configs": _paced(configs.refresh, 0.5, stop=stop),
        "raw-reader": live.readers[0].run_once,
        "boxed-reader": live.readers[1].run_once,
        "startup": _begun(app, stop=stop),
    }
    settle()
    _serve(server, steps, heartbeat=FileHeartbeat(settings.heartbeat_path), stop=stop)
    for reader in live.readers:
        reader.close()
    app.extensions[EXTENSION].thumbnails.close()
    return 0


def _bus(media: RedisClient, queue: redis.Redis, *, clock: Clock) -> Bus:
    return Bus(
        config_store=RedisCameraConfigStore(queue),
        statuses=RedisStatusBoard(media, role=keys.Role.INGEST, document_class=CameraStatus),
        pool=_pool(media),
        detections=_detections(media),
        explanations=RedisExplanationLog(media),
        recordings=RedisStatusBoard(
            media, role=keys.Role.RECORDING, document_class=RecordingStatus
        ),
        footage=RedisFootageStore(queue),
        exports=RedisExportQueue(queue, clock=clock),
    )


def _pool(media: RedisClient) -> RecognitionPool:
    role = keys.Role.RECOGNITION
    return RecognitionPool(
        RedisLeases(media, role=role),
        RedisStatusBoard(media, role=role, document_class=RecognitionStatus),
    )


def _detections(media: RedisClient) -> RedisStatusBoard[FrameDetections]:
    return RedisStatusBoard(
        media,
        role=keys.Role.RECOGNITION,
        document_class=FrameDetections,
        key_of=keys.detections,
    )


def _serve(
    server: WebServer,
    steps: Mapping[str, Callable[[], object]],
    *,
    heartbeat: FileHeartbeat,
    stop: StopSignal,
) -> None:
    """Answer in this thread's hub, and run each step in a thread beside it, until stop."""
    for name, step in steps.items():
        start_thread(partial(_run, step, stop=stop), name=name, stop=stop)
    server.start()
    backoff = Backoff(first_s=0.5, max_s=8.0)
    run_until_stopped(server.run_once, stop=stop, heartbeat=heartbeat, backoff=backoff)
    server.stop()


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vigil web", description="Serve the API and the pages.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, action="append", help="port, also several (5000 and 15440)"
    )
    parser.add_argument(
        "--migrate", action="store_true", help="bring the database's tables up to date first"
    )
    return parser.parse_args(arguments)


def _run(step: Callable[[], object], *, stop: StopSignal) -> None:
    backoff = Backoff(first_s=0.5, max_s=4.0)
    run_until_stopped(step, stop=stop, heartbeat=FileHeartbeat(None), backoff=backoff)


def _paced(step: Callable[[], object], every_s: float, *, stop: StopSignal) -> Callable[[], None]:
    def paced() -> None:
        step()
        stop.wait(every_s)

    return paced


def _begun(app: Flask, *, stop: StopSignal) -> Callable[[], None]:
    """Return a step that makes the first account, then keeps Redis as PostgreSQL says."""
    is_prepared = False

    def step() -> None:
        nonlocal is_prepared
        if not is_prepared:
            prepare(app)
            is_prepared = True
        reconcile(app)
        stop.wait(RECONCILE_EVERY_S)

    return step


if __name__ == "__main__":
    raise SystemExit(main())
