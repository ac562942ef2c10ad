"""The address of a model, sealed; a secret of it is not shown any more.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-20
"""

import sqlalchemy as sa
from alembic import op

from vigil.masking import redact
from web.migrate import current_sealer

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_CAMERAS = sa.table(
    "cameras",
    sa.column("id", sa.BigInteger()),
    sa.column("recognition", sa.String()),
    sa.column("sealed_recognition", sa.String()),
    sa.column("revision", sa.BigInteger()),
)
#: As any change of a camera does, or no service would take its document for newer.
_NEXT_GENERATION = sa.text(
    "UPDATE camera_generation SET generation = greatest(generation + 1,"
    " (extract(epoch FROM clock_timestamp()) * 1000)::bigint) RETURNING generation"
)


def upgrade() -> None:
    """Seal what is an address, and mask what is left to see."""
    op.add_column("cameras", sa.Column("sealed_recognition", sa.String(), nullable=True))
    connection, sealer = op.get_bind(), current_sealer()
    changes = {}
    for camera in connection.execute(sa.select(_CAMERAS)).all():
        clear, shown = camera.recognition, redact(camera.recognition)
        if "://" in clear or shown != clear:
            sealed = sealer.seal(clear)
            changes[camera.id] = {"recognition": shown, "sealed_recognition": sealed}
    _change(connection, changes)
    op.create_check_constraint(
        op.f("ck_cameras_sealed_recognition_sealed"), "cameras", "sealed_recognition !~ ':'"
    )
    op.create_check_constraint(
        op.f("ck_cameras_recognition_sealed"),
        "cameras",
        "recognition !~ '://' OR sealed_recognition IS NOT NULL",
    )


def downgrade() -> None:
    """Open every address."""
    connection, sealer = op.get_bind(), current_sealer()
    is_sealed = _CAMERAS.c.sealed_recognition.is_not(None)
    cameras = connection.execute(sa.select(_CAMERAS).where(is_sealed)).all()
    op.drop_constraint(op.f("ck_cameras_recognition_sealed"), "cameras")
    _change(
        connection,
        {each.id: {"recognition": sealer.open(each.sealed_recognition)} for each in cameras},
    )
    op.drop_column("cameras", "sealed_recognition")


def _change(connection: sa.Connection, changes: dict[int, dict[str, str]]) -> None:
    if not changes:
        return
    generation = connection.scalar(_NEXT_GENERATION)
    for camera_id, columns in changes.items():
        changed = sa.update(_CAMERAS).where(_CAMERAS.c.id == camera_id)
        connection.execute(changed.values(**columns, revision=generation))
