"""Settings: typed, frozen, bounded, read once from the environment and ``.env``.

Every field is a line in ``.env.example``; a test compares the two. A secret has no default.
"""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, RedisDsn, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from vigil.errors import SetupInvalid

MIN_SECRET_CHARS = 32

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class CoreSettings(BaseSettings):
    """What every service needs to know."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    redis_url: RedisDsn = Field(
        description="Media Redis: frames, packets, live state, leases. Fast; may be lost.",
    )
    queue_redis_url: RedisDsn | None = Field(
        default=None,
        description="Queue Redis: configuration, facts, jobs. Keeps an append-only file. "
        "Unset: REDIS_URL serves both, and the status says what that costs.",
    )
    secret_key: SecretStr = Field(
        min_length=MIN_SECRET_CHARS,
        description="Signs tokens, seals addresses and passwords of cameras. "
        f"{MIN_SECRET_CHARS} characters or more, the same for every service.",
    )
    secret_key_previous: SecretStr | None = Field(
        default=None,
        min_length=MIN_SECRET_CHARS,
        description="The secret before a rotation: opens what it sealed, until web has sealed "
        "all of it anew at its start. See docs/guide/secrets.md.",
    )
    vigil_home: Path = Field(
        default=Path(".vigil"),
        description="Folder for what a service keeps on disk: last good configuration, models, "
        "and, with make run, the embedded servers' data.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )
    heartbeat_path: Path | None = Field(
        default=None, description="File that the main loop touches; a health check reads its age."
    )

    def queue_url(self) -> str:
        """Return the URL of the queue role: its own server's, or the media server's."""
        return str(self.queue_redis_url or self.redis_url)

    def secrets(self) -> tuple[str, str | None]:
        """Return the secret, and the one before a rotation, or None."""
        previous = self.secret_key_previous
        return (
            self.secret_key.get_secret_value(),
            None if previous is None else previous.get_secret_value(),
        )


class FootageSettings(CoreSettings):
    """What who writes footage and who reads it need to know."""

    footage_path: Path | None = Field(
        default=None,
        description="Folder for footage: an empty one, or one that held some before. "
        "Unset: 'footage' within VIGIL_HOME.",
    )

    def footage_folder(self) -> Path:
        """Return where footage lies."""
        return self.footage_path or self.vigil_home / "footage"


def load(settings_class: type[SettingsT]) -> SettingsT:
    """Return the settings of this process.

    Raises:
        SetupInvalid: A setting is missing or out of bounds; each is named with what would be
            right, and no value is repeated, since it may be a secret.
    """
    try:
        return settings_class()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise SetupInvalid(f"settings: {faults}. See .env.example.") from None
