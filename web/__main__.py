"""``vigil web``: the HTTP server. The one file of it that names concrete classes."""

import argparse
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from vigil import keys
from vigil.bus.camera_config.redis import RedisCameraConfigStore, RedisConfigBell
from vigil.bus.connection import connect_single, connect_waiting
from vigil.bus.frames.bell import RedisFrameBell
from vigil.bus.frames.redis import RedisFrameStore
from vigil.bus.status.redis import RedisStatusBoard
from vigil.camera_configs import CameraConfigs
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId
from vigil.log import configure_logging
from vigil.messages import CameraConfig, CameraStatus
from vigil.runtime import (
    Backoff,
    FileHeartbeat,
    run_until_stopped,
    start_thread,
    stop_on_signals,
)
from vigil.settings import load
from web.app import create_app, known_to_all
from web.live.feeds import FeedBoard
from web.live.reader import LiveReader
from web.live.routes import live_blueprint
from web.live.service import LiveViews, NoSignal
from web.live.stream import Waker
from web.server import WebServer
from web.settings import WebSettings

#: The family's clients call the API on the first and the streams on the second.
PORTS = (5000, 15440)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vigil web", description="Serve the API and the pages.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, action="append", help="port, also several (5000 and 15440)"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the web server until it is stopped."""
    listen = _parsed(arguments)
    settings = load(WebSettings)
    configure_logging("web", settings.log_level)
    clock, stop = SystemClock(), stop_on_signals()
    redis = connect_waiting(str(settings.redis_url), stop=stop)
    queue = connect_single(settings.queue_url())
    configs = CameraConfigs(
        store=RedisCameraConfigStore(queue),
        bell=RedisConfigBell(queue),
        path=settings.vigil_home / "web" / "cameras.json",
        clock=clock,
    )
    statuses = RedisStatusBoard(redis, role=keys.Role.INGEST, document_class=CameraStatus)
    substitute = NoSignal(
        statuses=statuses,
        name_of=lambda camera_id: configs.cameras[camera_id].name,
        site_zone=ZoneInfo(settings.site_time_zone),
    )
    waker = Waker()
    board = FeedBoard(waker.notify)
    store = RedisFrameStore(redis, kind=keys.FrameKind.RAW)
    reader = LiveReader(
        store=store,
        bell=RedisFrameBell(redis, kind=keys.FrameKind.RAW),
        board=board,
        substitute=substitute,
        clock=clock,
    )
    views = LiveViews(store=store, board=board, waker=waker, substitute=substitute, clock=clock)

    def cameras() -> Mapping[CameraId, CameraConfig]:
        return configs.cameras

    def read() -> None:
        configs.refresh()
        reader.run_once()

    app = create_app(
        live=live_blueprint(views, known_to_all(cameras)), statuses=statuses, cameras=cameras
    )
    server = WebServer(app, host=listen.host, ports=listen.port or PORTS)
    start_thread(
        lambda: run_until_stopped(
            read,
            stop=stop,
            heartbeat=FileHeartbeat(None),
            backoff=Backoff(first_s=0.5, max_s=2.0),
        ),
        name="live-reader",
        stop=stop,
    )
    server.start()
    run_until_stopped(
        server.run_once,
        stop=stop,
        heartbeat=FileHeartbeat(settings.heartbeat_path),
        backoff=Backoff(first_s=0.5, max_s=8.0),
    )
    server.stop()
    reader.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
