"""Tracks that recognition saw, and facts that could not be filed.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-20
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tracks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.BigInteger(), nullable=False),
        sa.Column("first_box", postgresql.ARRAY(sa.Float()), nullable=False),
        sa.Column("last_box", postgresql.ARRAY(sa.Float()), nullable=False),
        sa.Column("zones", postgresql.ARRAY(sa.String()), nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_tracks_confidence_range")),
        sa.CheckConstraint("cardinality(first_box) = 4", name=op.f("ck_tracks_first_box_corners")),
        sa.CheckConstraint("cardinality(last_box) = 4", name=op.f("ck_tracks_last_box_corners")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.id"], name=op.f("fk_tracks_camera_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracks")),
        sa.UniqueConstraint(
            "camera_id", "epoch", "number", name=op.f("uq_tracks_camera_id_epoch_number")
        ),
    )
    op.create_index("ix_tracks_opened_at", "tracks", ["opened_at"])
    op.create_index(
        "ix_tracks_open", "tracks", ["seen_at"], postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "recognition_epochs",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_recognition_epochs_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_recognition_epochs")),
    )
    op.create_table(
        "set_aside_facts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside_facts")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_set_aside_facts_entry_id")),
    )
    op.create_index("ix_set_aside_facts_at", "set_aside_facts", ["at"])


def downgrade() -> None:
    """Drop them, with what they hold."""
    for table in ("set_aside_facts", "recognition_epochs", "tracks"):
        op.drop_table(table)
