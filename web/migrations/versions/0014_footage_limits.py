"""Footage: limits of a camera, what is protected, and what users deleted.

Revision ID: 0014
Revises: 0013
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
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
    _make_protections()
    _make_deletions()


def _make_protections() -> None:
    op.create_table(
        "protections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until > since", name=op.f("ck_protections_until_after_since")),
        sa.CheckConstraint(
            "char_length(reason) BETWEEN 1 AND 500", name=op.f("ck_protections_reason_length")
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.id"], name=op.f("fk_protections_camera_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protections")),
    )
    op.create_index("ix_protections_camera_id", "protections", ["camera_id"])
    op.create_table(
        "protection_revisions",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_protection_revisions_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_protection_revisions")),
    )


def _make_deletions() -> None:
    op.create_table(
        "segment_deletions",
        sa.Column("volume", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "ordered_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.clock_timestamp(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("volume", "path", name=op.f("pk_segment_deletions")),
    )
    op.create_index("ix_segment_deletions_ordered_at", "segment_deletions", ["ordered_at"])
    _replace_reasons("'camera', 'recorder', 'disk', 'switched_off', 'deleted'")


def _replace_reasons(reasons: str) -> None:
    name = op.f("ck_recording_gaps_reason_known")
    op.drop_constraint(name, "recording_gaps")
    op.create_check_constraint(name, "recording_gaps", f"reason IN ({reasons})")


def downgrade() -> None:
    """Forget them. What recorders were told to protect they go on protecting."""
    op.execute("DELETE FROM recording_gaps WHERE reason = 'deleted'")
    _replace_reasons("'camera', 'recorder', 'disk', 'switched_off'")
    op.drop_table("segment_deletions")
    op.drop_table("protection_revisions")
    op.drop_table("protections")
    op.drop_constraint(op.f("ck_cameras_recording_max_bytes_range"), "cameras")
    op.drop_constraint(op.f("ck_cameras_recording_kept_days_range"), "cameras")
    op.drop_column("cameras", "recording_max_bytes")
    op.drop_column("cameras", "recording_kept_days")
