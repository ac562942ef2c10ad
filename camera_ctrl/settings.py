"""What an operator may turn in the camera controller."""

from pydantic import Field

from vigil.bus.packets.base import BacklogLimits
from vigil.domain.camera import Stream
from vigil.settings import CoreSettings

#: Where one Redis serves both roles, packets leave room for what must not be lost.
ONE_REDIS_BACKLOG_S = 10.0
#: A sub-stream is kept for its decoder alone, which looks back one GOP. A GOP beyond it is cut, so
#: that it never takes more.
SUB_BACKLOG_S, SUB_BACKLOG_MAX_BYTES = 10.0, 4 * 2**20


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
    motion_gate: bool = Field(
        default=False,
        description="True: look for motion, and decode only keyframes of a camera in which "
        "nothing moves and that nobody watches. False: every picture is made.",
    )

    def is_one_redis(self) -> bool:
        """Return whether one server has both roles, under one database number or two."""
        queue = self.queue_redis_url or self.redis_url
        return (queue.host, queue.port) == (self.redis_url.host, self.redis_url.port)

    def backlog_limits(self, stream: Stream = Stream.MAIN) -> BacklogLimits:
        """Return how much of a stream of each camera is kept."""
        if stream is Stream.SUB:
            return BacklogLimits(SUB_BACKLOG_S, SUB_BACKLOG_MAX_BYTES, SUB_BACKLOG_MAX_BYTES)
        seconds = self.packet_backlog_s
        return BacklogLimits(
            seconds=min(seconds, ONE_REDIS_BACKLOG_S) if self.is_one_redis() else seconds,
            max_bytes=self.packet_backlog_max_bytes,
        )
