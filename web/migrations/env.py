"""How Alembic reaches the database: by the application's engine, one migrator at a time."""

import sqlalchemy as sa
from alembic import context

from web import models
from web.database import db

#: Any number, the same in every process: who migrates holds this lock.
_MIGRATION_LOCK = 7_000


def run() -> None:
    """Run the migrations that the command asks for, in one transaction."""
    with db.engine.connect() as connection:
        # Several containers may start at once; the later ones find nothing left to do.
        # A big table may take longer to change than a request may wait.
        connection.execute(sa.text("SET statement_timeout = 0; SET lock_timeout = '60s'"))
        connection.execute(sa.select(sa.func.pg_advisory_lock(_MIGRATION_LOCK)))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=models.Base.metadata, compare_type=True
        )
        with context.begin_transaction():
            context.run_migrations()


run()
