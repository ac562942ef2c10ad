"""An audio track beside FFmpeg's video, box by box (ISO/IEC 14496-12, 14496-14, Opus in ISOBMFF).

FFmpeg's muxer makes the video's fragments; ours stand between them. So a packet of audio, be it
early, late, broken or missing, changes no byte of the video and never makes it wait.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vigil.mp4.boxes import Content, boxes_in

#: FFmpeg's video is the first track.
TRACK_ID = 2
#: Of ISO 14496-1: what an elementary stream's description is made of.
_ES, _DECODER_CONFIG, _DECODER_SPECIFIC, _SL_CONFIG = 3, 4, 5, 6
_MPEG4_AUDIO, _AUDIO_STREAM = 0x40, 0x15
_UNITY_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
#: "und", as three letters of five bits.
_NO_LANGUAGE = 0x55C4
#: A sample that depends on no other.
_IS_SYNC = 0x02000000
_DEFAULT_BASE_IS_MOOF = 0x020000
#: In trun: where its data begins; and of each sample how long it is, and its size.
_TRUN_FLAGS = 0x000301


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a file's index says of its audio.

    Attributes:
        sample_entry: The box that describes the samples.
        timescale: Units in a second, in which the samples' times are counted.
        skipped: Units at the track's begin that are decoded and not heard: an encoder's priming.
    """

    sample_entry: bytes
    timescale: int
    skipped: int = 0


@dataclass(slots=True)
class AudioSample:
    """One frame of a codec.

    Attributes:
        duration: In units of the track.
    """

    data: bytes
    duration: int


def aac_entry(config: bytes, *, sample_rate: int, channels: int) -> bytes:
    """Return the sample entry of AAC.

    Args:
        config: Its AudioSpecificConfig.
        sample_rate: Hz.
        channels: How many.
    """
    specific = _descriptor(_DECODER_SPECIFIC, config)
    # Size of its buffer and bit rates are left open.
    decoder = bytes((_MPEG4_AUDIO, _AUDIO_STREAM)) + bytes(11) + specific
    stream = struct.pack(">HB", TRACK_ID, 0) + _descriptor(_DECODER_CONFIG, decoder)
    stream += _descriptor(_SL_CONFIG, b"\2")
    return _audio_entry(
        b"mp4a", sample_rate, channels, _full_box(b"esds", _descriptor(_ES, stream))
    )


def opus_entry(*, channels: int, mapping: bytes = b"\0") -> bytes:
    """Return the sample entry of Opus, of which nothing is skipped: it begins in the midst.

    Args:
        channels: How many.
        mapping: Channel mapping family, and its table where it has one.
    """
    specific = struct.pack(">BBHIh", 0, channels, 0, OPUS_RATE, 0) + mapping
    return _audio_entry(b"Opus", OPUS_RATE, channels, _box(b"dOps", specific))


#: Opus counts its times in this, whatever it was made of.
OPUS_RATE = 48_000


def with_audio_track(head: bytes, form: AudioFormat) -> bytes:
    """Return a file's beginning whose index tells of an audio track, too.

    Args:
        head: As FFmpeg made it: it has an index with one track, and whole boxes.
        form: Of the audio.
    """
    made = []
    for box in boxes_in(head, 0, len(head)):
        content = head[box.begin : box.end]
        made.append(_movie_with(content, form) if box.kind == b"moov" else content)
    return b"".join(made)


def audio_fragment(samples: Sequence[AudioSample], *, begins: int, number: int) -> bytes:
    """Return a fragment of audio.

    Args:
        samples: At least one.
        begins: When the first does, in units of the track.
        number: Of the fragment within its file.
    """
    header = _full_box(b"tfhd", struct.pack(">I", TRACK_ID), flags=_DEFAULT_BASE_IS_MOOF)
    time = _full_box(b"tfdt", struct.pack(">Q", begins), version=1)
    fields = struct.pack(
        f">{2 * len(samples)}I",
        *(field for each in samples for field in (each.duration, len(each.data))),
    )

    def moof(data_at: int) -> bytes:
        run = _full_box(
            b"trun", struct.pack(">Ii", len(samples), data_at) + fields, flags=_TRUN_FLAGS
        )
        number_box = _full_box(b"mfhd", struct.pack(">I", number))
        return _box(b"moof", number_box + _box(b"traf", header + time + run))

    data = _box(b"mdat", b"".join(each.data for each in samples))
    # Of the data only the header stands between.
    return moof(len(moof(0)) + 8) + data


