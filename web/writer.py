"""``vigil writer``: files what the services tell into PostgreSQL. As many as one likes may run."""

import argparse
from collections.abc import Sequence

import structlog
from flask import Flask
from sqlalchemy.orm import sessionmaker

from vigil.bus.connection import connect_single, require_fit_queue
from vigil.bus.exports.redis import RedisExportQueue
from vigil.bus.facts.redis import RedisFactInbox
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.clock import SystemClock
from vigil.errors import BusUnavailable
from vigil.leases import new_member_id
from vigil.log import configure_logging
from vigil.runtime import Backoff, FileHeartbeat, run_until_stopped, stop_on_signals
from vigil.settings import load
from web.database import db, install_database
from web.facts.writer import FactWriter
from web.patience import bound_waits
from web.settings import WebSettings

log = structlog.get_logger(__name__)


def main(arguments: Sequence[str] = ()) -> int:
    """Run a writer until it is stopped."""
    argparse.ArgumentParser(prog="vigil writer", description=__doc__).parse_args(arguments)
    settings = load(WebSettings)
    configure_logging("writer", settings.log_level)
    clock, stop = SystemClock(), stop_on_signals()
    bound_waits(
        connect_s=settings.database_connect_timeout_s,
        statement_s=settings.database_statement_timeout_s,
        clock=clock,
    )
    queue = connect_single(settings.queue_url())
    require_fit_queue(queue)
    app = Flask(__name__)
    install_database(app, settings)
    with app.app_context():
        sessions = sessionmaker(db.engine)
    inbox = RedisFactInbox(queue, member=new_member_id())
    writer = FactWriter(
        inbox,
        sessions,
        known=RedisKnownFootageBoard(queue),
        exports=RedisExportQueue(queue, clock=clock),
        clock=clock,
        kept_days=settings.tracks_kept_days,
    )
    run_until_stopped(
        writer.run_once,
        stop=stop,
        heartbeat=FileHeartbeat(settings.heartbeat_path),
        backoff=Backoff(first_s=0.5, max_s=8.0),
    )
    try:
        inbox.leave()
    except BusUnavailable as error:
        log.info("writer_left_its_name", reason=str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
