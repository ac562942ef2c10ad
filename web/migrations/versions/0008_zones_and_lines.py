"""What rectangles ask for, lines, and who crossed them.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RECTANGLE_CHECKS = {
    "min_confidence_range": "min_confidence BETWEEN 0 AND 1",
    "size_px_range": "min_size_px >= 0 AND max_size_px >= 0",
    "size_px_order": "min_size_px <= max_size_px",
    "schedule_list": "jsonb_typeof(schedule) = 'array'",
}


def upgrade() -> None:
    """Add the columns, and make the tables."""
    for name in ("min_confidence", "min_size_px", "max_size_px"):
        op.add_column("rectangles", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("rectangles", sa.Column("schedule", postgresql.JSONB(), nullable=True))
    for name, condition in _RECTANGLE_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_rectangles_{name}"), "rectangles", condition)
    _make_lines()
    _make_crossings()


def _make_lines() -> None:
    op.create_table(
        "lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Float(), nullable=False)
            for name in ("start_x", "start_y", "end_x", "end_y")
        ),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("color", sa.String(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("min_confidence", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "LEAST(start_x, start_y, end_x, end_y) >= 0 "
            "AND GREATEST(start_x, start_y, end_x, end_y) <= 32768",
            name=op.f("ck_lines_within"),
        ),
        sa.CheckConstraint(
            "start_x <> end_x OR start_y <> end_y", name=op.f("ck_lines_has_length")
        ),
        sa.CheckConstraint("color ~* '^#[0-9a-f]{6}$'", name=op.f("ck_lines_color_hex")),
        sa.CheckConstraint(
            "min_confidence BETWEEN 0 AND 1", name=op.f("ck_lines_min_confidence_range")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_lines_position_range")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.id"], name=op.f("fk_lines_camera_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lines")),
        sa.UniqueConstraint(
            "camera_id",
            "position",
            name=op.f("uq_lines_camera_id_position"),
            deferrable=True,
            initially="DEFERRED",
        ),
    )


def _make_crossings() -> None:
    op.create_table(
        "line_crossings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("track", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("line_name", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "direction IN ('in', 'out')", name=op.f("ck_line_crossings_direction_known")
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_line_crossings_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_crossings")),
        sa.UniqueConstraint(
            "camera_id",
            "epoch",
            "track",
            "line_id",
            "at",
            name=op.f("uq_line_crossings_camera_id_epoch_track_line_id_at"),
        ),
    )
    op.create_index("ix_line_crossings_camera_id_at", "line_crossings", ["camera_id", "at"])
    op.create_index("ix_line_crossings_at", "line_crossings", ["at"])


def downgrade() -> None:
    """Drop them, with what they hold."""
    for table in ("line_crossings", "lines"):
        op.drop_table(table)
    for name in _RECTANGLE_CHECKS:
        op.drop_constraint(op.f(f"ck_rectangles_{name}"), "rectangles")
    for name in ("schedule", "max_size_px", "min_size_px", "min_confidence"):
        op.drop_column("rectangles", name)
