"""Files that users deleted: when they begin, so that they are told of in their place.

Revision ID: 0017
Revises: 0015
Create Date: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None

#: Recorders name files by when they begin: ``7/2026-12-01/13-05-00.040000Z.mp4``.
_BEGUN_AT = r"""
UPDATE segment_deletions SET begun_at = CASE
    WHEN path ~ '^\d+/\d{4}-\d{2}-\d{2}/\d{2}-\d{2}-\d{2}\.\d{6}Z'
    THEN (split_part(path, '/', 2) || ' '
          || replace(split_part(split_part(path, '/', 3), 'Z', 1), '-', ':')
         )::timestamp AT TIME ZONE 'UTC'
    ELSE ordered_at
END
"""


def upgrade() -> None:
    """Read of those that are there when they begin from their names."""
    op.add_column(
        "segment_deletions", sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(_BEGUN_AT)
    op.alter_column("segment_deletions", "begun_at", nullable=False)


def downgrade() -> None:
    """Forget it."""
    op.drop_column("segment_deletions", "begun_at")
