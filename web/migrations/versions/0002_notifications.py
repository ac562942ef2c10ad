"""Saved pictures, notifications, and where they go.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-20
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_saved_pictures()
    _make_notifications()
    _make_line_tokens()
    _make_email_recipients()


def downgrade() -> None:
    """Drop the tables, with all that is in them."""
    op.drop_table("notifications")
    op.drop_table("saved_pictures")
    op.drop_table("line_tokens")
    op.drop_table("email_recipients")


def _make_saved_pictures() -> None:
    """Pictures that the system saved."""
    op.create_table(
        "saved_pictures",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "path ~ '^[a-z0-9_-]+(/[a-z0-9_-]+)*\\.jpg$'", name=op.f("ck_saved_pictures_path_plain")
        ),
        sa.CheckConstraint("char_length(path) <= 200", name=op.f("ck_saved_pictures_path_length")),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_saved_pictures_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_saved_pictures")),
    )
    op.create_index(
        op.f("ix_saved_pictures_camera_id"), "saved_pictures", ["camera_id"], unique=False
    )


def _make_notifications() -> None:
    """What accounts were told."""
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("image_path", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "char_length(message) BETWEEN 1 AND 2000", name=op.f("ck_notifications_message_length")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_notifications_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_notifications_camera_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["image_path"],
            ["saved_pictures.path"],
            name=op.f("fk_notifications_image_path"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "ix_notifications_account_id_id", "notifications", ["account_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_notifications_camera_id"), "notifications", ["camera_id"], unique=False
    )
    op.create_index(
        op.f("ix_notifications_image_path"), "notifications", ["image_path"], unique=False
    )


def _make_line_tokens() -> None:
    """LINE channels, sealed."""
    op.create_table(
        "line_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("token_end", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint('char_length("to") <= 64', name=op.f("ck_line_tokens_to_length")),
        sa.CheckConstraint(
            "char_length(token_end) <= 4", name=op.f("ck_line_tokens_token_end_length")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_line_tokens_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_tokens")),
    )
    op.create_index(op.f("ix_line_tokens_account_id"), "line_tokens", ["account_id"], unique=False)


def _make_email_recipients() -> None:
    """Addresses for notifications."""
    op.create_table(
        "email_recipients",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "char_length(email) <= 254", name=op.f("ck_email_recipients_email_length")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_email_recipients_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_recipients")),
    )
    op.create_index(
        "uq_email_recipients_account_id_email",
        "email_recipients",
        ["account_id", sa.literal_column("lower(email)")],
        unique=True,
    )
