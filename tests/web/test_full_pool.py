"""All connections to PostgreSQL are taken, as while it is silent: it counts as away, everywhere."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.web.conftest import WorldOf
from tests.web.worlds import World
from vigil.domain.camera import CameraId
from web import startup
from web.access.principal import Principal
from web.access.rights import Role
from web.access.viewing import may_still_view
from web.database import db
from web.errors import DatabaseUnavailable
from web.users.models import LOCAL_ADMIN, LOCAL_ADMIN_ID

SOMEBODY = Principal(LOCAL_ADMIN_ID, LOCAL_ADMIN, Role.ADMIN, address="192.0.2.1")


@pytest.fixture
def narrow(world_of: WorldOf, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world with one connection, for which nobody waits long."""
    monkeypatch.setattr("web.database.POOL_TIMEOUT_S", 0.05)
    return world_of(database_pool_size=1)


@pytest.fixture
def taken(narrow: World) -> Iterator[World]:
    """Give that world with a camera, while somebody else holds the connection."""
    narrow.camera("Door")
    with narrow.app.app_context(), db.engine.connect():
        yield narrow


def test_a_request_is_told_in_words(narrow: World) -> None:
    admin = narrow.admin()
    with narrow.app.app_context(), db.engine.connect():
        answer = admin.get("/cameras")

    assert answer.status_code == 503
    assert answer.json["message"] == "The database does not answer. Try again in a few seconds."
    assert admin.get("/cameras").status_code == 200


def test_the_server_tries_again_later_to_publish(taken: World) -> None:
    # Nothing else ends the thread that does, and with it the process
    with pytest.raises(DatabaseUnavailable):
        startup.reconcile(taken.app)


def test_a_committed_change_is_said_to_wait(taken: World) -> None:
    assert taken.wiring.configuration.announce([CameraId(1)]) is False


def test_readiness_names_the_database(taken: World) -> None:
    answer = taken.stranger().get("/readyz")

    assert answer.status_code == 503
    assert answer.json["checks"]["postgresql"] is False


def test_nobody_knows_whether_a_stream_may_go_on(taken: World) -> None:
    with taken.app.app_context(), pytest.raises(DatabaseUnavailable):
        may_still_view(SOMEBODY, [1])


def test_a_camera_that_was_saved_is_answered_without_another_connection(narrow: World) -> None:
    admin = narrow.admin()
    with narrow.app.app_context(), ExitStack() as held:
        engine = db.engine
        committed: list[sa.Connection] = []

        @event.listens_for(engine, "commit")
        def note(connection: sa.Connection) -> None:
            committed.append(connection)

        @event.listens_for(Session, "after_transaction_end")
        def take(_session: Session, _transaction: object) -> None:
            # Somebody else has the connection as soon as the change is committed
            if committed and not engine.pool.checkedout():  # type: ignore[attr-defined]
                held.enter_context(engine.connect())

        held.callback(event.remove, Session, "after_transaction_end", take)
        answer = admin.post("/cameras", {"name": "Door", "stream_url": "rtsp://cam/1"})

    assert answer.status_code == 201, answer.json
    assert "It takes effect when the message bus is back" in answer.json["message"]
