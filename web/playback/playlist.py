"""An HLS playlist (RFC 8216) of pieces of footage. Pure."""

from collections.abc import Callable, Iterable, Sequence

from vigil.clock import MICROSECONDS, utc_from_us
from web.playback.timeline import Piece

CONTENT_TYPE = "application/vnd.apple.mpegurl"
#: What a playlist that goes on says of its longest piece, which it must never change.
_GROWING_TARGET_S = 30


def playlist_of(
    pieces: Sequence[Piece],
    *,
    uri_of: Callable[[int], str],
    begin_us: int,
    is_over: bool,
    notes: Iterable[str] = (),
) -> str:
    """Return the playlist of some footage. Each file in it has its own head and its own times.

    Args:
        pieces: In their order.
        uri_of: Gives a file's address, by the number of its segment. It needs no escaping.
        begin_us: The moment at which a player is to begin: UTC in microseconds since 1970.
        is_over: Whether nothing will be added to it.
        notes: For people who read it, a line each.
    """
    longest_us = max((piece.length_us for piece in pieces), default=0)
    target_s = max(1, int(longest_us / MICROSECONDS + 0.5))
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target_s if is_over else max(target_s, _GROWING_TARGET_S)}",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if is_over else 'EVENT'}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *(f"# {note}" for note in notes),
    ]
    offset_s = _offset_s(pieces, begin_us)
    if offset_s or not is_over:
        lines.append(f"#EXT-X-START:TIME-OFFSET={offset_s:.3f},PRECISE=YES")
    segment_id, uri = 0, ""
    for piece in pieces:
        if piece.segment_id != segment_id:
            if segment_id:
                # Times of each file begin at 0.
                lines.append("#EXT-X-DISCONTINUITY")
            segment_id, uri = piece.segment_id, uri_of(piece.segment_id)
            lines += (
                f'#EXT-X-MAP:URI="{uri}",BYTERANGE="{piece.head_bytes}@0"',
                f"#EXT-X-PROGRAM-DATE-TIME:{_in_words(piece.begun_us)}",
            )
        lines += (
            f"#EXTINF:{piece.length_us / MICROSECONDS:.6f},",
            f"#EXT-X-BYTERANGE:{piece.size_bytes}@{piece.place}",
            uri,
        )
    if is_over:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join([*lines, ""])


def _offset_s(pieces: Iterable[Piece], begin_us: int) -> float:
    """Return how far into the playlist a moment is, or the first one after it that is there."""
    offset_us = 0
    for piece in pieces:
        into_us = begin_us - piece.begun_us
        if into_us < piece.length_us:
            return (offset_us + max(0, into_us)) / MICROSECONDS
        offset_us += piece.length_us
    return 0.0


def _in_words(at_us: int) -> str:
    words = utc_from_us(at_us).isoformat(timespec="milliseconds")
    return words.replace("+00:00", "Z")
