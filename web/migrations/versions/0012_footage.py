"""Footage: when a camera is recorded, which files there are, and what is missing.

Revision ID: 0012
Revises: 0011
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; no camera is recorded until somebody says so."""
    op.add_column(
        "cameras", sa.Column("recording", sa.String(), nullable=False, server_default="off")
    )
    op.alter_column("cameras", "recording", server_default=None)
    op.create_check_constraint(
        op.f("ck_cameras_recording_known"), "cameras", "recording IN ('off', 'continuous')"
    )
    op.create_table(
        "segments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("volume", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_entry", sa.String(), nullable=False),
        sa.Column("last_entry", sa.String(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_segments_size_bytes_range")),
        sa.CheckConstraint("ended_at >= begun_at", name=op.f("ck_segments_ended_after_begun")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.id"], name=op.f("fk_segments_camera_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sa.UniqueConstraint("volume", "path", name=op.f("uq_segments_volume_path")),
    )
    op.create_index("ix_segments_camera_id_begun_at", "segments", ["camera_id", "begun_at"])
    op.create_table(
        "recording_gaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("ended_at > begun_at", name=op.f("ck_recording_gaps_ended_after_begun")),
        sa.CheckConstraint(
            "reason IN ('camera', 'recorder', 'disk', 'switched_off')",
            name=op.f("ck_recording_gaps_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_recording_gaps_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_gaps")),
        sa.UniqueConstraint(
            "camera_id", "begun_at", name=op.f("uq_recording_gaps_camera_id_begun_at")
        ),
    )


def downgrade() -> None:
    """Drop them, with what they hold. The files stay."""
    op.drop_table("recording_gaps")
    op.drop_table("segments")
    op.drop_constraint(op.f("ck_cameras_recording_known"), "cameras")
    op.drop_column("cameras", "recording")
