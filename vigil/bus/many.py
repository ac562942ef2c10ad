"""One question about each of many cameras: in one round trip a server, all servers at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.commands.core import Script
from redis.exceptions import NoScriptError

from vigil.bus.answers import Answers
from vigil.bus.cluster import Cluster, Command
from vigil.bus.connection import RedisClient, server_of, translated_errors
from vigil.domain.camera import CameraId
from vigil.errors import ServerUnavailable

#: Cameras that one call of a script is about: it holds up the server for a millisecond or two.
_A_CALL = 250

Argument = str | int


@dataclass(frozen=True, slots=True)
class About:
    """What a script is told about one camera: keys of one slot, as many for each, and arguments."""

    keys: tuple[str, ...]
    arguments: tuple[Argument, ...] = ()


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
        keys = {camera_id: str(command[1]) for camera_id, command in commands.items()}

        def ask(server: str, camera_ids: Sequence[CameraId]) -> list[Any]:
            return redis.ask(server, [commands[each] for each in camera_ids])

        return _ask_cluster(redis, keys, ask)
    with translated_errors(), redis.pipeline(transaction=False) as pipeline:
        for command in commands.values():
            pipeline.execute_command(*command)
        answers = zip(commands, pipeline.execute(), strict=True)
    return Answers((camera_id, answer) for camera_id, answer in answers if answer is not None)


def run_for_each(
    redis: RedisClient,
    script: Script,
    abouts: Mapping[CameraId, About],
    *,
    shared: Sequence[Argument] = (),
) -> Answers[Any]:
    """Return what a script answers about each camera.

    One server runs it for many cameras in one command; of a cluster, each runs it for one camera
    after the other, since their keys lie in several slots, in one round trip.

    Args:
        redis: One server, or a cluster.
        script: Takes the keys of some cameras; shared, and then the arguments of each of them.
            It returns a list with a value for each.
        abouts: What it is told of each camera.
        shared: What it is told once.

    Raises:
        ServerUnavailable: No server of those asked answered.
        BusUnavailable: Redis does not answer; it may have run for some of them.
    """
    answers = Answers[Any]()
    if not abouts:
        return answers
    if isinstance(redis, Cluster):
        return _run_on_cluster(redis, script, abouts, shared)
    everyone = list(abouts)
    for begin in range(0, len(everyone), _A_CALL):
        camera_ids = everyone[begin : begin + _A_CALL]
        told = [abouts[each] for each in camera_ids]
        with translated_errors():
            said = script(
                keys=[key for each in told for key in each.keys],
                args=[*shared, *(argument for each in told for argument in each.arguments)],
            )
        answers.update(zip(camera_ids, said, strict=True))
    return answers


def _run_on_cluster(
    cluster: Cluster,
    script: Script,
    abouts: Mapping[CameraId, About],
    shared: Sequence[Argument],
) -> Answers[Any]:
    def ask(server: str, camera_ids: Sequence[CameraId]) -> list[Any]:
        told = [abouts[each] for each in camera_ids]
        said = [(len(each.keys), *each.keys, *shared, *each.arguments) for each in told]
        try:
            answers = cluster.ask(server, [("EVALSHA", script.sha, *each) for each in said])
        except NoScriptError:
            # By its text it is taught; what some have run already may be run again.
            answers = cluster.ask(server, [("EVAL", str(script.script), *each) for each in said])
        return [answer for [answer] in answers]

    return _ask_cluster(cluster, {each: about.keys[0] for each, about in abouts.items()}, ask)


def _ask_cluster(
    cluster: Cluster,
    keys: Mapping[CameraId, str],
    ask: Callable[[str, Sequence[CameraId]], list[Any]],
) -> Answers[Any]:
    heard: dict[CameraId, Any] = {}
    away: list[ServerUnavailable] = []
    by_server: dict[str, list[CameraId]] = {}
    for camera_id, key in keys.items():
        try:
            by_server.setdefault(server_of(cluster, key), []).append(camera_id)
        except ServerUnavailable as error:
            away.append(error)
    asked = {server: partial(ask, server, camera_ids) for server, camera_ids in by_server.items()}
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
    said.unread = frozenset(keys.keys() - heard.keys())
    return said
