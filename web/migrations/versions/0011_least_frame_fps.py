"""A camera makes a picture in a hundred seconds at least.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_CHECK = "ck_cameras_frame_fps_range"
#: As any change of a camera does, or no service would take its document for newer.
_NEXT_GENERATION = sa.text(
    "UPDATE camera_generation SET generation = greatest(generation + 1,"
    " (extract(epoch FROM clock_timestamp()) * 1000)::bigint)"
    " WHERE EXISTS (SELECT FROM cameras WHERE frame_fps < 0.01) RETURNING generation"
)
_RAISE = sa.text(
    "UPDATE cameras SET frame_fps = 0.01, revision = :generation WHERE frame_fps < 0.01"
)


def upgrade() -> None:
    """Raise those below: of 1e-308 a second none could be published, as it lived for ever."""
    connection = op.get_bind()
    generation = connection.scalar(_NEXT_GENERATION)
    if generation is not None:
        connection.execute(_RAISE, {"generation": generation})
    _replace_check("frame_fps BETWEEN 0.01 AND 30")


def downgrade() -> None:
    """Let them be as slow as anybody wants."""
    _replace_check("frame_fps > 0 AND frame_fps <= 30")


def _replace_check(condition: str) -> None:
    op.drop_constraint(op.f(_CHECK), "cameras")
    op.create_check_constraint(op.f(_CHECK), "cameras", condition)
