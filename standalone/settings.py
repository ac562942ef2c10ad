"""What an operator may turn about the single machine. Every field is a line in .env.example."""

from pathlib import Path

from pydantic import Field, PostgresDsn, RedisDsn, SecretStr
from pydantic_settings import BaseSettings

from vigil.settings import MIN_SECRET_CHARS, CoreSettings


class RunSettings(BaseSettings):
    """What make run opens, and what it brings when it is not set."""

    model_config = CoreSettings.model_config

    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port of the web application with make run. Unset: 5000, and 15440 as the "
        "second. Set: this port alone, unless STREAM_PORT is set too.",
    )
    stream_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Second port of the same application with make run, for clients that take "
        "streams from another port than the API.",
    )
    redis_url: RedisDsn | None = Field(
        default=None, description="With make run, unset: an embedded media Redis."
    )
    queue_redis_url: RedisDsn | None = Field(
        default=None, description="With make run, unset: an embedded queue Redis."
    )
    database_url: PostgresDsn | None = Field(
        default=None,
        description="PostgreSQL, such as postgresql://user:password@host:5432/vigil. Unset: "
        "an embedded server, with make run.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=MIN_SECRET_CHARS,
        description="With make run, unset: made once, and kept in VIGIL_HOME.",
    )
    vigil_home: Path = Field(
        default=Path(".vigil"), description=CoreSettings.model_fields["vigil_home"].description
    )