def index_of_fragments(places: Iterable[tuple[int, int]]) -> bytes:
    """Return an index of a track's fragments (tfra).

    Args:
        places: Of each, its time in units of the track, and where it begins in the file.
    """
    lines = [struct.pack(">QQBBB", time, at, 1, 1, 1) for time, at in places]
    head = struct.pack(">III", TRACK_ID, 0, len(lines))
    return _full_box(b"tfra", head + b"".join(lines), version=1)


def _movie_with(moov: bytes, form: AudioFormat) -> bytes:
    made = bytearray()
    for box in boxes_in(moov, 8, len(moov)):
        content = moov[box.begin : box.end]
        if box.kind == b"mvhd":
            # It ends with the number of the next track.
            content = content[:-4] + struct.pack(">I", TRACK_ID + 1)
        elif box.kind == b"mvex":
            content = _box(b"mvex", content[8:] + _defaults())
        made += content
        if box.kind == b"trak":
            made += _track(form)
    return _box(b"moov", bytes(made))


def _track(form: AudioFormat) -> bytes:
    # Enabled, in the movie; how long it is, is told when it is done (see lengths_for).
    header = struct.pack(">IIIII8xhhhxx", 0, 0, TRACK_ID, 0, 0, 0, 1, 0x100)
    tkhd = _full_box(b"tkhd", header + _UNITY_MATRIX + bytes(8), flags=3)
    edits = b""
    if form.skipped:
        entry = struct.pack(">IIiHH", 1, 0, form.skipped, 1, 0)
        edits = _box(b"edts", _full_box(b"elst", entry))
    mdhd = _full_box(b"mdhd", struct.pack(">IIIIHH", 0, 0, form.timescale, 0, _NO_LANGUAGE, 0))
    hdlr = _full_box(b"hdlr", b"\0\0\0\0soun" + bytes(12) + b"Audio\0")
    media = _box(b"mdia", mdhd + hdlr + _media_information(form))
    return _box(b"trak", tkhd + edits + media)


def _media_information(form: AudioFormat) -> bytes:
    is_here = _full_box(b"url ", b"", flags=1)
    where = _box(b"dinf", _full_box(b"dref", struct.pack(">I", 1) + is_here))
    # Its samples stand in fragments alone.
    tables = (
        _full_box(b"stsd", struct.pack(">I", 1) + form.sample_entry)
        + _full_box(b"stts", bytes(4))
        + _full_box(b"stsc", bytes(4))
        + _full_box(b"stsz", bytes(8))
        + _full_box(b"stco", bytes(4))
    )
    return _box(b"minf", _full_box(b"smhd", bytes(4)) + where + _box(b"stbl", tables))


def _defaults() -> bytes:
    return _full_box(b"trex", struct.pack(">IIIII", TRACK_ID, 1, 0, 0, _IS_SYNC))


def _audio_entry(kind: bytes, sample_rate: int, channels: int, specific: bytes) -> bytes:
    # 16 bits of a whole number, 16 of a fraction: higher rates say 0, and the codec's own tells.
    rate = sample_rate << 16 if sample_rate < 1 << 16 else 0
    body = bytes(6) + struct.pack(">H8xHHHHI", 1, channels, 16, 0, 0, rate)
    return _box(kind, body + specific)


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _full_box(kind: bytes, content: bytes, *, version: int = 0, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags) + content)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def fragments_in(content: Content) -> list[int]:
    """Return where the fragments of a piece begin."""
    return [box.begin for box in boxes_in(content, 0, len(content)) if box.kind == b"moof"]
