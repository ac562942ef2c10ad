"""``vigil migrate``: brings the schema of PostgreSQL up to this version."""

import argparse

import flask_migrate
import structlog
from flask import Flask, current_app

from vigil.errors import SetupInvalid
from vigil.log import configure_logging
from vigil.runtime import Backoff, StopSignal
from vigil.sealing import Sealer
from vigil.settings import load
from web.database import db, install_database
from web.errors import DatabaseUnavailable
from web.settings import WebSettings

log = structlog.get_logger(__name__)

#: Where such an application keeps its sealer.
_SEALER = "vigil sealer"


def main(arguments: list[str]) -> int:
    """Run ``vigil migrate [--to REVISION]``; return the exit status."""
    parser = argparse.ArgumentParser(prog="vigil migrate", description=__doc__)
    parser.add_argument("--to", default="head", help="a revision; the newest by default")
    revision = parser.parse_args(arguments).to
    settings = load(WebSettings)
    configure_logging("web", settings.log_level)
    try:
        migrate(settings, revision=revision)
    except DatabaseUnavailable as error:
        raise SetupInvalid(f"DATABASE_URL: PostgreSQL does not answer: {error}") from error
    return 0


def migrate(settings: WebSettings, *, revision: str = "head") -> None:
    """Bring the schema up to a revision. Does nothing where it is there already.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    app = migrating_app(settings)
    with app.app_context():
        flask_migrate.upgrade(revision=revision)
        # No connection is left behind in a process that goes on, such as make run's.
        db.engine.dispose()
    log.info("schema_migrated", revision=revision)


def migrating_app(settings: WebSettings) -> Flask:
    """Return an application that can do nothing but migrate."""
    app = Flask(__name__)
    install_database(app, settings)
    app.extensions[_SEALER] = Sealer(*settings.secrets())
    return app


def current_sealer() -> Sealer:
    """Return what a migration seals and opens with."""
    sealer: Sealer = current_app.extensions[_SEALER]
    return sealer


def migrate_waiting(settings: WebSettings, *, stop: StopSignal) -> None:
    """Bring the schema up to date, however long it takes until PostgreSQL answers.

    Raises:
        DatabaseUnavailable: An end was asked for meanwhile.
    """
    backoff = Backoff(first_s=0.5, max_s=8.0)
    while True:
        try:
            return migrate(settings)
        except DatabaseUnavailable as error:
            delay_s = backoff.next_s()
            log.warning("unavailable", what=str(error), retry_in_s=round(delay_s, 1))
            if stop.wait(delay_s):
                raise
