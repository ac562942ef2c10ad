"""Files that a mark names, and that cannot be finished as they should."""

import os

import pytest

from recorder.footage.locks import share, take_alone
from recorder.interrupted import finish_interrupted
from tests.recorder.studio import CAMERA, NOW_S, Studio
from vigil.errors import VolumeUnavailable


def test_a_file_that_is_being_checked_is_taken_a_moment_later(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    first.leave()
    assert first.mark is not None
    [path] = studio.files()
    checking = os.open(path, os.O_RDWR)
    assert take_alone(checking)

    with pytest.raises(VolumeUnavailable, match="is being checked"):
        finish_interrupted(studio.volume, CAMERA, first.mark)

    os.close(checking)
    assert finish_interrupted(studio.volume, CAMERA, first.mark) is not None


def test_a_file_whose_recorder_sleeps_is_taken_over_by_the_next_and_by_no_check(
    studio: Studio,
) -> None:
    asleep = studio.camera()
    asleep.take(studio.sent.entries[:60], now_s=NOW_S)
    asleep.sync(now_s=NOW_S)
    assert asleep.mark is not None
    [path] = studio.files()
    with path.open("r+b") as file:
        assert not take_alone(file.fileno())
        assert share(file.fileno())

    assert finish_interrupted(studio.volume, CAMERA, asleep.mark) is not None


@pytest.mark.parametrize("has_durations", [True, False])
def test_a_file_of_nonsense_ends_no_recorder(studio: Studio, *, has_durations: bool) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    first.leave()
    [path] = studio.files()
    # Given a fragment that says to have more samples than bytes, or than there is time
    content = bytearray(path.read_bytes())
    flags_at = content.rindex(b"trun") + 4
    content[flags_at + 4 : flags_at + 8] = b"\xff" * 4
    if not has_durations:
        content[flags_at + 2] &= 0xFE
        default_at = content.rindex(b"tfhd") + 12
        content[default_at : default_at + 4] = b"\xff" * 4
    path.write_bytes(content)

    second = studio.camera()
    second.take(studio.behind(second.position), now_s=NOW_S)
    second.close()

    assert set(studio.files()) > {path}
    assert path.read_bytes() == content
