"""Footage becomes clips by stream copy: each packet once, in order, and as it was sent."""

import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from recorder.exports.clip import ClipMuxer
from recorder.exports.copying import Source, StreamCopy
from recorder.exports.footage_file import opened, packets_of, streams_of
from recorder.exports.selection import files_within
from recorder.footage.volume import open_volume
from tests.footage import BEGAN_US, Footage, footage_of
from tests.recorder.clips import FPS, frames_in, make_clip, payloads_of
from tests.recorder.exported import copied, seconds, source_of, span, times_of
from tests.recorder.studio import CAMERA, NOW_S, Studio
from tests.recorder.written import write_segment
from vigil.clock import utc_from_us
from vigil.errors import FootageInvalid


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def _sent(studio: Studio) -> list[bytes]:
    return [entry.packet.data for entry in studio.sent.entries]


def _record(studio: Studio) -> None:
    camera = studio.camera(segment_s=3)
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.close()


def test_several_files_become_one_with_every_packet(
    studio: Studio, sent: Footage, folder: Path
) -> None:
    _record(studio)
    assert len(studio.files()) == 3

    [clip] = copied(studio, folder)

    assert payloads_of(clip.path) == studio.recorded()
    assert frames_in(clip.path) == len(sent.entries)
    assert seconds(clip) == [(0.0, 8.0)]
    # As evenly as they were captured, also from one file to the next
    times = times_of(clip.path)
    assert [round(b - a, 4) for a, b in pairwise(times)] == [0.04] * 199


def test_the_index_stands_before_the_pictures(studio: Studio, folder: Path) -> None:
    _record(studio)
    [clip] = copied(studio, folder)

    content = clip.path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert b"moof" not in content


@pytest.mark.parametrize(
    ("since_s", "until_s", "first", "last"),
    [
        (0.0, 8.0, 0, 200),
        (1.0, 2.0, 25, 50),
        # From the keyframe before, whichever file has it
        (1.5, 2.0, 25, 50),
        (3.9, 5.5, 75, 138),
        (2.98, 3.04, 50, 76),
        # Beyond what there is
        (-9.0, 0.5, 0, 13),
        (7.5, 99.0, 175, 200),
    ],
)
def test_it_begins_with_the_keyframe_at_or_before_and_ends_where_asked(
    studio: Studio, folder: Path, since_s: float, until_s: float, first: int, last: int
) -> None:
    _record(studio)

    [clip] = copied(studio, folder, since_s, until_s)

    frames = payloads_of(clip.path)
    at = _sent(studio).index(frames[0])
    assert at == first
    assert _sent(studio)[at : at + len(frames)] == frames
    # Whole pictures in the order of decoding: of two that wait for a third, both
    assert 0 <= at + len(frames) - last <= 3
    [(begun_s, ended_s)] = seconds(clip)
    assert begun_s == first / FPS
    assert ended_s == pytest.approx(until_s if until_s < 8 else 8.0, abs=4 / FPS)


def test_of_a_time_without_footage_there_is_no_clip(studio: Studio, folder: Path) -> None:
    _record(studio)

    assert copied(studio, folder, 20, 30) == []
    assert copied(studio, folder, -30, -20) == []
    assert list(folder.glob("clip-*")) == []


