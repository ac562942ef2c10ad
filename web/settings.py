"""What an operator may turn in web."""

from enum import StrEnum
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import limits
from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from vigil.settings import FootageSettings

DAY_S = 86_400
#: The most that is read of a request body, before the application has a say.
MAX_BODY_BYTES: Final = 1_048_576


class AuthMode(StrEnum):
    """Who may call."""

    REQUIRED = "required"
    OPEN = "open"


class Registration(StrEnum):
    """Who may make an own account, once the first one exists."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


class WebSettings(FootageSettings):
    """What an operator may turn. Every field is a line in .env.example."""

    database_url: SecretStr = Field(
        description="PostgreSQL 15 or newer: postgresql://user:password@host:5432/name."
    )
    database_pool_size: int = Field(
        default=10, ge=1, le=200, description="Connections that one process keeps at most."
    )
    database_connect_timeout_s: int = Field(
        default=3, ge=1, le=60, description="Seconds until a PostgreSQL that is silent is away."
    )
    database_statement_timeout_s: int = Field(
        default=5, ge=1, le=600, description="Seconds after which PostgreSQL ends a statement."
    )
    auth_mode: AuthMode = Field(
        default=AuthMode.REQUIRED,
        description="required, or open: calls without a token act as the local admin. "
        "For a trusted machine: the server then listens on loopback alone.",
    )
    auth_open_beyond_loopback: bool = Field(
        default=False,
        description="True: with AUTH_MODE=open, listen on every address all the same. "
        "Whoever reaches the port is then admin.",
    )
    registration: Registration = Field(
        default=Registration.OPEN,
        description="Who may register: open, invite or closed. A self-registered account sees "
        "no camera until an admin grants one.",
    )
    admin_username: str | None = Field(
        default=None, description="With ADMIN_PASSWORD: the first account, made at the start."
    )
    admin_password: SecretStr | None = Field(
        default=None, min_length=8, description="Password of ADMIN_USERNAME. 8 characters or more."
    )
    first_account_on_loopback: bool = Field(
        default=False,
        description="True: a caller on this machine needs no set-up code for the first account. "
        "make run sets it; behind a proxy everybody looks local, so leave it off there.",
    )
    demo_camera_url: str | None = Field(
        default=None,
        description="Camera that an installation begins with. make run sets it to its demo's.",
    )
    site_time_zone: str = Field(
        default="UTC", description="IANA name of the zone in which times are shown."
    )
    cookie_secure: bool = Field(
        default=False, description="True: cookies travel by https alone. Set it behind TLS."
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How many proxies in front set X-Forwarded-For; 1 behind our nginx.",
    )
    access_token_s: int = Field(
        default=900, ge=60, le=DAY_S, description="Seconds that an access token lives."
    )
    refresh_token_s: int = Field(
        default=30 * DAY_S, ge=3600, le=365 * DAY_S, description="Seconds that a log-in lasts."
    )
    login_rate_limit: str = Field(
        default="10 per minute; 100 per hour",
        description="Log-ins that one address may try, right or wrong.",
    )
    register_rate_limit: str = Field(
        default="10 per minute; 50 per hour",
        description="Registrations that one address may try, right or wrong.",
    )
    refresh_rate_limit: str = Field(
        default="60 per minute; 1000 per hour",
        description="Exchanges of a refresh token that one address may try, right or wrong.",
    )
    notification_rate_limit: str = Field(
        default="60 per minute; 1000 per hour",
        description="Notifications that one address may store; and so many recipients of "
        "each kind.",
    )
    max_body_bytes: int = Field(
        default=MAX_BODY_BYTES,
        ge=1024,
        le=MAX_BODY_BYTES,
        description="Request bodies beyond are refused, in bytes. "
        "1 MiB is the most that the server reads.",
    )
    footage_by_nginx: bool = Field(
        default=False,
        description="True: our nginx is in front and has the folder of footage, so it sends the "
        "files (X-Accel-Redirect). False: web does.",
    )
    tracks_kept_days: int = Field(
        default=30, ge=1, le=3650, description="Days that the tracks of what was seen are kept."
    )

    @field_validator("database_url")
    @classmethod
    def _names_postgresql(cls, value: SecretStr) -> SecretStr:
        try:
            backend = make_url(value.get_secret_value()).get_backend_name()
        except ArgumentError:
            raise ValueError("must look like postgresql://user:password@host:5432/name") from None
        if backend not in {"postgresql", "postgres"}:
            raise ValueError("must begin with postgresql://; no other database will do")
        return value

    @field_validator(
        "login_rate_limit",
        "register_rate_limit",
        "refresh_rate_limit",
        "notification_rate_limit",
    )
    @classmethod
    def _are_rates(cls, value: str) -> str:
        # The library that counts only logs what it cannot read, and then bounds nothing.
        try:
            limits.parse_many(value)
        except ValueError:
            raise ValueError("must look like 10 per minute; 100 per hour") from None
        return value

    @field_validator("site_time_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("must be an IANA name such as Europe/Berlin or Asia/Taipei") from None
        return value

    @model_validator(mode="after")
    def _admin_is_whole(self) -> Self:
        if (self.admin_username is None) != (self.admin_password is None):
            raise ValueError("ADMIN_USERNAME and ADMIN_PASSWORD come together, or not at all")
        return self
