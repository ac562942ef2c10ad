"""One question about each of many cameras: in one round trip a server, all servers at once."""

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any, TypeVar

from vigil.bus.answers import Answers
from vigil.bus.cluster import Cluster, Command
from vigil.bus.connection import RedisClient, server_of, translated_errors
from vigil.domain.camera import CameraId
from vigil.errors import ServerUnavailable

KeyT = TypeVar("KeyT", bound=Hashable)


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
    heard, unread = ask_all(redis, {each: (each, line) for each, line in commands.items()})
    said = Answers((each, answer) for each, answer in heard.items() if answer is not None)
    said.unread = unread
    return said


def ask_all(
    redis: RedisClient, questions: Mapping[KeyT, tuple[CameraId, Command]]
) -> tuple[dict[KeyT, Any], frozenset[CameraId]]:
    """Return the answer to each question, and the cameras whose server did not answer any.

    As ``ask_each``, where several questions are about one camera.

    Raises:
        ServerUnavailable: No server of those asked answered.
        BusUnavailable: Redis does not answer.
    """
    if not questions:
        return {}, frozenset()
    if isinstance(redis, Cluster):
        return _ask_cluster(redis, questions)
    with translated_errors(), redis.pipeline(transaction=False) as pipeline:
        for _, command in questions.values():
            pipeline.execute_command(*command)
        return dict(zip(questions, pipeline.execute(), strict=True)), frozenset()


def _ask_cluster(
    cluster: Cluster, questions: Mapping[KeyT, tuple[CameraId, Command]]
) -> tuple[dict[KeyT, Any], frozenset[CameraId]]:
    heard: dict[KeyT, Any] = {}
    away: list[ServerUnavailable] = []
    by_server: dict[str, list[KeyT]] = {}
    for name, (_, command) in questions.items():
        try:
            by_server.setdefault(server_of(cluster, str(command[1])), []).append(name)
        except ServerUnavailable as error:
            away.append(error)
    asked = {
        server: partial(cluster.ask, server, [questions[each][1] for each in names])
        for server, names in by_server.items()
    }
    # Most often it is about one camera, or a few on one server: then this thread asks it.
    answered = (
        {server: cluster.in_thread(question).result for server, question in asked.items()}
        if len(asked) > 1
        else asked
    )
    for server, names in by_server.items():
        try:
            with translated_errors():
                heard.update(zip(names, answered[server](), strict=True))
        except ServerUnavailable as error:
            away.append(error)
    if away and not heard:
        raise away[0]
    return heard, frozenset(questions[each][0] for each in questions.keys() - heard.keys())
