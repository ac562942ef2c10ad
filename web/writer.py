"""``vigil writer``: files what the services tell into PostgreSQL. As many as one likes may run."""

import argparse
from collections.abc import Sequence

from flask import Flask
from sqlalchemy.orm import sessionmaker

from vigil.bus.connection import connect_single, require_fit_queue
from vigil.bus.facts.redis import RedisFactInbox
from vigil.clock import SystemClock
from vigil.leases import new_member_id
from vigil.log import configure_logging
from vigil.runtime import Backoff, FileHeartbeat, run_until_stopped, stop_on_signals
from vigil.settings import load
from web.database import db, install_database
from web.facts.writer import FactWriter
from web.settings import WebSettings


def main(arguments: Sequence[str] = ()) -> int:
    """Run a writer until it is stopped."""
    argparse.ArgumentParser(prog="vigil writer", description=__doc__).parse_args(arguments)
    settings = load(WebSettings)
    configure_logging("writer", settings.log_level)
    stop = stop_on_signals()
    queue = connect_single(settings.queue_url())
    require_fit_queue(queue)
    app = Flask(__name__)
    install_database(app, settings)
    with app.app_context():
        sessions = sessionmaker(db.engine)
    writer = FactWriter(
        RedisFactInbox(queue, member=new_member_id()),
        sessions,
        clock=SystemClock(),
        kept_days=settings.tracks_kept_days,
    )
    run_until_stopped(
        writer.run_once,
        stop=stop,
        heartbeat=FileHeartbeat(settings.heartbeat_path),
        backoff=Backoff(first_s=0.5, max_s=8.0),
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
