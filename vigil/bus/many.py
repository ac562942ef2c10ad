"""One question about each of many cameras: in one round trip a server, all servers at once."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

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
KeyT = TypeVar("KeyT", bound=Hashable)


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

        def ask(server: str, names: Sequence[KeyT]) -> list[Any]:
            return redis.ask(server, [questions[each][1] for each in names])

        heard = _ask_cluster(
            redis, {name: str(command[1]) for name, (_, command) in questions.items()}, ask
        )
        return heard, frozenset(questions[each][0] for each in questions.keys() - heard.keys())
    with translated_errors(), redis.pipeline(transaction=False) as pipeline:
        for _, command in questions.values():
            pipeline.execute_command(*command)
        return dict(zip(questions, pipeline.execute(), strict=True)), frozenset()


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

    heard = _ask_cluster(cluster, {each: about.keys[0] for each, about in abouts.items()}, ask)
    said = Answers((each, answer) for each, answer in heard.items() if answer is not None)
    said.unread = frozenset(abouts.keys() - heard.keys())
    return said


def _ask_cluster(
    cluster: Cluster, keys: Mapping[KeyT, str], ask: Callable[[str, Sequence[KeyT]], list[Any]]
) -> dict[KeyT, Any]:
    """Return what was answered of each name; those whose server did not answer are left out."""
    heard: dict[KeyT, Any] = {}
    away: list[ServerUnavailable] = []
    by_server: dict[str, list[KeyT]] = {}
    for name, key in keys.items():
        try:
            by_server.setdefault(server_of(cluster, key), []).append(name)
        except ServerUnavailable as error:
            away.append(error)
    asked = {server: partial(ask, server, names) for server, names in by_server.items()}
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
    return heard
