"""Whether a camera's audio is recorded.

Revision ID: 0013
Revises: 0012
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Record no camera's audio until somebody says so."""
    op.add_column(
        "cameras",
        sa.Column("record_audio", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Forget which are."""
    op.drop_column("cameras", "record_audio")
