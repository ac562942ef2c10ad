"""Several models look at one camera.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-30
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SEALED = "ck_cameras_sealed_recognition_sealed"
_KEPT = "ck_cameras_recognition_sealed"
_FORM = "ck_cameras_recognition_form"


def upgrade() -> None:
    """Keep recognition as JSON, in the form in which it was given, and an address of each model."""
    _drop(_SEALED, _KEPT)
    op.execute(
        "ALTER TABLE cameras ALTER recognition TYPE jsonb USING to_jsonb(recognition),"
        " ALTER sealed_recognition TYPE text[] USING"
        " CASE WHEN sealed_recognition IS NOT NULL THEN ARRAY[sealed_recognition::text] END"
    )
    _check(_SEALED, "sealed_recognition::text !~ ':'")
    _check(_KEPT, "recognition::text !~ '://' OR sealed_recognition IS NOT NULL")
    _check(
        _FORM,
        "CASE jsonb_typeof(recognition) WHEN 'string' THEN true WHEN 'array'"
        " THEN jsonb_array_length(recognition) BETWEEN 1 AND 4 ELSE false END",
    )


def downgrade() -> None:
    """Leave each camera its first model."""
    _drop(_SEALED, _KEPT, _FORM)
    op.execute(
        "UPDATE cameras SET recognition = recognition -> 0"
        " WHERE jsonb_typeof(recognition) = 'array'"
    )
    op.execute(
        "UPDATE cameras SET recognition = recognition -> 'model'"
        " WHERE jsonb_typeof(recognition) = 'object'"
    )
    op.execute(
        "ALTER TABLE cameras ALTER recognition TYPE varchar USING recognition #>> '{}',"
        " ALTER sealed_recognition TYPE varchar USING sealed_recognition[1]"
    )
    _check(_SEALED, "sealed_recognition !~ ':'")
    _check(_KEPT, "recognition !~ '://' OR sealed_recognition IS NOT NULL")


def _drop(*names: str) -> None:
    for name in names:
        op.drop_constraint(op.f(name), "cameras")


def _check(name: str, condition: str) -> None:
    op.create_check_constraint(op.f(name), "cameras", condition)
