"""The port: which cameras somebody watches now."""

from collections.abc import Collection
from typing import Protocol

from vigil.domain.camera import CameraId


class Watchers(Protocol):
    """The cameras that somebody watches.

    Who makes pictures asks, and makes fewer of what nobody sees. The decoder asks in the round
    trip in which it reads packets (``PacketLog.read``).
    """

    def say_watched(self, camera_ids: Collection[CameraId]) -> None:
        """Say that somebody watches these; it holds for ``keys.WATCHED_TTL_S``.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...

    def watched(self, camera_ids: Collection[CameraId]) -> frozenset[CameraId]:
        """Return which of these somebody watches, in one round trip a server.

        Of a server of a cluster that does not answer, none are.

        Raises:
            BusUnavailable: Redis does not answer; of a cluster, no server that was asked.
        """
        ...
