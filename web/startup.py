"""What a server does beside answering: at its start, and every few seconds."""

from flask import Flask

from web.access.guard import require_loopback
from web.cameras.configuration import RECONCILE_EVERY_S
from web.database import db
from web.users import first_account
from web.wiring import EXTENSION, Wiring

__all__ = ["RECONCILE_EVERY_S", "prepare", "reconcile", "require_loopback"]


def prepare(app: Flask) -> None:
    """Make or announce the first account. Before the server listens.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer yet; try again.
    """
    wiring: Wiring = app.extensions[EXTENSION]
    with app.app_context():
        first_account.prepare(
            db.session(),
            settings=wiring.settings,
            signer=wiring.signer,
            passwords=wiring.passwords,
        )


def reconcile(app: Flask) -> None:
    """Publish what the queue Redis lacks. A step for `vigil.runtime.run_until_stopped`.

    Raises:
        BusUnavailable: Redis does not answer.
        DatabaseUnavailable: PostgreSQL does not.
    """
    wiring: Wiring = app.extensions[EXTENSION]
    wiring.configuration.reconcile()
