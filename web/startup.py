"""What a server does beside answering: at its start, and every few seconds."""

from flask import Flask

from web.cameras.demo import keep_demo_camera
from web.database import db
from web.rotation import seal_anew
from web.users import first_account
from web.wiring import EXTENSION, Wiring

#: Seconds between two looks at whether Redis holds what PostgreSQL does.
RECONCILE_EVERY_S = 10.0


def prepare(app: Flask) -> None:
    """Seal anew after a change of SECRET_KEY; see to the first account and the demo camera.

    At the server's start.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer yet; try again.
    """
    wiring: Wiring = app.extensions[EXTENSION]
    with app.app_context():
        if wiring.settings.secret_key_previous is not None:
            seal_anew(db.session(), wiring.sealer)
        first_account.prepare(
            db.session(),
            settings=wiring.settings,
            signer=wiring.signer,
            passwords=wiring.passwords,
        )
        if wiring.settings.demo_camera_url is not None:
            keep_demo_camera(
                db.session(),
                wiring.settings.demo_camera_url,
                site_time_zone=wiring.settings.site_time_zone,
                sealer=wiring.sealer,
                configuration=wiring.configuration,
            )


def reconcile(app: Flask) -> None:
    """Publish what the queue Redis lacks. A step for `vigil.runtime.run_until_stopped`.

    Raises:
        BusUnavailable: Redis does not answer.
        DatabaseUnavailable: PostgreSQL does not.
    """
    wiring: Wiring = app.extensions[EXTENSION]
    wiring.configuration.reconcile()
    wiring.protections.reconcile()
    wiring.deletions.reconcile()
