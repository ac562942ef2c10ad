"""Which parts of which files show a span of time: tables of cases."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from vigil.clock import MICROSECONDS, us_from_utc
from vigil.mp4.index import GopIndex
from web.playback.playlist import playlist_of
from web.playback.timeline import PIECE_S, Piece, RecordedFile, once_each, pieces_of

NOON_US = us_from_utc(datetime(2026, 9, 21, 12, tzinfo=UTC))
#: Packets a second, of which the packet log numbers each.
FPS = 25
SCALE, HEAD, GOP_BYTES = 12_800, 800, 1000


def noon_and(seconds: float) -> int:
    return NOON_US + round(seconds * MICROSECONDS)


def a_file(
    segment_id: int,
    begun_s: float,
    length_s: float,
    *,
    gop_s: float = 1,
    first_s: float | None = None,
    last: bool = True,
    grows: bool = False,
    begun_at_s: float | None = None,
) -> RecordedFile:
    """Return a file whose pictures come in packets that are numbered by when they came."""
    first_s = begun_s if first_s is None else first_s
    count = max(1, round(length_s / gop_s))
    # As with B-frames, the first is not shown at 0.
    shown = [round((0.08 + number * gop_s) * SCALE) for number in range(count)]
    return RecordedFile(
        segment_id=segment_id,
        begun_us=noon_and(begun_s if begun_at_s is None else begun_at_s),
        first=(1000, round(first_s * FPS)),
        last=(1000, round((first_s + length_s) * FPS) - 1) if last and not grows else None,
        grows=grows,
        gops=GopIndex(
            HEAD,
            SCALE,
            shown,
            [HEAD + number * GOP_BYTES for number in range(count)],
            HEAD + count * GOP_BYTES,
            round(length_s * SCALE),
        ),
    )


def shown_of(files: Sequence[RecordedFile]) -> list[tuple[int, float]]:
    """Return of which files how many seconds are shown."""
    return [(file.segment_id, float(count)) for file, count in once_each(list(reversed(files)))]


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ([], []),
        ([a_file(1, 0, 60), a_file(2, 60, 60)], [(1, 60), (2, 60)]),
        # A gap between them is none of ours
        ([a_file(1, 0, 60), a_file(2, 500, 60)], [(1, 60), (2, 60)]),
        # A recorder died: the next began again at the keyframe before
        ([a_file(1, 0, 60), a_file(2, 58, 60)], [(1, 58), (2, 60)]),
        # It died in its file's first GOP: both begin with the same packet
        ([a_file(1, 0, 1), a_file(2, 0, 60)], [(2, 60)]),
        # The other still grows
        ([a_file(1, 0, 1), a_file(2, 0, 30, grows=True)], [(2, 30)]),
        ([a_file(1, 0, 60), a_file(2, 58, 30, grows=True)], [(1, 58), (2, 30)]),
        # Nobody ever said that the first one ended
        ([a_file(1, 0, 20, last=False), a_file(2, 18, 60)], [(1, 18), (2, 60)]),
        ([a_file(1, 0, 20, last=False), a_file(2, 500, 60)], [(1, 20), (2, 60)]),
        # Two recorders that both believed, for some files
        ([a_file(1, 0, 60), a_file(2, 58, 60), a_file(3, 60, 10)], [(1, 58), (2, 60)]),
        ([a_file(1, 0, 60), a_file(2, 10, 5), a_file(3, 60, 60)], [(1, 60), (3, 60)]),
        ([a_file(1, 0, 60), a_file(2, 58, 60), a_file(3, 110, 60)], [(1, 58), (2, 52), (3, 60)]),
        # The host's clock was set back by half a minute: other packets, though of the same times
        (
            [a_file(1, 0, 60), a_file(2, 60, 60, begun_at_s=30)],
            [(1, 60), (2, 60)],
        ),
    ],
)
def test_no_packet_is_shown_twice_and_none_is_left_out(
    files: list[RecordedFile], shown: list[tuple[int, float]]
) -> None:
    assert shown_of(files) == shown


def test_a_cut_holds_though_the_clock_was_slewed() -> None:
    files = [a_file(1, 0, 3600), a_file(2, 3590 + 0.4, 60, first_s=3590)]
    assert shown_of(files) == [(1, 3590), (2, 60)]
    files = [a_file(1, 0, 60), a_file(2, 58 - 0.025, 60, first_s=58)]
    assert shown_of(files) == [(1, 58), (2, 60)]
    files = [a_file(1, 0, 60), a_file(2, 58 + 0.025, 60, first_s=58)]
    assert shown_of(files) == [(1, 58), (2, 60)]


def listed(
    files: Sequence[RecordedFile], since_s: float, until_s: float, *, is_over: bool = True
) -> list[Piece]:
    since_us, until_us = noon_and(since_s), noon_and(until_s)
    return list(pieces_of(files, since_us=since_us, until_us=until_us, is_over=is_over))


def spans_of(pieces: Sequence[Piece]) -> list[tuple[float, float]]:
    return [
        ((each.begun_us - NOON_US) / MICROSECONDS, each.length_us / MICROSECONDS) for each in pieces
    ]


@pytest.mark.parametrize("gop_s", [0.04, 0.5, 1, 2, 5.9, 10, 60])
def test_pieces_cover_a_file_without_a_gap_and_begin_with_keyframes(gop_s: float) -> None:
    file = a_file(1, 0, 60, gop_s=gop_s)
    pieces = listed([file], 0, 60)

    assert {piece.place for piece in pieces} <= set(file.gops.places)
    assert pieces[0].place == HEAD
    assert sum(piece.size_bytes for piece in pieces) == file.gops.end - HEAD
    assert sum(piece.length_us for piece in pieces) == 60 * MICROSECONDS
    for piece, following in pairwise(pieces):
        assert piece.place + piece.size_bytes == following.place
        assert piece.begun_us + piece.length_us == following.begun_us
        assert PIECE_S <= piece.length_us / MICROSECONDS < PIECE_S + gop_s


@pytest.mark.parametrize(
    ("since_s", "until_s", "spans"),
    [
        (0, 18, [(0, 6), (6, 6), (12, 6)]),
        (7, 9, [(6, 6)]),
        (6, 12, [(6, 6)]),
        (11.99, 12.01, [(6, 6), (12, 6)]),
        (-100, 1, [(0, 6)]),
        (18, 100, []),
        (-100, 0, []),
    ],
)
def test_of_a_span_are_the_pieces_that_it_touches(
    since_s: float, until_s: float, spans: list[tuple[float, float]]
) -> None:
    assert spans_of(listed([a_file(1, 0, 18)], since_s, until_s)) == spans


def test_a_file_that_grows_is_whole_to_its_end_or_as_far_as_it_stays() -> None:
    grows = a_file(2, 60, 14, grows=True)
    files = [a_file(1, 0, 60), grows]
    assert spans_of(listed(files, 53, 100)) == [(48, 6), (54, 6), (60, 6), (66, 6), (72, 2)]

    before = listed(files, 53, 100, is_over=False)
    assert spans_of(before) == [(48, 6), (54, 6), (60, 6), (66, 6)]
    # What was listed stands when it has grown, and when it is done
    for later in (a_file(2, 60, 23, grows=True), a_file(2, 60, 30)):
        assert listed([files[0], later], 53, 100, is_over=False)[: len(before)] == before


def the_playlist(pieces: Sequence[Piece], *, is_over: bool = True, begin_s: float = 0) -> str:
    return playlist_of(
        pieces,
        uri_of=lambda segment_id: f"{segment_id}.mp4",
        begin_us=noon_and(begin_s),
        is_over=is_over,
    )


def test_a_playlist_says_of_each_file_its_head_its_time_and_a_break() -> None:
    files = [a_file(7, 0, 8), a_file(9, 100, 6.5, gop_s=6.5)]
    assert the_playlist(listed(files, 0, 1000)) == (
        """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="7.mp4",BYTERANGE="800@0"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T12:00:00.000Z
