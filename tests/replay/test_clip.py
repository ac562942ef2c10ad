"""A clip gives each frame with its time of capture, and says what is wrong with the file."""

import os
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from object_recognition.replay.clip import clip_time, opened
from object_recognition.replay.clip_clock import ClipClock
from tests.replay.footage import Image, grey, write_clip, write_sound
from vigil.errors import SetupInvalid


def pictures(count: int, *, width: int = 320, height: int = 240) -> list[Image]:
    return [grey(60 + number, width=width, height=height) for number in range(count)]


def times_and_notes(path: Path) -> tuple[list[int], list[str]]:
    with opened(path) as clip:
        times = [each.at_us for each in clip.frames()]
        return times, clip.notes()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".mov"])
def test_each_frame_comes_with_its_time_from_the_first_on(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"clip{suffix}", pictures(20))

    times, notes = times_and_notes(path)

    assert times == pytest.approx([100_000 * number for number in range(20)], abs=1000)
    assert notes == []


def test_gaps_are_as_long_as_they_say(tmp_path: Path) -> None:
    # Given a camera that recorded what moved: a second, and two minutes later another
    path = write_clip(tmp_path / "clip.mkv", pictures(20), pts=lambda n: n if n < 10 else n + 1200)

    times, _ = times_and_notes(path)

    assert times[9:11] == [900_000, 121_000_000]


@pytest.mark.parametrize(
    ("pts", "expected", "jumps"),
    [
        pytest.param([5, 6, 7], [0, 100, 200], 0, id="even"),
        pytest.param([5, 6, None, 8], [0, 100, 200, 300], 0, id="some say nothing"),
        pytest.param([None, None], [0, 40], 0, id="none says anything"),
        pytest.param([900, 901, 2, 3], [0, 100, 200, 300], 1, id="begins again"),
        pytest.param([0, 1, 40_000, 40_001], [0, 100, 200, 300], 1, id="another clock"),
        pytest.param([0, 1, 1, 2], [0, 100, 100, 200], 0, id="the same twice"),
    ],
)
def test_time_only_grows(pts: list[int | None], expected: list[int], jumps: int) -> None:
    clock = ClipClock(step_us=40_000)

    times = [clock.at_us(each, Fraction(1, 10)) for each in pts]

    assert times == [1000 * each for each in expected]
    assert clock.jumps == jumps


def test_it_knows_when_it_was_made(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "clip.mp4", pictures(3), metadata={"creation_time": "2026-11-30T01:00:00Z"}
    )

    with opened(path) as clip:
        assert clip.created_at == datetime(2026, 11, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize("said", ["1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_maker_without_a_clock_says_nothing(tmp_path: Path, said: str) -> None:
    path = write_clip(tmp_path / "clip.mp4", pictures(3), metadata={"creation_time": said})

    with opened(path) as clip:
        assert clip.created_at is None


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    # Given a text; FFmpeg would show it as white on black
    path = tmp_path / "notes.txt"
    path.write_text("a man with a parcel\n" * 50)

    with (
        pytest.raises(SetupInvalid, match=r"is no video that can be read .*MP4"),
        opened(path),
    ):
        pass


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    write_clip(tmp_path / "secret.ts", pictures(3))
    path = tmp_path / "clip.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")

    with pytest.raises(SetupInvalid, match="is no video"), opened(path):
        pass


def test_a_file_without_video_says_what_it_has(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "sound.mp4")

    with pytest.raises(SetupInvalid, match="has no video; it has audio"), opened(path):
        pass


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("nothing.mp4", "cannot be read: No such file"),
        (".", "is no file, but a folder"),
        ("pipe", "is no file, but a folder, a device or a pipe"),
        ("empty.mp4", "is empty"),
        ("concat:a.mp4|b.mp4", "cannot be read: No such file"),
    ],
)
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str, match: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(SetupInvalid, match=match), opened(tmp_path / name):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all files")
def test_a_file_that_is_not_for_us_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", pictures(3))
    path.chmod(0)

    with pytest.raises(SetupInvalid, match="cannot be read: Permission denied"), opened(path):
        pass


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".flv"])
def test_of_a_clip_that_was_cut_off_there_is_what_is_left(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"clip{suffix}", pictures(100))
    os.truncate(path, path.stat().st_size // 2)

    times, notes = times_and_notes(path)

    assert 30 < len(times) < 70
    assert any("0:10.0" in note and "cut off" in note for note in notes), notes


def test_an_mp4_without_its_index_is_said_to_be_cut_off(tmp_path: Path) -> None:
    # Given a file whose index stands at its end, as recorders write it
    path = write_clip(tmp_path / "clip.mp4", pictures(100))
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(SetupInvalid, match="index is missing: it was cut off"), opened(path):
        pass


def test_pictures_may_change_their_size_in_mid_clip(tmp_path: Path) -> None:
    # Given two files that somebody put together; the second one's clock begins anew
    parts = [
        write_clip(tmp_path / "large.ts", pictures(10)),
        write_clip(tmp_path / "small.ts", pictures(10, width=160, height=120)),
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))

    with opened(path) as clip:
        frames = [(each.at_us, each.frame.width) for each in clip.frames()]
        notes = clip.notes()

    assert [width for _, width in frames] == [320] * 10 + [160] * 10
    assert frames[-1][0] == pytest.approx(1_900_000, abs=2000)
    assert any("from 0:01.0 on its pictures are 160x120" in note for note in notes), notes


def test_behind_a_broken_part_others_follow(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.ts", pictures(100))
    content = bytearray(path.read_bytes())
    # In the middle: the headers stay.
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)

    times, _ = times_and_notes(path)

    assert 80 < len(times) <= 100
    assert times[-1] == pytest.approx(9_900_000, abs=2000)


@pytest.mark.parametrize(
    ("at_us", "words"),
    [(0, "0:00.0"), (59_960_000, "1:00.0"), (127_400_000, "2:07.4"), (3_727_400_000, "1:02:07.4")],
)
def test_places_in_a_clip_are_written_as_people_do(at_us: int, words: str) -> None:
    assert clip_time(at_us) == words
