"""Real footage whose frames bear their numbers: what comes out is what was put in."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from structlog.testing import capture_logs

from camera_ctrl.decode.decoder import CameraDecoder
from standalone.demo.clip import ClipFormat, Codec
from standalone.demo.counter import read_counter
from tests.builders import CAMERA
from tests.cameras.clips import SMALL, CardClip
from tests.footage import BEGAN_US, Footage, footage_of
from tests.pictures import bgr_of
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.domain.camera import Epoch
from vigil.domain.frame import FrameStamp, read_stamp
from vigil.errors import MessageInvalid

#: Taken when the first packet came; in milliseconds of Redis's clock, as packets' places are.
EPOCH = Epoch(BEGAN_US // 1000)
STEP_US = 40_000
#: Faster than any clip here: every frame is wanted.
EVERY_FRAME_FPS = 30.0


@pytest.fixture
def footage(small_clip: Path) -> Footage:
    return footage_of(small_clip)


def a_decoder(footage: Footage, *, fps: float = EVERY_FRAME_FPS) -> CameraDecoder:
    decoder = CameraDecoder(CAMERA, fps=fps, jpeg_quality=85)
    decoder.use(footage.template)
    return decoder


def as_a_camera_sends_it(clip: Path, path: Path) -> Footage:
    """Return a clip's footage with start codes, as RTSP and MPEG transport streams have it."""
    with closing(av.open(clip)) as source, closing(av.open(path, "w")) as target:
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.size:
                packet.stream = copy
                target.mux(packet)
    return footage_of(path)


def pictures(
    decoder: CameraDecoder, entries: Iterable[Entry], *, epoch: Epoch = EPOCH
) -> list[bytes]:
    """Return what comes of entries that are read one by one."""
    made = (decoder.newest_picture([entry], epoch=epoch) for entry in entries)
    return [each for each in made if each is not None]


def numbers(jpegs: Iterable[bytes]) -> list[int | None]:
    return [read_counter(bgr_of(jpeg)) for jpeg in jpegs]


def stamps(jpegs: Iterable[bytes]) -> list[FrameStamp]:
    return [read_stamp(jpeg) for jpeg in jpegs]


@pytest.mark.parametrize(
    "form",
    [
        SMALL,
        replace(SMALL, b_frames=2),
        replace(SMALL, codec=Codec.HEVC),
        replace(SMALL, with_audio=True),
    ],
    ids=["h264", "b-frames", "hevc", "with sound"],
)
def test_a_picture_was_captured_when_its_own_packet_says(
    form: ClipFormat, card_clip: CardClip
) -> None:
    footage = footage_of(card_clip(form))

    made = pictures(a_decoder(footage), footage.entries)

    # The last ones stay in a decoder that reorders, until others push them out.
    seen = numbers(made)
    assert seen == list(range(len(seen)))
    assert len(seen) >= 45
    assert [each.captured_at_us for each in stamps(made)] == [
        BEGAN_US + number * STEP_US for number in range(len(made))
    ]


def test_makes_as_many_pictures_as_wanted_and_decodes_all(footage: Footage) -> None:
    made = pictures(a_decoder(footage, fps=5.0), footage.entries)

    assert numbers(made) == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]


def test_of_one_read_the_newest_due_frame_alone_becomes_a_picture(footage: Footage) -> None:
    decoder = a_decoder(footage)

    jpeg = decoder.newest_picture(footage.entries[:20], epoch=EPOCH)

    assert jpeg is not None
    assert numbers([jpeg]) == [19]


@pytest.mark.parametrize("form", [SMALL, replace(SMALL, codec=Codec.HEVC)], ids=["h264", "hevc"])
def test_what_lies_before_a_keyframe_that_stands_alone_is_not_decoded(
    form: ClipFormat, card_clip: CardClip, tmp_path: Path
) -> None:
    # Given one read with a keyframe in it, of which whatever lies before would be an error
    footage = as_a_camera_sends_it(card_clip(form), tmp_path / "camera.ts")
    decoder = a_decoder(footage, fps=5.0)
    first = decoder.newest_picture(footage.entries[:1], epoch=EPOCH)
    keyframe = next(n for n, each in enumerate(footage.entries[1:], 1) if each.packet.is_keyframe)
    spoiled = [
        replace(each, packet=replace(each.packet, data=b"\0\0\1\x65 spoiled"))
        for each in footage.entries[1:keyframe]
    ]

    second = decoder.newest_picture(
        [*spoiled, *footage.entries[keyframe : keyframe + 3]], epoch=EPOCH
    )

    assert first is not None
    assert second is not None
    assert numbers([first, second]) == [0, keyframe]
    assert decoder.error is None


