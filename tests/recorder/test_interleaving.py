"""Video and audio come in any order, and go on in that of their times."""

from collections.abc import Iterable
from fractions import Fraction

import pytest

from recorder.interleaving import HOLD_S, Interleaver
from vigil.bus.packets.base import Entry, EntryId
from vigil.domain.packet import Packet

#: Of a table's packets: V a keyframe, v a picture, a audio of a tenth of a second; and when.
TENTHS = Fraction(1, 10)


def an_entry(number: int, kind: str, tenths: int, *, anchor_us: int = 1) -> Entry:
    packet = Packet(
        stream_index=0 if kind in "vV" else 1,
        pts=tenths,
        dts=tenths,
        duration=1,
        time_base=TENTHS,
        is_keyframe=kind != "v",
        template_id="0123456789abcdef",
        anchor_us=anchor_us,
        captured_at_us=tenths * 100_000,
        data=b"x",
    )
    return Entry(EntryId(f"{number}-0"), packet)


def run(order: Interleaver, packets: str, *, begin: int = 1) -> list[tuple[str, int]]:
    """Return what is yielded of ``V0 a0 v1``: as it is written, with where to begin to read."""
    out = []
    for number, text in enumerate(packets.split(), begin):
        entry = an_entry(number, text[0], int(text[1:]))
        out += named(order.put(entry, EntryId(f"{number - 1}-9")))
    return out


def named(yielded: Iterable[tuple[Entry, EntryId]]) -> list[tuple[str, int]]:
    return [(name_of(entry.packet), int(before.split("-")[0]) + 1) for entry, before in yielded]


def name_of(packet: Packet) -> str:
    kind = "a" if packet.stream_index else "V" if packet.is_keyframe else "v"
    return f"{kind}{packet.pts}"


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        # As they should come
        ("V0 a0 v1 a1 V2 a2", "V0 a0 v1 a1 V2"),
        # The sound is ahead: what is of the next GOP waits for its keyframe
        ("V0 a0 a1 a2 a3 v1 V2 v3", "V0 a0 v1 a1 V2 a2 v3"),
        # The sound is late: the keyframe waits for what was heard before it
        ("V0 v1 V2 v3 a0 a1 a2 a3", "V0 a0 v1 a1 V2 a2 v3"),
    ],
)
def test_they_go_on_in_the_order_of_their_times(packets: str, expected: str) -> None:
    went = [name for name, _ in run(Interleaver(), packets)]
    assert " ".join(went).startswith(expected)


def test_who_reads_from_where_it_says_misses_nothing_that_follows() -> None:
    # Given sound that is three tenths ahead
    came = "V0 a0 a1 a2 v1 a3 V2 a4 v3 a5 V4 a6 v5"
    went = run(Interleaver(), came)
    names = [name for name, _ in went]
    assert "V4" in names

    for at, (name, begin) in enumerate(went):
        if name[0] == "V":
            unread = set(came.split()[: begin - 1])
            assert unread.isdisjoint(names[at:])
            # And it is no further back than it must be
            assert came.split()[begin - 1] in names[at:]


def test_a_camera_that_falls_silent_is_waited_for_once() -> None:
    order = Interleaver()
    run(order, "V0 a0 v1")
    most = int(HOLD_S * 10) + 2
    went = run(order, " ".join(f"v{n}" for n in range(2, 2 + most)), begin=10)
    assert [name for name, _ in went][-1] == f"v{1 + most}"

    # From then on nobody waits
    assert [name for name, _ in run(order, "v50", begin=100)] == ["v50"]
    # Until it is heard again
    assert [name for name, _ in run(order, "a50 v52", begin=110)] == ["a50"]


def test_another_anchor_lets_nothing_wait() -> None:
    order = Interleaver()
    run(order, "V10 a10 a11 a12")

    went = named(order.put(an_entry(9, "V", 3, anchor_us=2), EntryId("8-0")))

    assert [name for name, _ in went] == ["a10", "a11", "a12"]
    assert [name for name, _ in named(order.drain())] == ["V3"]


@pytest.mark.parametrize("kind", ["v", "a"])
def test_not_many_wait_whatever_their_times_are(kind: str) -> None:
    order = Interleaver()
    went = run(order, "V0 a0" + f" {kind}5" * 3000)
    assert len(went) > 1900
