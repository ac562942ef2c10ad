"""Notes of looks as hashes, in the slot of the boxed image."""

from collections.abc import Collection, Mapping, Sequence

from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.looks.base import Deaths, LookNotes
from vigil.bus.many import About, run_for_each
from vigil.domain.camera import CameraId, Epoch

_KILLER = b"killer:"


class RedisLookNotes(LookNotes):
    """The notes of recognition workers on one Redis or a cluster."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._begin = redis.register_script(script_source(__package__, "begin.lua"))
        self._end = redis.register_script(script_source(__package__, "end.lua"))
        self._deaths = redis.register_script(script_source(__package__, "deaths.lua"))
        self._clear = redis.register_script(script_source("vigil.bus", "clear.lua"))

    @override
    def begin(self, camera_id: CameraId, digest: str, *, member: str, epoch: Epoch) -> None:
        with translated_errors():
            self._begin(
                keys=[keys.look(camera_id), keys.lease(camera_id, keys.Role.RECOGNITION)],
                args=[epoch, member, digest, keys.LOOK_TTL_S],
            )

    @override
    def end(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._end(keys=[keys.look(camera_id)], args=[epoch])

    @override
    def clear(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        lease = keys.lease(camera_id, keys.Role.RECOGNITION)
        with translated_errors():
            self._clear(keys=[lease, keys.look(camera_id), keys.deaths(camera_id)], args=[epoch])

    @override
    def deaths(
        self, epochs: Mapping[CameraId, Epoch], *, alive: Collection[str]
    ) -> Answers[Deaths]:
        said = run_for_each(
            self._redis,
            self._deaths,
            {
                each: About(
                    (
                        keys.look(each),
                        keys.deaths(each),
                        keys.lease(each, keys.Role.RECOGNITION),
                    ),
                    (epoch,),
                )
                for each, epoch in epochs.items()
            },
            shared=[keys.DEATHS_TTL_S, len(alive), *sorted(alive)],
        )
        told = Answers({each: _deaths(fields) for each, fields in said.items()})
        told.unread = said.unread
        return told


def _deaths(fields: Sequence[bytes] | Mapping[bytes, bytes]) -> Deaths:
    if not isinstance(fields, Mapping):
        fields = dict(zip(fields[::2], fields[1::2], strict=True))
    killers = (name.removeprefix(_KILLER) for name in fields if name.startswith(_KILLER))
    return Deaths(int(fields.get(b"count", 0)), frozenset(each.decode() for each in killers))
