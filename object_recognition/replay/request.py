"""What somebody asks of a replay, and what the machine knows besides."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, RedisDsn, SecretStr

from object_recognition.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed.

    Attributes:
        clip: The file.
        camera: The number of the camera whose settings count; None: those of a new camera.
        changes: Other settings, each ``name=value``.
        model: What is to look; None: what the settings say.
        compare: Still others, to be compared with those.
        begins: When the clip begins, by the site's clock; None: as the file says.
        video: Where the annotated video goes; None: there is to be none.
        may_replace: Whether it may take the place of a file.
        as_json: Whether a machine reads the answer.
    """

    clip: Path
    camera: int | None = None
    changes: tuple[str, ...] = ()
    model: str | None = None
    compare: tuple[str, ...] = ()
    begins: str | None = None
    video: Path | None = None
    may_replace: bool = False
    as_json: bool = False


class ReplaySettings(ModelSettings):
    """What of the other services' settings a replay needs; no server has to be there."""

    vigil_home: Path = Field(default=Path(".vigil"), description="See CoreSettings.")
    log_level: str = Field(default="WARNING", description="See CoreSettings.")
    redis_url: RedisDsn | None = Field(default=None, description="See CoreSettings.")
    queue_redis_url: RedisDsn | None = Field(default=None, description="See CoreSettings.")
    secret_key: SecretStr = Field(default=SecretStr(""), description="See CoreSettings.")
    secret_key_previous: SecretStr | None = Field(default=None, description="See CoreSettings.")
    default_model: str = Field(default="yolox_nano", description="See RecognitionSettings.")
    jpeg_quality: int = Field(default=85, ge=30, le=100, description="See CameraSettings.")

    def secrets(self) -> tuple[str, str | None]:
        """Return the secret, and the one before a rotation; empty: none is known."""
        previous = self.secret_key_previous
        return (
            self.secret_key.get_secret_value(),
            None if previous is None else previous.get_secret_value(),
        )

    def queue_url(self) -> str | None:
        """Return the URL of the queue role; None: none is known."""
        url = self.queue_redis_url or self.redis_url
        return None if url is None else str(url)
