"""What an operator may turn in the camera controller."""

from pydantic import Field

from vigil.settings import CoreSettings


class CameraSettings(CoreSettings):
    """What an operator may turn. Every field is a line in .env.example."""

    packet_backlog_s: float = Field(
        default=30.0, gt=0, le=600, description="Seconds of each camera's packets kept in Redis."
    )
    packet_backlog_max_bytes: int = Field(
        default=32 * 2**20,
        ge=2**20,
        description="Bytes of each camera's packets kept in Redis, if reached sooner.",
    )
    cameras_per_shard: int = Field(
        default=8, ge=1, le=16, description="Cameras that one process of the controller serves."
    )
    jpeg_quality: int = Field(
        default=85, ge=30, le=100, description="Quality of the pictures made of a camera's video."
    )
