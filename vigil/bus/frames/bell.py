"""The bell on Redis: one listening thread a server, whatever the number of cameras."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

import redis
import structlog
from redis.cluster import RedisCluster
from redis.exceptions import ResponseError
from typing_extensions import override

from vigil import keys
from vigil.bus.connection import RedisClient, server_of, translated_errors
from vigil.bus.frames.base import FrameBell
from vigil.domain.camera import CameraId
from vigil.errors import BusUnavailable, ServerUnavailable, SetupInvalid
from vigil.runtime import Backoff, StopSignal, start_thread

log = structlog.get_logger(__name__)

#: How long a thread listens before it looks whether other cameras are wanted.
_LISTEN_S = 0.2

#: What redis-py makes of a push: its ``type``, ``channel`` and ``data``.
Message = Mapping[str, Any]


class RedisFrameBell(FrameBell):
    """Rings for the cameras of one kind on one Redis or a cluster.

    After a broken connection every camera of that server is taken to have rung.
    """

    def __init__(self, redis: RedisClient, *, kind: keys.FrameKind) -> None:
        self._redis = redis
        self._kind = kind
        self._condition = threading.Condition()
        self._rung: set[CameraId] = set()
        self._listeners: dict[str, _Listener] = {}
        self._camera_ids: Collection[CameraId] = ()
        #: Of these no server is known now.
        self._homeless: frozenset[CameraId] = frozenset()
        self._is_broken = threading.Event()

    @override
    def listen_to(self, camera_ids: Collection[CameraId]) -> None:
        self._camera_ids = camera_ids
        wanted = self._channels_by_server(camera_ids)
        for server in wanted.keys() - self._listeners.keys():
            self._listeners[server] = _Listener(
                self._client_of(server),
                wanted[server],
                ring=self._ring,
                is_broken=self._is_broken,
            )
        for server, listener in self._listeners.items():
            listener.channels = wanted.get(server, {})

    def _channels_by_server(
        self, camera_ids: Collection[CameraId]
    ) -> dict[str, dict[str, CameraId]]:
        """Return who is heard where. Of whom that is not known it will be asked again."""
        wanted: dict[str, dict[str, CameraId]] = {}
        homeless = set()
        for camera_id in camera_ids:
            channel = keys.frame_bell(camera_id, self._kind)
            try:
                wanted.setdefault(server_of(self._redis, channel), {})[channel] = camera_id
            except ServerUnavailable:
                homeless.add(camera_id)
        if homeless:
            self._is_broken.set()
            if homeless != self._homeless:
                log.warning("frame_bell_without_server", camera_ids=sorted(homeless))
        self._homeless = frozenset(homeless)
        return wanted

    @override
    def wait(self, timeout_s: float) -> frozenset[CameraId]:
        if any(listener.has_died() for listener in self._listeners.values()):
            raise RuntimeError("a listening thread died; its traceback says why")
        if self._is_broken.is_set():
            self._listen_anew()
        with self._condition:
            self._condition.wait_for(lambda: self._rung, timeout_s)
            rung, self._rung = frozenset(self._rung), set()
        return rung

    @override
    def close(self) -> None:
        for listener in self._listeners.values():
            listener.stop()
        self._listeners.clear()

    def _listen_anew(self) -> None:
        """Ask again which server has which camera: a cluster may have moved some."""
        self._is_broken.clear()
        self.listen_to(self._camera_ids)

    def _ring(self, camera_ids: Collection[CameraId]) -> None:
        with self._condition:
            self._rung.update(camera_ids)
            self._condition.notify_all()

    def _client_of(self, server: str) -> redis.Redis:
        if not isinstance(self._redis, RedisCluster):
            return self._redis
        node = self._redis.get_node(node_name=server)
        return self._redis.get_redis_connection(node)


class _Listener:
    """A thread on one server's channels. Others only replace ``channels``, whole.

    Args:
        client: Of the server.
        channels: To begin with.
        ring: Told of each camera with a newer picture.
        is_broken: Set when the server did not answer, or no longer has a camera.
    """

    def __init__(
        self,
        client: redis.Redis,
        channels: dict[str, CameraId],
        *,
        ring: Callable[[Collection[CameraId]], None],
        is_broken: threading.Event,
    ) -> None:
        self.channels = channels
        self._client = client
        self._ring = ring
        self._is_broken = is_broken
        self._is_closed = False
        self._stop = StopSignal()
        self._thread = start_thread(self._listen, name="frame-bell", stop=self._stop)

    def has_died(self) -> bool:
        """Return whether a bug ended it, and not a call of stop."""
        return self._stop.is_set() and not self._is_closed

    def stop(self) -> None:
        self._is_closed = True
        self._stop.set()
        self._thread.join(timeout=5.0)

    def _listen(self) -> None:
        backoff = Backoff(first_s=0.1, max_s=2.0)
        while not self._stop.is_set():
            try:
                with translated_errors():
                    self._listen_while_connected(backoff)
            # Rights can be given back, and MOVED (a ResponseError) ends when the owner listens
            # elsewhere: pictures still come without a bell, so none of it ends the process.
            except (BusUnavailable, SetupInvalid, ResponseError) as error:
                delay_s = backoff.next_s()
                log.warning("frame_bell_broken", error=str(error), retry_in_s=round(delay_s, 1))
                self._is_broken.set()
                self._stop.wait(delay_s)

    def _listen_while_connected(self, backoff: Backoff) -> None:
        subscribed: set[str] = set()
        with self._client.pubsub() as pubsub:
            while not self._stop.is_set():
                channels = self.channels
                if new := channels.keys() - subscribed:
                    pubsub.ssubscribe(*new)
                    # A picture may have come before we listened.
                    self._ring([channels[channel] for channel in new])
                if gone := subscribed - channels.keys():
                    pubsub.sunsubscribe(*gone)
                subscribed = set(channels)
                if not subscribed:
                    self._stop.wait(_LISTEN_S)
                    continue
                message = pubsub.get_message(timeout=_LISTEN_S)
                backoff.reset()
                if message is not None:
                    self._take(message, channels)

    def _take(self, message: Message, channels: dict[str, CameraId]) -> None:
        camera_id = channels.get(message["channel"].decode())
        if camera_id is None:
            return
        if message["type"] == "smessage":
            self._ring([camera_id])
        elif message["type"] == "sunsubscribe":
            # We did not ask for it: the server's way to say that the slot has moved.
            raise BusUnavailable("the server no longer has this camera")