def test_what_was_recorded_twice_is_there_once(studio: Studio, folder: Path) -> None:
    # Given a recorder that was killed, and one that began again before what the first had written
    first = studio.camera(segment_s=60)
    first.take(studio.sent.entries[:130], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    second = studio.camera(mark=first.mark, segment_s=60)
    second.take(studio.behind(second.position), now_s=NOW_S)
    second.close()
    assert len(studio.recorded()) > len(_sent(studio))

    [clip] = copied(studio, folder)

    expected = [bytes(each) for each in _mp4_payloads(studio)]
    assert payloads_of(clip.path) == expected
    assert frames_in(clip.path) == len(_sent(studio))
    assert seconds(clip) == [(0.0, 8.0)]
    times = times_of(clip.path)
    assert [round(b - a, 4) for a, b in pairwise(times)] == [0.04] * 199


def _mp4_payloads(studio: Studio) -> list[bytes]:
    """Return what was sent, each once, as the files have it."""
    once = dict.fromkeys(studio.recorded())
    assert len(once) == len(_sent(studio))
    return list(once)


def test_a_file_within_another_adds_nothing(studio: Studio, folder: Path) -> None:
    # Given two recorders that both believed the camera to be theirs for a while
    whole = studio.camera(segment_s=60)
    whole.take(studio.sent.entries, now_s=NOW_S)
    whole.close()
    within = studio.camera(segment_s=60)
    within.position = studio.sent.entries[49].entry_id
    within.take(studio.sent.entries[50:120], now_s=NOW_S)
    within.close()
    assert len(studio.files()) == 2

    [clip] = copied(studio, folder)

    assert payloads_of(clip.path) == payloads_of(studio.files()[0])


def test_a_gap_is_closed_up_and_told(studio: Studio, folder: Path) -> None:
    _record(studio)
    # A segment that was deleted
    studio.files()[1].unlink()

    [clip] = copied(studio, folder)

    assert seconds(clip) == [(0.0, 3.0), (6.0, 8.0)]
    assert len(payloads_of(clip.path)) == 125
    times = times_of(clip.path)
    assert times[-1] - times[0] == pytest.approx(124 / FPS)
    assert max(b - a for a, b in pairwise(times)) < 2.5 / FPS


def test_a_segment_that_goes_while_it_is_exported_is_a_gap(studio: Studio, folder: Path) -> None:
    _record(studio)
    source = source_of(studio, -10, 20)
    # Found a moment ago, and gone by now
    studio.files()[1].unlink()

    [clip] = StreamCopy(source, path_of=lambda n: folder / f"clip-{n}.mp4").run()

    assert seconds(clip) == [(0.0, 3.0), (6.0, 8.0)]
    assert frames_in(clip.path) == 125


def test_a_clock_that_was_set_back_costs_no_picture(studio: Studio, folder: Path) -> None:
    camera = studio.camera(segment_s=60)
    earlier = [
        replace(
            entry,
            packet=replace(
                entry.packet,
                anchor_us=entry.packet.anchor_us - 3_000_000,
                captured_at_us=entry.packet.captured_at_us - 3_000_000,
            ),
        )
        for entry in studio.sent.entries[100:]
    ]
    camera.take([*studio.sent.entries[:100], *earlier], now_s=NOW_S)
    camera.close()
    assert len(studio.files()) == 2

    [clip] = copied(studio, folder)

    assert payloads_of(clip.path) == studio.recorded()
    assert frames_in(clip.path) == 200


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_file_that_was_cut_off_or_grows_gives_what_is_whole(
    studio: Studio, folder: Path, share: float
) -> None:
    # Given a file that ends in the midst of its last fragment's packets
    path = write_segment(studio.volume, studio.sent, CAMERA, BEGAN_US).path
    content = path.read_bytes()
    last = content.rindex(b"mdat")
    path.write_bytes(content[: last + round(share * (content.rindex(b"mfra") - last))])

    [clip] = copied(studio, folder)

    frames = payloads_of(clip.path)
    assert 175 <= len(frames) < 200
    assert frames == payloads_of(path)[: len(frames)]
    assert frames_in(clip.path) == len(frames)


def test_what_comes_to_a_file_while_it_is_copied_is_left_to_the_next(
    studio: Studio, folder: Path
) -> None:
    path = write_segment(studio.volume, studio.sent, CAMERA, BEGAN_US).path
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    source = source_of(studio, -10, 20)
    path.write_bytes(content)

    [clip] = StreamCopy(source, path_of=lambda n: folder / f"clip-{n}.mp4").run()

    # So many as room was left for in the index
    assert len(payloads_of(clip.path)) == source.samples < 130


def test_a_clip_that_is_not_what_was_written_is_no_result(studio: Studio, folder: Path) -> None:
    _record(studio)
    [file, *_] = source_of(studio, -10, 20).files
    with opened(file) as container:
        muxer = ClipMuxer(
            folder / "clip.mp4",
            streams_of(container),
            samples=file.samples,
            begun_us=file.begun_us,
            title="Yard",
        )
        for packet in packets_of(container, streams_of(container)):
            muxer.add(packet, 0, offset=0)
        # As when the disk takes the last one, and loses it
        muxer.counts[0] += 1

        with pytest.raises(FootageInvalid, match=r"holds \[75\] packets.*\[76\].*were written"):
            muxer.close()


def test_another_size_is_another_clip_and_for_one_an_error_that_says_where(
    studio: Studio, folder: Path
) -> None:
    other = footage_of(make_clip(folder / "hevc.mp4", seconds=2, codec="libx265"))
    _record(studio)
    _record_behind(studio, other, seconds=8)

    first, second = copied(studio, folder)
    assert (len(payloads_of(first.path)), len(payloads_of(second.path))) == (200, 50)
    assert {frames_in(first.path), frames_in(second.path)} == {200, 50}

    source = source_of(studio, -10, 20)
    one = StreamCopy(source, path_of=lambda n: folder / f"one-{n}.mp4", is_one=True)
    said = "Yard changed from h264 160x96 to hevc 160x96 at 2026-09-21 14:13:28 UTC"
    with pytest.raises(FootageInvalid, match=said):
        one.run()


def _record_behind(studio: Studio, other: Footage, *, seconds: int) -> None:
    """Record a camera that sends something else behind what it sent before."""
    moved = [
        replace(
            entry,
            packet=replace(
                entry.packet,
                captured_at_us=entry.packet.captured_at_us + seconds * 1_000_000,
            ),
        )
        for entry in other.entries
    ]
    before, studio.sent = studio.sent, other
    camera = studio.camera(segment_s=60)
    camera.take(moved, now_s=NOW_S)
    camera.close()
    studio.sent = before


@pytest.mark.needs("ffmpeg")
@pytest.mark.parametrize(
    "kind", [{"b_frames": 0}, {"codec": "libx265"}, {"codec": "libx265", "b_frames": 3}]
)
def test_ffmpeg_finds_the_same_packets_as_in_the_camera_s_own_clip(
    tmp_path: Path, folder: Path, kind: dict[str, Any]
) -> None:
    sent = make_clip(folder / "sent.mp4", seconds=8, **kind)
    studio = Studio(tmp_path, footage_of(sent))
    _record(studio)

    [clip] = copied(studio, folder)

    assert _elementary(clip.path) == _elementary(sent)
    check = ["ffmpeg", "-v", "error", "-xerror", "-i", str(clip.path), "-f", "null", "-"]
    assert subprocess.run(check, capture_output=True, check=True, text=True).stderr == ""


def _elementary(path: Path, which: str = "0:v") -> list[str]:
    """Return a track of a file as FFmpeg's own program takes it out: checksums of its packets."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", which, "-c", "copy"]
    found = subprocess.run(
        [*command, "-f", "framehash", "-"], capture_output=True, check=True, text=True
    ).stdout
    return [line.rpartition(",")[2] for line in found.splitlines() if not line.startswith("#")]


@pytest.mark.needs("ffmpeg")
def test_sound_goes_with_the_pictures(tmp_path: Path, folder: Path) -> None:
    # Given footage with sound, in files of three seconds, as a recorder names them
    volume = open_volume(tmp_path / "footage", known=None)
    clip = _with_sound(folder)
    for number, path in enumerate(_split(clip, folder)):
        at = utc_from_us(BEGAN_US + number * 3_000_000)
        named = volume.path / str(CAMERA) / f"{at:%Y-%m-%d}" / f"{at:%H-%M-%S.%f}Z.mp4"
        named.parent.mkdir(parents=True, exist_ok=True)
        path.rename(named)
    asked = span(-10, 20)
    source = Source(
        list(files_within(volume, CAMERA, asked)), asked.begun_us, asked.ended_us, "Yard"
    )
    assert len(source.files) == 3

    [made] = StreamCopy(source, path_of=lambda n: folder / f"made-{n}.mp4").run()

    assert _elementary(made.path) == _elementary(clip)
    # The encoder's first packet is over before the first picture
    assert _elementary(made.path, "0:a") == _elementary(clip, "0:a")[1:]
    assert [(each.kind, each.codec) for each in made.tracks] == [
        ("video", "h264"),
        ("audio", "aac"),
    ]


def _with_sound(folder: Path) -> Path:
    pictures, path = make_clip(folder / "silent.mp4", seconds=8), folder / "loud.mp4"
    sine = ["-f", "lavfi", "-i", "sine=frequency=440:duration=8:sample_rate=16000"]
    _ffmpeg("-i", pictures, *sine, "-c:v", "copy", "-c:a", "aac", path)
    return path


def _split(clip: Path, folder: Path) -> list[Path]:
    into = ["-segment_time", "3", "-reset_timestamps", "1", "-segment_format_options"]
    flags = "movflags=frag_keyframe+delay_moov+default_base_moof"
    _ffmpeg("-i", clip, "-map", "0", "-c", "copy", "-f", "segment", *into, flags, folder / "%d.mp4")
    return sorted(folder.glob("[0-9].mp4"))


def _ffmpeg(*arguments: str | Path) -> None:
    command = ["ffmpeg", "-v", "error", "-nostdin", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=60)


def test_more_packets_than_one_index_takes_are_refused_in_words(
    studio: Studio, folder: Path
) -> None:
    _record(studio)
    source = source_of(studio, -10, 20)
    many = replace(source, files=[replace(each, samples=10**8) for each in source.files])

    with pytest.raises(FootageInvalid, match="too many for one MP4: ask for less"):
        StreamCopy(many, path_of=lambda n: folder / f"clip-{n}.mp4").run()


@pytest.mark.needs("ffmpeg")
def test_it_says_whose_it_is_and_when_it_begins(studio: Studio, folder: Path) -> None:
    _record(studio)
    [clip] = copied(studio, folder, 3.5, 5)

    asked = ["ffprobe", "-v", "error", "-show_entries", "format_tags=title,creation_time"]
    said = subprocess.run(
        [*asked, "-of", "csv=p=0", str(clip.path)], check=True, capture_output=True, text=True
    ).stdout
    assert "Yard" in said
    assert "2026-09-21T14:13:23.000000Z" in said
