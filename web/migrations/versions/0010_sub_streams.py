"""A camera may have a sub-stream.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-30
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = ("sub_stream_url", "sealed_sub_url", "sub_credentials")
_CHECKS = {
    "sub_stream_url_length": "char_length(sub_stream_url) <= 2048",
    "sub_stream_url_no_userinfo": "sub_stream_url !~ '^[a-z]+://[^/?#]*@'",
    "sealed_sub_url_sealed": "sealed_sub_url !~ ':'",
    "sub_credentials_sealed": "sub_credentials !~ ':'",
    "sub_stream_whole": "(sub_stream_url IS NULL) = (sealed_sub_url IS NULL)",
}


def upgrade() -> None:
    """Add where it is; no camera has one yet."""
    for column in _COLUMNS:
        op.add_column("cameras", sa.Column(column, sa.String(), nullable=True))
    for name, check in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_cameras_{name}"), "cameras", check)


def downgrade() -> None:
    """Drop it; the checks go with the columns."""
    for column in _COLUMNS:
        op.drop_column("cameras", column)