#EXTINF:6.000000,
#EXT-X-BYTERANGE:6000@800
7.mp4
#EXTINF:2.000000,
#EXT-X-BYTERANGE:2000@6800
7.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="9.mp4",BYTERANGE="800@0"
#EXT-X-PROGRAM-DATE-TIME:2026-09-21T12:01:40.000Z
#EXTINF:6.500000,
#EXT-X-BYTERANGE:1000@800
9.mp4
#EXT-X-ENDLIST
"""
    )


@pytest.mark.parametrize(
    ("begin_s", "offset_s"),
    [(7, 1), (6, 0), (0, 0), (9.5, 3.5), (61, 7), (30, 6)],
    ids=str,
)
def test_a_player_begins_at_the_moment_that_was_asked_for(begin_s: float, offset_s: float) -> None:
    files = [a_file(1, 0, 12), a_file(2, 60, 12)]
    text = the_playlist(listed(files, 6, 100), begin_s=begin_s)
    start = f"#EXT-X-START:TIME-OFFSET={offset_s:.3f},PRECISE=YES"
    assert (start in text.splitlines()) == bool(offset_s)
    assert ("EXT-X-START" in text) == bool(offset_s)


def test_a_playlist_that_grows_has_no_end_and_one_target() -> None:
    files = [a_file(1, 0, 30, grows=True)]
    text = the_playlist(listed(files, 0, 100, is_over=False), is_over=False)
    assert "#EXT-X-ENDLIST" not in text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
    assert "#EXT-X-TARGETDURATION:30\n" in text
    # Or a player would begin at its end
    assert "#EXT-X-START:TIME-OFFSET=0.000,PRECISE=YES" in text
