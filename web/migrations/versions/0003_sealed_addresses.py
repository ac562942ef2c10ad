"""Where a camera is, sealed as a whole; a secret of its path is not shown any more.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-20
"""

import sqlalchemy as sa
from alembic import op

from web.cameras.stream_url import shown
from web.migrate import current_sealer

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CAMERAS = sa.table(
    "cameras",
    sa.column("id", sa.BigInteger()),
    sa.column("stream_url", sa.String()),
    sa.column("sealed_url", sa.String()),
)
_SEE_URLS = sa.text(
    "SELECT id, details ->> 'stream_url' AS stream_url FROM audit_entries"
    " WHERE details ? 'stream_url'"
)
_CHANGE_ENTRY = sa.text(
    "UPDATE audit_entries SET details = details || jsonb_build_object('stream_url', :shown)"
    " WHERE id = :id"
)


def upgrade() -> None:
    """Seal every address, and mask what is left to see, in the audit trail too."""
    op.add_column("cameras", sa.Column("sealed_url", sa.String(), nullable=True))
    connection, sealer = op.get_bind(), current_sealer()
    for camera in connection.execute(sa.select(_CAMERAS)).all():
        url = camera.stream_url
        changed = sa.update(_CAMERAS).where(_CAMERAS.c.id == camera.id)
        connection.execute(changed.values(stream_url=shown(url), sealed_url=sealer.seal(url)))
    op.alter_column("cameras", "sealed_url", nullable=False)
    op.create_check_constraint(op.f("ck_cameras_sealed_url_sealed"), "cameras", "sealed_url !~ ':'")
    op.create_check_constraint(
        op.f("ck_cameras_credentials_sealed"), "cameras", "credentials !~ ':'"
    )
    _mask_audit_trail(connection)


def downgrade() -> None:
    """Open every address; the audit trail keeps its masks."""
    connection, sealer = op.get_bind(), current_sealer()
    for camera in connection.execute(sa.select(_CAMERAS)).all():
        changed = sa.update(_CAMERAS).where(_CAMERAS.c.id == camera.id)
        connection.execute(changed.values(stream_url=sealer.open(camera.sealed_url)))
    op.drop_constraint(op.f("ck_cameras_credentials_sealed"), "cameras")
    op.drop_column("cameras", "sealed_url")


def _mask_audit_trail(connection: sa.Connection) -> None:
    # Nothing else may change the trail; a password in it would be shown for ever.
    op.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only")
    for entry in connection.execute(_SEE_URLS).all():
        if (masked := shown(entry.stream_url)) != entry.stream_url:
            connection.execute(_CHANGE_ENTRY, {"id": entry.id, "shown": masked})
    op.execute("ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_append_only")
