"""The first schema: accounts, audit, cameras and their rules.

Revision ID: 0001
Revises:
Create Date: 2026-11-20
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the schema."""
    _make_accounts()
    _make_login_sessions()
    _make_invitations()
    _make_audit_entries()
    _make_cameras()
    _make_camera_generation()
    _make_camera_grants()
    _make_rectangles()
    _make_time_intervals()


def downgrade() -> None:
    """Drop the schema, with all that is in it."""
    op.drop_table("time_intervals")
    op.drop_table("rectangles")
    op.drop_table("camera_grants")
    op.drop_table("camera_generation")
    op.drop_table("cameras")
    op.drop_table("audit_entries")
    op.drop_table("invitations")
    op.drop_table("login_sessions")
    op.drop_table("accounts")
    op.execute("DROP FUNCTION refuse_change_of_audit()")


def _make_accounts() -> None:
    """Who may log in; and the one that nobody logs in as."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "role IN ('admin', 'operator', 'viewer')", name=op.f("ck_accounts_role_known")
        ),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_accounts_email_length")),
        sa.CheckConstraint(
            "char_length(username) BETWEEN 1 AND 64", name=op.f("ck_accounts_username_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(
        "uq_accounts_email", "accounts", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_index(
        "uq_accounts_username", "accounts", [sa.literal_column("lower(username)")], unique=True
    )
    # Who calls without a token are, in AUTH_MODE=open. It has no password, so nobody logs in as it.
    op.execute(
        "INSERT INTO accounts (id, username, role)"
        " VALUES ('00000000-0000-4000-8000-000000000001', 'local admin', 'admin')"
    )


def _make_login_sessions() -> None:
    """Log-ins."""
    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("refresh_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_login_sessions_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
    )
    op.create_index(
        op.f("ix_login_sessions_account_id"), "login_sessions", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_login_sessions_expires_at"), "login_sessions", ["expires_at"], unique=False
    )


def _make_invitations() -> None:
    """Invitations to make an account."""
    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('admin', 'operator', 'viewer')", name=op.f("ck_invitations_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["accounts.id"],
            name=op.f("fk_invitations_created_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["used_by"], ["accounts.id"], name=op.f("fk_invitations_used_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_invitations_code_sha256")),
    )


def _make_audit_entries() -> None:
    """The trail: append-only, for every user of the database."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("username", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=True),
        sa.Column("object_id", sa.String(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(
        op.f("ix_audit_entries_account_id"), "audit_entries", ["account_id"], unique=False
    )
    op.create_index(op.f("ix_audit_entries_at"), "audit_entries", ["at"], unique=False)
    op.execute(
        """
        CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit trail is append-only';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_entries_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()
        """
    )


def _make_cameras() -> None:
    """Cameras."""
    op.create_table(
        "cameras",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("stream_url", sa.String(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("recognition", sa.String(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("loop", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("frame_fps", sa.Double(), nullable=False),
        sa.Column("min_confidence", sa.Double(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "stream_url !~ '^[a-z]+://[^/?#]*@'", name=op.f("ck_cameras_stream_url_no_userinfo")
        ),
        sa.CheckConstraint("transport IN ('tcp', 'udp')", name=op.f("ck_cameras_transport_known")),
        sa.CheckConstraint("char_length(location) <= 200", name=op.f("ck_cameras_location_length")),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 100", name=op.f("ck_cameras_name_length")
        ),
        sa.CheckConstraint(
            "char_length(stream_url) <= 2048", name=op.f("ck_cameras_stream_url_length")
        ),
        sa.CheckConstraint(
            "frame_fps > 0 AND frame_fps <= 30", name=op.f("ck_cameras_frame_fps_range")
        ),
        sa.CheckConstraint(
            "min_confidence BETWEEN 0 AND 1", name=op.f("ck_cameras_min_confidence_range")
        ),
        sa.CheckConstraint("revision >= 0", name=op.f("ck_cameras_revision_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
    )
    op.create_index("uq_cameras_name", "cameras", [sa.literal_column("lower(name)")], unique=True)


def _make_camera_generation() -> None:
    """The one row that grows with each change of any camera."""
    op.create_table(
        "camera_generation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("generation >= 0", name=op.f("ck_camera_generation_generation_range")),
        sa.CheckConstraint("id = 1", name=op.f("ck_camera_generation_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camera_generation")),
    )
    op.execute("INSERT INTO camera_generation (id, generation) VALUES (1, 0)")


def _make_camera_grants() -> None:
    """Who may see which camera."""
    op.create_table(
        "camera_grants",
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_camera_grants_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_camera_grants_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("camera_id", "account_id", name=op.f("pk_camera_grants")),
    )
    op.create_index(
        op.f("ix_camera_grants_account_id"), "camera_grants", ["account_id"], unique=False
    )


def _make_rectangles() -> None:
    """Where a camera looks."""
    op.create_table(
        "rectangles",
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
        sa.Column("color", sa.String(), nullable=True),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("dwell_s", sa.Double(), nullable=True),
        sa.CheckConstraint("color ~* '^#[0-9a-f]{6}$'", name=op.f("ck_rectangles_color_hex")),
        sa.CheckConstraint("dwell_s BETWEEN 0 AND 86400", name=op.f("ck_rectangles_dwell_s_range")),
        sa.CheckConstraint(
            "jsonb_array_length(points) BETWEEN 3 AND 100", name=op.f("ck_rectangles_points_number")
        ),
        sa.CheckConstraint(
            "num_nonnulls(x, y, width, height) = CASE WHEN points IS NULL THEN 4 ELSE 0 END",
            name=op.f("ck_rectangles_one_form"),
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_rectangles_position_range")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_rectangles_size_range")),
        sa.CheckConstraint(
            "x + width <= 32768 AND y + height <= 32768", name=op.f("ck_rectangles_within")
        ),
        sa.CheckConstraint("x >= 0 AND y >= 0", name=op.f("ck_rectangles_corner_range")),
        sa.ForeignKeyConstraint(
            ["camera_id"], ["cameras.id"], name=op.f("fk_rectangles_camera_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectangles")),
        sa.UniqueConstraint(
            "camera_id",
            "position",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_rectangles_camera_id_position"),
        ),
    )


def _make_time_intervals() -> None:
    """When a camera's alerts are armed."""
    op.create_table(
        "time_intervals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("camera_id", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.CheckConstraint("start_time <> end_time", name=op.f("ck_time_intervals_not_empty")),
        sa.ForeignKeyConstraint(
            ["camera_id"],
            ["cameras.id"],
            name=op.f("fk_time_intervals_camera_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_intervals")),
        sa.UniqueConstraint(
            "camera_id",
            "start_time",
            "end_time",
            name=op.f("uq_time_intervals_camera_id_start_time_end_time"),
        ),
    )
