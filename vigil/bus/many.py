"""One question about each of many cameras: in one round trip a server, all servers at once."""

from collections.abc import Mapping
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from vigil.bus.answers import Answers
from vigil.bus.cluster import Cluster, Command
from vigil.bus.connection import RedisClient, server_of, translated_errors
from vigil.domain.camera import CameraId
from vigil.errors import ServerUnavailable


def ask_each(redis: RedisClient, commands: Mapping[CameraId, Command]) -> Answers[Any]:
    """Return what Redis answers to one command about each camera.

    A server of a cluster that does not answer is waited for once, for no longer than the client's
    ``timeout_s``; its cameras are the unread ones, and the others' answers are returned.

    Args:
        redis: One server, or a cluster.
        commands: Each with the key as its second word.

    Raises:
        ServerUnavailable: No server of those asked answered.
        BusUnavailable: Redis does not answer.
    """
    if not commands:
        return Answers()
    if isinstance(redis, Cluster):
        return _ask_cluster(redis, commands)
    with translated_errors(), redis.pipeline(transaction=False) as pipeline:
        for command in commands.values():
            pipeline.execute_command(*command)
        return Answers(dict(zip(commands, pipeline.execute(), strict=True)))


def _ask_cluster(cluster: Cluster, commands: Mapping[CameraId, Command]) -> Answers[Any]:
    said: dict[CameraId, Any] = {}
    away: list[ServerUnavailable] = []
    by_server: dict[str, list[CameraId]] = {}
    for camera_id, command in commands.items():
        try:
            by_server.setdefault(server_of(cluster, str(command[1])), []).append(camera_id)
        except ServerUnavailable as error:
            away.append(error)
    asked = {
        server: partial(cluster.ask, server, [commands[each] for each in camera_ids])
        for server, camera_ids in by_server.items()
    }
    # Most often it is about one camera, or a few on one server: then this thread asks it.
    futures = {} if len(asked) == 1 else {k: cluster.in_thread(v) for k, v in asked.items()}
    wait(futures.values(), timeout=cluster.timeout_s)
    for server, camera_ids in by_server.items():
        try:
            with translated_errors():
                answers = _answer(cluster, server, futures[server]) if futures else asked[server]()
            said.update(zip(camera_ids, answers, strict=True))
        except ServerUnavailable as error:
            away.append(error)
    if away and not said:
        raise away[0]
    return Answers(said, unread=commands.keys() - said.keys())


def _answer(cluster: Cluster, server: str, future: "Future[list[Any]]") -> list[Any]:
    # One that nobody got round to asking says nothing about the server.
    is_asked = not future.cancel()
    if is_asked and future.running():
        cluster.note_away(server)
    if not future.done() or future.cancelled():
        raise ServerUnavailable(f"redis: {server} does not answer")
    return future.result()
