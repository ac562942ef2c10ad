"""Which camera is the demo's is kept: by its address, an own camera was taken for it.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-20
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

#: As the one that an installation began with was named and addressed.
_FIRST_DEMO = """
UPDATE cameras SET is_demo = true WHERE id = (
    SELECT min(id) FROM cameras
    WHERE name = 'Demo street' AND stream_url LIKE 'rtsp://127.0.0.1:%/street'
)
"""


def upgrade() -> None:
    """Add the mark, and set it on the camera that an installation began with."""
    op.add_column(
        "cameras", sa.Column("is_demo", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(sa.text(_FIRST_DEMO))
    op.alter_column("cameras", "is_demo", server_default=None)
    op.create_index(
        "uq_cameras_demo",
        "cameras",
        ["is_demo"],
        unique=True,
        postgresql_where=sa.text("is_demo"),
    )


def downgrade() -> None:
    """Drop the mark."""
    op.drop_index("uq_cameras_demo", table_name="cameras")
    op.drop_column("cameras", "is_demo")
