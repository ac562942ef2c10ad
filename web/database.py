"""PostgreSQL: the base of all models, the session of a request, and what away means."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg2
import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from psycopg2.errors import QueryCanceled
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import PoolProxiedConnection, QueuePool
from typing_extensions import override

from web.errors import DatabaseUnavailable, Refused
from web.settings import WebSettings

MIGRATIONS: Final = Path(__file__).with_name("migrations")

#: Seconds that a request waits for a connection of the pool.
POOL_TIMEOUT_S = 3
#: Seconds that a statement waits for another's lock.
LOCK_TIMEOUT_S = 3
#: Rows that one statement changes: it must end within the statement timeout.
CHANGED_AT_ONCE = 5000


class Base(DeclarativeBase):
    """The base of all models. Constraints have names, so that a migration can speak of them."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class BoundedPool(QueuePool):
    """A pool of which all connections are taken, as while PostgreSQL is silent, is as away as it.

    The engine tells its ``handle_error`` listeners nothing of that.
    """

    @override
    def connect(self) -> PoolProxiedConnection:
        """Return a connection.

        Raises:
            DatabaseUnavailable: None was given back in time.
        """
        try:
            return super().connect()
        except PoolTimeoutError as error:
            raise DatabaseUnavailable(str(error)) from error


#: The session of the request, and the engine. Bound to an application by `install_database`.
db = SQLAlchemy(metadata=Base.metadata)


def install_database(app: Flask, settings: WebSettings) -> None:
    """Give the application its engine: bounded in connections and in time."""
    url = make_url(settings.database_url.get_secret_value())
    app.config["SQLALCHEMY_DATABASE_URI"] = url.set(drivername="postgresql+psycopg2")
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), compare_type=True)
    with app.app_context():
        event.listen(db.engine, "handle_error", _translate)


def _engine_options(settings: WebSettings) -> dict[str, Any]:
    statement_ms = settings.database_statement_timeout_s * 1000
    limits = f"-c statement_timeout={statement_ms} -c lock_timeout={LOCK_TIMEOUT_S * 1000}"
    return {
        "poolclass": BoundedPool,
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        "pool_timeout": POOL_TIMEOUT_S,
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": settings.database_connect_timeout_s,
            "options": f"{limits} -c idle_in_transaction_session_timeout=30000 -c timezone=UTC",
            # A server that vanished without a word is noticed within about ten seconds.
            "keepalives": 1,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "application_name": "vigil web",
        },
    }


def _translate(context: ExceptionContext) -> DatabaseUnavailable | None:
    """Turn what says that PostgreSQL is away into our word for it; the rest are bugs."""
    if context.is_pre_ping:
        return None  # The pool makes a new connection; if that fails, we hear of it.
    original = context.original_exception
    # PostgreSQL's own complaints about a statement (IntegrityError, DataError) are not "away";
    # QueryCanceled is its word for a statement that took too long.
    is_away = isinstance(original, psycopg2.OperationalError | psycopg2.InterfaceError)
    if context.is_disconnect or is_away or isinstance(original, QueryCanceled):
        return DatabaseUnavailable(str(original).strip())
    return None


def ask_postgresql(sessions: sessionmaker[Session]) -> None:
    """Return if PostgreSQL answers.

    Raises:
        DatabaseUnavailable: It does not.
    """
    with sessions() as session:
        session.execute(sa.select(1))


def give_back(session: Session) -> None:
    """Give back the connection that a session holds; what it loaded can still be read.

    For whoever asks another server next: connections are few, and it may not answer.
    """
    session.expunge_all()
    session.rollback()


def changed_rows(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Change or delete rows that no session has loaded; return how many."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, sa.CursorResult)
    return result.rowcount


@contextmanager
def refused_as(errors: Mapping[str, Refused]) -> Iterator[None]:
    """Raise a domain's own error where PostgreSQL refuses a row by one of these constraints.

    Args:
        errors: Name of a constraint or a unique index, to what its violation means.
    """
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.orig, "diag", None)
        refusal = errors.get(getattr(diagnosis, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal from error
