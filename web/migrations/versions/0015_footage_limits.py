"""Footage: limits of a camera.

Revision ID: 0015
Revises: 0012
Create Date: 2026-12-03
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No camera has limits of its own until somebody says so."""
    op.add_column("cameras", sa.Column("recording_kept_days", sa.Float(), nullable=True))
    op.add_column("cameras", sa.Column("recording_max_bytes", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_cameras_recording_kept_days_range"),
        "cameras",
        "recording_kept_days > 0 AND recording_kept_days <= 3650",
    )
    op.create_check_constraint(
        op.f("ck_cameras_recording_max_bytes_range"),
        "cameras",
        "recording_max_bytes BETWEEN 1048576 AND 9007199254740991",
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_constraint(op.f("ck_cameras_recording_max_bytes_range"), "cameras")
    op.drop_constraint(op.f("ck_cameras_recording_kept_days_range"), "cameras")
    op.drop_column("cameras", "recording_max_bytes")
    op.drop_column("cameras", "recording_kept_days")