def test_a_stamp_tells_sequence_epoch_and_size(footage: Footage) -> None:
    decoder = a_decoder(footage)

    later = Epoch(EPOCH + 10)
    first = stamps(pictures(decoder, footage.entries[:10]))
    second = stamps(pictures(decoder, footage.entries[10:20], epoch=later))

    assert [(each.epoch, each.sequence) for each in first] == [(EPOCH, n) for n in range(1, 11)]
    assert [(each.epoch, each.sequence) for each in second] == [(later, n) for n in range(1, 11)]
    assert {(each.width_px, each.height_px) for each in first + second} == {SMALL.size_wh}


def test_a_decoder_that_takes_over_numbers_on_above_the_one_that_died(footage: Footage) -> None:
    before = stamps(pictures(a_decoder(footage), footage.entries[:40]))
    # The packets of a clip stand a millisecond apart; a camera's come a frame apart.
    an_hour_on = EntryId(f"{EPOCH + 3_600_000}-0")
    entries = [replace(each, entry_id=an_hour_on) for each in footage.entries[40:]]

    after = stamps(pictures(a_decoder(footage), entries))

    assert before[-1].order < after[0].order
    assert [each.sequence - after[0].sequence for each in after] == list(range(10))
    assert after[0].skipped_since(before[-1]) == 0


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0", b"not a packet at all " * 20, bytes(1000), b"\0\0\0\1\x65" + b"\xff" * 500],
    ids=["nothing", "a byte", "text", "zeros", "a bad slice"],
)
def test_goes_on_at_the_next_keyframe_behind_a_packet_that_is_garbage(
    garbage: bytes, footage: Footage
) -> None:
    decoder = a_decoder(footage)
    entries = list(footage.entries)
    entries[15] = replace(entries[15], packet=replace(entries[15].packet, data=garbage))

    with capture_logs():
        made = pictures(decoder, entries)

    # What refers to the lost frame may look as it will; from the keyframe 20 on all is right.
    seen = numbers(made)
    assert seen[:15] == list(range(15))
    assert seen[-30:] == list(range(20, 50))
    assert decoder.error is None


def test_says_why_there_is_no_picture_while_nothing_can_be_decoded(footage: Footage) -> None:
    decoder = a_decoder(footage)
    garbage = [
        replace(each, packet=replace(each.packet, data=b"not a packet at all " * 20))
        for each in footage.entries
    ]

    with capture_logs() as logs:
        assert pictures(decoder, garbage) == []

    assert decoder.error is not None
    assert decoder.error.startswith("the video cannot be decoded: ")
    # Said once, not with each packet
    assert [each["event"] for each in logs] == ["frame_skipped"]


def test_shows_nothing_of_a_stream_that_it_joins_between_keyframes(footage: Footage) -> None:
    with capture_logs():
        made = pictures(a_decoder(footage), footage.entries[3:])

    assert numbers(made) == list(range(10, 50))


def test_goes_on_with_other_parameters_when_the_stream_changes(
    footage: Footage, card_clip: CardClip
) -> None:
    decoder = a_decoder(footage)
    other = footage_of(card_clip(replace(SMALL, size_wh=(640, 360), length_s=0.4)))
    pictures(decoder, footage.entries[:5])
    assert not decoder.needs_template(footage.entries[5].packet)
    assert decoder.needs_template(other.entries[0].packet)

    decoder.use(other.template)
    made = pictures(decoder, other.entries)

    assert numbers(made) == list(range(10))
    # It is the same epoch: the numbering goes on.
    assert [each.sequence for each in stamps(made)] == list(range(6, 16))
    assert {(each.width_px, each.height_px) for each in stamps(made)} == {(640, 360)}
    assert not decoder.needs_template(other.entries[0].packet)


def test_a_template_that_ffmpeg_cannot_read_is_refused_and_nothing_is_decoded(
    footage: Footage,
) -> None:
    decoder = a_decoder(footage)

    with pytest.raises(MessageInvalid, match="template 00112233aabbccdd"):
        decoder.use(Template("00112233aabbccdd", b"no NUT file"))

    assert pictures(decoder, footage.entries) == []
    assert decoder.needs_template(footage.entries[0].packet)


def test_a_closed_decoder_can_be_used_again(footage: Footage) -> None:
    decoder = a_decoder(footage)
    pictures(decoder, footage.entries[:5])
    decoder.close()
    assert pictures(decoder, footage.entries[:5]) == []

    decoder.use(footage.template)

    assert numbers(pictures(decoder, footage.entries[:5])) == list(range(5))


def test_a_slow_camera_shows_each_picture_as_it_comes(card_clip: CardClip) -> None:
    footage = footage_of(
        card_clip(ClipFormat(size_wh=(320, 180), fps=Fraction(1, 2), length_s=6.0))
    )

    assert numbers(pictures(a_decoder(footage, fps=5.0), footage.entries)) == [0, 1, 2]
