from fractions import Fraction
from itertools import islice

import pytest

from standalone.demo.rtsp.media import AccessUnit, AudioFormat, Media, Track, VideoFormat
from standalone.demo.rtsp.nal import VideoCodec
from standalone.demo.rtsp.schedule import cues, last_key_s

#: Four frames in 0.4 s, of which the third is a keyframe too.
FRAME = 9000


def video(*stamps: tuple[int, int], keys: tuple[int, ...] = (0, 2)) -> Track:
    units = tuple(
        AccessUnit(pts * FRAME, dts * FRAME, number in keys, (b"%d" % number,))
        for number, (pts, dts) in enumerate(stamps)
    )
    return Track(VideoFormat(VideoCodec.H264, ()), units)


PLAIN = Media((video((0, 0), (1, 1), (2, 2), (3, 3)),), Fraction(4, 10))
#: One B-frame: the second is shown before the first that was sent after it.
REORDERED = Media((video((0, -1), (2, 0), (1, 1), (3, 2), keys=(0,)),), Fraction(4, 10))


def test_goes_round_with_stamps_that_rise_across_the_end() -> None:
    played = list(islice(cues(PLAIN, Fraction(0)), 9))

    assert [cue.unit.parts[0] for cue in played] == [b"0", b"1", b"2", b"3"] * 2 + [b"0"]
    assert [cue.stamp for cue in played] == [number * FRAME for number in range(9)]
    assert [cue.due_s for cue in played] == pytest.approx([number / 10 for number in range(9)])


def test_begins_at_a_later_keyframe_as_if_it_were_the_first() -> None:
    played = list(islice(cues(PLAIN, Fraction(2, 10)), 4))

    assert [cue.unit.parts[0] for cue in played] == [b"2", b"3", b"0", b"1"]
    assert [cue.stamp for cue in played] == [0, FRAME, 2 * FRAME, 3 * FRAME]
    assert played[0].due_s == 0


def test_sends_in_the_order_of_decoding_and_stamps_in_that_of_showing() -> None:
    played = list(islice(cues(REORDERED, last_key_s(REORDERED, 0)), 6))

    assert [cue.unit.parts[0] for cue in played] == [b"0", b"1", b"2", b"3", b"0", b"1"]
    assert [cue.stamp for cue in played] == [n * FRAME for n in (1, 3, 2, 4, 5, 7)]
    assert [cue.due_s for cue in played] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_tracks_are_merged_by_time_each_with_its_own_clock() -> None:
    sound = tuple(AccessUnit(at, at, is_key=True, parts=(b"s",)) for at in (0, 7_200, 14_400))
    media = Media((*PLAIN.tracks, Track(AudioFormat(b"", 1, 48_000), sound)), PLAIN.span_s)

    played = list(islice(cues(media, Fraction(0)), 9))

    assert [cue.track for cue in played] == [0, 1, 0, 1, 0, 0, 1, 0, 1]
    assert [cue.stamp for cue in played if cue.track == 1] == [0, 7_200, 14_400, 19_200]


@pytest.mark.parametrize(
    ("at_s", "key_s"), [(0.0, 0), (0.19, 0), (0.2, 0.2), (0.39, 0.2), (0.4, 0), (4.3, 0.2)]
)
def test_the_last_keyframe_is_that_of_this_round(at_s: float, key_s: float) -> None:
    assert float(last_key_s(PLAIN, at_s)) == key_s
