"""Leases in Redis, one script a step, each in the slot of what the lease guards."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from redis.commands.core import Script
from typing_extensions import override

from vigil import keys
from vigil.bus.answers import Answers
from vigil.bus.connection import RedisClient, script_source, translated_errors
from vigil.bus.leases.base import Leases
from vigil.bus.many import About, run_for_each
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import MessageInvalid
from vigil.messages import MemberReport, decode

log = structlog.get_logger(__name__)


class RedisLeases(Leases):
    """The leases of one role on one Redis or a cluster."""

    def __init__(self, redis: RedisClient, *, role: keys.Role) -> None:
        self._redis = redis
        self._role = role
        self._members = [keys.members(role), keys.member_reports(role)]

        def script(name: str) -> Script:
            return redis.register_script(script_source(__package__, f"{name}.lua"))

        self._announce = script("announce")
        self._leave = script("leave")
        self._acquire = script("acquire")
        self._renew = script("renew")
        self._release = script("release")
        self._forget = script("forget")

    @override
    def announce(
        self, member: str, report: MemberReport, *, ttl_s: float
    ) -> dict[str, MemberReport]:
        with translated_errors():
            told = self._announce(
                keys=self._members,
                args=[member, _ms(ttl_s), keys.MEMBERS_TTL_S, report.model_dump_json()],
            )
        return _reports(told[::2], told[1::2])

    @override
    def members(self) -> dict[str, MemberReport]:
        with translated_errors():
            seconds, microseconds = self._redis.time()
            now_ms = seconds * 1000 + microseconds // 1000
            alive = self._redis.zrangebyscore(self._members[0], f"({now_ms}", "+inf")
            reports: dict[Any, Any] = self._redis.hgetall(self._members[1]) if alive else {}
        return _reports(alive, [reports.get(each, b"") for each in alive])

    @override
    def leave(self, member: str) -> None:
        with translated_errors():
            self._leave(keys=self._members, args=[member])

    @override
    def acquire_all(
        self,
        last_seen: Mapping[CameraId, Epoch],
        member: str,
        *,
        ttl_s: float,
        takes_offers: bool = True,
    ) -> Answers[Epoch]:
        said = run_for_each(
            self._redis,
            self._acquire,
            {each: About((self._key(each),), (epoch,)) for each, epoch in last_seen.items()},
            shared=[member, _ms(ttl_s), keys.LEASE_MEMORY_S, int(takes_offers)],
        )
        taken = Answers({each: Epoch(int(epoch)) for each, epoch in said.items() if epoch})
        taken.unread = said.unread
        return taken

    @override
    def renew_all(
        self, held: Mapping[CameraId, Epoch], *, ttl_s: float, heirs: Mapping[CameraId, str]
    ) -> Answers[bool]:
        said = run_for_each(
            self._redis,
            self._renew,
            {
                each: About((self._key(each),), (epoch, heirs.get(each, "")))
                for each, epoch in held.items()
            },
            shared=[_ms(ttl_s), keys.LEASE_MEMORY_S],
        )
        return _as_truth(said)

    @override
    def release_all(self, held: Mapping[CameraId, Epoch]) -> Answers[bool]:
        return _as_truth(
            run_for_each(
                self._redis,
                self._release,
                {each: About((self._key(each),), (epoch,)) for each, epoch in held.items()},
            )
        )

    @override
    def forget(self, camera_id: CameraId, *, epoch: Epoch) -> None:
        with translated_errors():
            self._forget(keys=[self._key(camera_id)], args=[epoch])

    @override
    def held_until_us(self, camera_id: CameraId) -> int | None:
        with translated_errors():
            until_ms = self._redis.hget(self._key(camera_id), "until_ms")
        return None if until_ms is None else int(until_ms) * 1000

    def _key(self, camera_id: CameraId) -> str:
        return keys.lease(camera_id, self._role)


def _reports(names: Sequence[Any], documents: Sequence[bytes]) -> dict[str, MemberReport]:
    reports = {}
    for name, document in zip(names, documents, strict=True):
        member = name.decode()
        try:
            reports[member] = decode(MemberReport, document)
        except MessageInvalid as error:
            # It takes part all the same: of another version, it may say it otherwise.
            log.warning("member_report_unreadable", member=member, error=str(error))
            reports[member] = MemberReport()
    return reports


def _as_truth(said: Answers[int]) -> Answers[bool]:
    truths = Answers({each: bool(answer) for each, answer in said.items()})
    truths.unread = said.unread
    return truths


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
