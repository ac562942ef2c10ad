"""What every KnownFootageBoard promises."""

import zlib
from uuid import UUID

import pytest
import structlog

from standalone.servers.valkey import EmbeddedValkey
from vigil import keys
from vigil.bus.connection import connect_single
from vigil.bus.known_footage.base import KnownFootageBoard
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.domain.camera import CameraId
from vigil.known_footage import PAGE, CameraOfFootage, KnownFootage, Place

CHECK, OTHER = UUID(int=1), UUID(int=2)


def an_answer(check: UUID = CHECK, *, number: int = 1, files: int = 3) -> KnownFootage:
    return KnownFootage(
        volume=UUID(int=9),
        check=check,
        number=number,
        until=Place(7, 1_790_000_000_000_000),
        done=tuple(f"7/2026-09-21/14-13-20.{each:06}Z.mp4" for each in range(files)),
        growing=("7/2026-09-21/15-13-20.000000Z.mp4",),
        cameras=(CameraOfFootage(camera_id=CameraId(7), since_us=5, is_deleted=True),),
    )


def test_each_question_finds_its_answer_until_the_next_one_is_answered(
    known_footage: KnownFootageBoard,
) -> None:
    assert known_footage.read(CHECK, 1) is None

    known_footage.put(an_answer(number=1))
    known_footage.put(an_answer(OTHER, number=1))
    assert known_footage.read(CHECK, 1) == an_answer(number=1)
    known_footage.put(an_answer(number=2))

    assert known_footage.read(CHECK, 2) == an_answer(number=2)
    assert known_footage.read(CHECK, 1) is None
    assert known_footage.read(OTHER, 1) == an_answer(OTHER)


def test_a_full_page_comes_whole(known_footage: KnownFootageBoard) -> None:
    known_footage.put(an_answer(files=PAGE))

    assert known_footage.read(CHECK, 1) == an_answer(files=PAGE)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"garbage",
        zlib.compress(b"{}"),
        zlib.compress(bytes(2**26)),
        zlib.compress(an_answer().model_dump_json().encode())[:-20],
    ],
)
def test_an_answer_that_is_none_says_nothing(valkey: EmbeddedValkey, raw: bytes) -> None:
    with connect_single(valkey.url) as queue, structlog.testing.capture_logs() as logs:
        queue.set(keys.known_footage(CHECK, 1), raw)

        assert RedisKnownFootageBoard(queue).read(CHECK, 1) is None

    assert [each["event"] for each in logs] == ["known_footage_unreadable"]


def test_an_answer_that_nobody_reads_is_forgotten_and_is_small(valkey: EmbeddedValkey) -> None:
    with connect_single(valkey.url) as queue:
        RedisKnownFootageBoard(queue).put(an_answer(files=PAGE))

        assert 0 < int(queue.ttl(keys.known_footage(CHECK, 1))) <= keys.KNOWN_FOOTAGE_TTL_S
        assert int(queue.strlen(keys.known_footage(CHECK, 1))) < PAGE * 10
