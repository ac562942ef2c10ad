"""The boxes of an MP4 file, as far as a recorder must know them (ISO/IEC 14496-12)."""

from vigil.mp4.boxes import FULL_BYTES, U32, Box, Content, all_in, boxes_in
from vigil.mp4.fragments import fragment_of, video_track

#: In a header of times (mvhd, mdhd) of version 0: its units in a second, and its length in them.
_MVHD_SCALE_AT, _MVHD_LENGTH_AT = 12, 16
#: In a track header of version 0: its length.
_TKHD_LENGTH_AT = 20


def samples_of(content: Content, moof: Box) -> int:
    """Return how many samples a fragment has."""
    return sum(
        U32.unpack_from(content, trun.body + FULL_BYTES)[0]
        for traf in all_in(content, moof, b"traf")
        for trun in all_in(content, traf, b"trun")
    )


def lengths_for(content: Content, length_s: float) -> list[tuple[int, bytes]]:
    """Return where a file's index says how long it is, and what is to stand there.

    While a fragmented file grows its index says nothing of that, and a player guesses.
    """
    places = []
    for moov in boxes_in(content, 0, len(content)):
        if moov.kind != b"moov":
            continue
        header, movie_scale = _scale_in(content, moov, b"mvhd")
        if header is None:
            return []
        places.append((header.body + _MVHD_LENGTH_AT, _length(length_s * movie_scale)))
        for trak in all_in(content, moov, b"trak"):
            for tkhd in all_in(content, trak, b"tkhd"):
                length = _length(length_s * movie_scale)
                places.append((tkhd.body + _TKHD_LENGTH_AT, length))
            for mdia in all_in(content, trak, b"mdia"):
                header, scale = _scale_in(content, mdia, b"mdhd")
                if header is not None:
                    length = _length(length_s * scale)
                    places.append((header.body + _MVHD_LENGTH_AT, length))
    return places


def _length(units: float) -> bytes:
    # What is longer than 32 bits count is said to be as long as they do.
    return U32.pack(min(round(units), 2**32 - 1))


def _scale_in(content: Content, parent: Box, kind: bytes) -> tuple[Box | None, int]:
    """Return a header of times within a box, and its units in a second; None: of version 1."""
    for header in all_in(content, parent, kind):
        if content[header.body] == 0:
            (scale,) = U32.unpack_from(content, header.body + _MVHD_SCALE_AT)
            return header, scale
    return None, 0


def length_s(content: Content) -> float:
    """Return how long the video of a fragmented file plays, by its last fragment; 0: it has none.

    Its samples each say how long they are, as FFmpeg writes them.
    """
    track, end = None, 0
    for box in boxes_in(content, 0, len(content)):
        if box.kind == b"moov":
            track = video_track(content, box)
        elif box.kind == b"moof" and track is not None:
            fragment = fragment_of(content, box, track)
            end = end if fragment is None else fragment.ended_at
    return end / track.scale if track is not None else 0.0


def whole_bytes(content: Content) -> int:
    """Return how much of a fragmented file is whole: up to the end of its last fragment.

    0 where not even one fragment is: nothing in it can be played.
    """
    whole, has_moov, moof_end = 0, False, None
    for box in boxes_in(content, 0, len(content)):
        if box.kind == b"moov":
            has_moov = True
        elif box.kind == b"moof":
            moof_end = box.end
        elif box.kind == b"mdat" and has_moov and moof_end == box.begin:
            whole = box.end
    return whole
