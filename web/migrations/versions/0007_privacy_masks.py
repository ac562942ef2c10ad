"""Privacy masks.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-21
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHECKS = {
    "one_form": "num_nonnulls(x, y, width, height) = CASE WHEN points IS NULL THEN 4 ELSE 0 END",
    "corner_range": "x >= 0 AND y >= 0",
    "size_range": "width > 0 AND height > 0",
    "within": "x + width <= 32768 AND y + height <= 32768",
    "points_number": "jsonb_array_length(points) BETWEEN 3 AND 100",
    "position_range": "position >= 0",
    "style_known": "style IN ('black', 'blur')",
    "frame_size_whole": "num_nonnulls(frame_width, frame_height) <> 1",
    "frame_size_range": "frame_width > 0 AND frame_height > 0",
}


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "privacy_masks",
        sa.Column("style", sa.String(), nullable=False),
        sa.Column("frame_width", sa.Integer(), nullable=True),
        sa.Column("frame_height", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("width", sa.Double(), nullable=True),
        sa.Column("height", sa.Double(), nullable=True),
        sa.Column(
            "points", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("name", sa.String(), nullable=True),
        *(
            sa.CheckConstraint(text, name=op.f(f"ck_privacy_masks_{name}"))
            for name, text in _CHECKS.items()
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_privacy_masks_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_masks")),
        sa.UniqueConstraint(
            "camera_id",
            "position",
            name=op.f("uq_privacy_masks_camera_id_position"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )


def downgrade() -> None:
    """Drop the table: the cameras show everything again."""
    op.drop_table("privacy_masks")
