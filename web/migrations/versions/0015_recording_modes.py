"""When a camera is recorded: more modes than two, and what they leave open.

Revision ID: 0015
Revises: 0014
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_NEW = ("recording_schedule", "recording_pre_s", "recording_post_s", "record_while_watched")
_BY_HAND = ("recording_started", "recording_takes")


def upgrade() -> None:
    """Add the columns; all cameras are recorded as before."""
    for column in (
        sa.Column("recording_schedule", JSONB(), nullable=False, server_default="[]"),
        sa.Column("recording_pre_s", sa.Float(), nullable=False, server_default="5"),
        sa.Column("recording_post_s", sa.Float(), nullable=False, server_default="10"),
        sa.Column("record_while_watched", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("recording_started", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("recording_takes", sa.BigInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("cameras", column)
    _check("cameras", "recording_schedule_list", "jsonb_typeof(recording_schedule) = 'array'")
    _check("cameras", "recording_pre_s_range", "recording_pre_s BETWEEN 0 AND 25")
    _check("cameras", "recording_post_s_range", "recording_post_s BETWEEN 0 AND 3600")
    _check_anew(
        "cameras",
        "recording_known",
        "recording IN ('off', 'manual', 'continuous', 'motion', 'events', 'schedule')",
    )
    _check_anew(
        "recording_gaps",
        "reason_known",
        "reason IN"
        " ('camera', 'recorder', 'disk', 'switched_off', 'not_wanted', 'clock', 'deleted')",
    )


def downgrade() -> None:
    """Go back to two modes: what neither knows is off, and gaps of other reasons are forgotten."""
    op.execute("UPDATE cameras SET recording = 'off' WHERE recording <> 'continuous'")
    op.execute("DELETE FROM recording_gaps WHERE reason IN ('not_wanted', 'clock')")
    _check_anew("cameras", "recording_known", "recording IN ('off', 'continuous')")
    _check_anew(
        "recording_gaps",
        "reason_known",
        "reason IN ('camera', 'recorder', 'disk', 'switched_off', 'deleted')",
    )
    # Their checks go with them.
    for name in (*_NEW, *_BY_HAND):
        op.drop_column("cameras", name)


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _check_anew(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    _check(table, name, condition)
