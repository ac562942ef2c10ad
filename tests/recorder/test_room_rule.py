"""Which file must go, and which goes first: a table of cases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from recorder.room.rule import CameraLimits, Purge, Room, StoredFile, to_purge
from vigil.domain.camera import CameraId

HOUR_US = 3_600_000_000
NOW_US = 1000 * HOUR_US


def a_file(name: str, **fields: bool) -> StoredFile:
    """Return a file of 10 bytes by its name: ``7@900`` is of camera 7, and began at 900 h."""
    camera_id, _, begun_h = name.partition("@")
    return StoredFile(CameraId(int(camera_id)), int(begun_h) * HOUR_US, 10, name, **fields)


@dataclass(frozen=True)
class Case:
    """What there is, and what goes of it: names in this order.

    Attributes:
        marked: A ``!`` behind a name: it is protected; a ``+``: it grows.
        free, reserve: Bytes.
        limits: Of a camera: hours, and bytes.
    """

    about: str
    there: str
    goes: str = ""
    free: int = 1000
    reserve: int = 0
    in_all: int | None = None
    limits: Mapping[int, tuple[int, int | None]] = field(default_factory=dict)
    at_most: int = 100
    is_full: bool = False
    full: Sequence[int] = ()
    is_whole: bool = True


CASES = [
    Case("nothing is there", ""),
    Case("nothing must go", "7@1 7@2"),
    Case("too old by the site's limit", "7@1 7@990", "7@1", limits={7: (500, None)}),
    Case(
        "each camera has its own age",
        "7@1 7@990 8@1 8@990",
        "7@1 7@990",
        limits={7: (5, None)},
    ),
    Case("just as old as it may be", "7@500", limits={7: (500, None)}),
    Case("a clock that was set back: all lies ahead", "7@2000 7@3000", limits={7: (1, None)}),
    Case("over its own bytes", "7@1 7@2 7@3 8@1", "7@1", limits={7: (10**6, 20)}),
    Case("just within its own bytes", "7@1 7@2", limits={7: (10**6, 20)}),
    Case("over the bytes of all", "7@3 8@1 8@2 7@4", "8@1 8@2", in_all=20),
    Case("below the reserve", "7@3 8@1 8@2 7@4", "8@1 8@2 7@3", free=5, reserve=35),
    Case("just the reserve is left", "7@1", free=30, reserve=30),
    Case(
        "what goes for a camera's limit makes room for all",
        "7@1 7@2 8@0",
        "7@1",
        free=20,
        reserve=30,
        limits={7: (10**6, 10)},
    ),
    Case("protected: the next oldest goes", "7@1! 7@2 8@3", "7@2", free=20, reserve=30),
    Case("protected against age", "7@1! 7@2", "7@2", limits={7: (5, None)}),
    Case("protected against its own bytes", "7@1! 7@2 7@3", "7@2 7@3", limits={7: (10**6, 10)}),
    Case(
        "nothing left but what is protected",
        "7@1! 8@2!",
        free=20,
        reserve=30,
        is_full=True,
    ),
    Case("protected beyond the bytes of all", "7@1! 7@2 8@2!", "7@2", in_all=15, is_full=True),
    Case(
        "protected beyond its own bytes: others go on",
        "7@1! 7@2! 8@2",
        limits={7: (10**6, 10)},
        full=(7,),
    ),
    Case("what grows stays, and will be room", "7@1+", free=25, reserve=30),
    Case("what grows stays, and is too little room", "7@1+", free=15, reserve=30, is_full=True),
    Case("what grows was not counted", "7@1 7@2+", limits={7: (10**6, 10)}),
    Case("full of what is no footage", "7@1", "7@1", free=10, reserve=30, is_full=True),
    Case("no footage at all, and no room", "", free=10, reserve=30, is_full=True),
    Case(
        "no more than some at once",
        "7@1 7@2 7@3",
        "7@1 7@2",
        free=0,
        reserve=30,
        at_most=2,
        is_whole=False,
    ),
    Case(
        "no more than some at once, of a camera's",
        "7@1 7@2 7@3",
        "7@1",
        limits={7: (10**6, 0)},
        at_most=1,
        is_whole=False,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.about)
def test_what_must_go_goes_in_this_order(case: Case) -> None:
    purge = decided(case)

    assert [file.path for file in purge.goes] == case.goes.split()
    assert (purge.is_full, sorted(purge.full_cameras)) == (case.is_full, list(case.full))
    assert purge.is_whole is case.is_whole


def decided(case: Case) -> Purge:
    files = [
        a_file(name.rstrip("!+"), is_protected="!" in name, is_growing="+" in name)
        for name in case.there.split()
    ]
    cameras = sorted({file.camera_id for file in files})
    of = {each: [file for file in files if file.camera_id == each] for each in cameras}
    used = {each: sum(not file.is_growing for file in own) * 10 for each, own in of.items()}
    return to_purge(
        {each: sorted(own, key=lambda file: file.begun_us) for each, own in of.items()},
        Room(case.free, case.reserve, case.in_all, used),
        limits_of=lambda camera_id: _limits(case, camera_id),
        now_us=NOW_US,
        at_most=case.at_most,
    )


def _limits(case: Case, camera_id: CameraId) -> CameraLimits:
    hours, max_bytes = case.limits.get(camera_id, (10**6, None))
    return CameraLimits(hours * HOUR_US, max_bytes)


def test_no_more_is_looked_at_than_must_be() -> None:
    asked = list[str]()

    def shelf(camera_id: int) -> Iterator[StoredFile]:
        for hour in range(1000):
            asked.append(f"{camera_id}@{hour}")
            yield a_file(asked[-1])

    purge = to_purge(
        {CameraId(7): shelf(7), CameraId(8): shelf(8)},
        Room(0, 30, None, {}),
        limits_of=lambda _: CameraLimits(10**6 * HOUR_US),
        now_us=NOW_US,
        at_most=100,
    )

    assert [file.path for file in purge.goes] == ["7@0", "8@0", "7@1"]
    assert len(asked) <= 6
