"""Whenever its writer dies, a mark is whole: the new one, or the one before."""

from pathlib import Path
from uuid import UUID

import pytest

from recorder.footage.marks import MarkFile, newest_of
from vigil.messages import RecordingMark


def a_mark(number: int) -> RecordingMark:
    return RecordingMark(
        epoch=5,
        number=number,
        entry=f"{1000 + number}-0",
        gop="1000-0",
        safe_us=number,
        volume=UUID(int=1),
        path="7/2026-11-30/10-00-00.000000Z.mp4",
        first_entry="1000-0",
        begun_us=0,
        codec="h264",
        width_px=1920,
        height_px=1080,
    )


def test_the_newest_is_read(tmp_path: Path) -> None:
    assert MarkFile(tmp_path).read() is None
    file = MarkFile(tmp_path)
    for number in range(1, 6):
        file.write(a_mark(number))
        assert MarkFile(tmp_path).read() == a_mark(number)


def test_who_goes_on_writes_over_the_older(tmp_path: Path) -> None:
    MarkFile(tmp_path).write(a_mark(1))
    after = MarkFile(tmp_path)
    assert after.read() == a_mark(1)
    after.write(a_mark(2))
    assert MarkFile(tmp_path).read() == a_mark(2)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_write_that_was_cut_off_leaves_the_one_before(tmp_path: Path, count: int) -> None:
    file = MarkFile(tmp_path)
    for number in range(1, count + 1):
        file.write(a_mark(number))
    before = (tmp_path / "mark").read_bytes()
    file.write(a_mark(count + 1))
    after = (tmp_path / "mark").read_bytes()

    changed = [at for at, byte in enumerate(after) if at >= len(before) or before[at] != byte]
    for cut in range(changed[0], changed[-1] + 1, 7):
        torn = after[:cut] + before[cut:]
        (tmp_path / "mark").write_bytes(torn)
        assert MarkFile(tmp_path).read() in {a_mark(count), a_mark(count + 1)}


@pytest.mark.parametrize("content", [b"", b"VMRK", b"\0" * 2048, b"\xff" * 2048])
def test_garbage_is_no_mark(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mark").write_bytes(content)
    assert MarkFile(tmp_path).read() is None


def test_the_newer_of_two_counts() -> None:
    assert newest_of(None, None) is None
    assert newest_of(None, a_mark(1)) == a_mark(1)
    assert newest_of(a_mark(3), a_mark(2)) == a_mark(3)
    # A file that was begun again reaches back: its first mark is less far than the last of another
    begun_again = a_mark(1).model_copy(update={"epoch": 6, "entry": "900-0"})
    assert newest_of(a_mark(9), begun_again) == begun_again
