"""One question about each of many cameras: in one round trip a server, all servers at once."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from vigil.bus.answers import Answers
from vigil.bus.cluster import Cluster, Command
from vigil.bus.connection import RedisClient, server_of, translated_errors
from vigil.domain.camera import CameraId
from vigil.errors import ServerUnavailable


def ask_each(redis: RedisClient, commands: Mapping[CameraId, Command]) -> Answers[Any]:
    """Return what Redis answers to one command about each camera; not that it has nothing.

    All servers of a cluster are asked at once. One that is silent for the client's ``timeout_s``
    leaves its cameras unread, and the others' answers are returned; from then on nobody waits for
    it before it answers again.

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
        answers = zip(commands, pipeline.execute(), strict=True)
    return Answers((camera_id, answer) for camera_id, answer in answers if answer is not None)


def _ask_cluster(cluster: Cluster, commands: Mapping[CameraId, Command]) -> Answers[Any]:
    heard: dict[CameraId, Any] = {}
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
    answered = (
        {server: cluster.in_thread(question).result for server, question in asked.items()}
        if len(asked) > 1
        else asked
    )
    for server, camera_ids in by_server.items():
        try:
            with translated_errors():
                heard.update(zip(camera_ids, answered[server](), strict=True))
        except ServerUnavailable as error:
            away.append(error)
    if away and not heard:
        raise away[0]
    said = Answers((each, answer) for each, answer in heard.items() if answer is not None)
    said.unread = frozenset(commands.keys() - heard.keys())
    return said
