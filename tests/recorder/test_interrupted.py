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


@pytest.mark.parametrize("nonsense", [b"\0\0\0\x09moof", b"\0\0\0\x0cmoof\0\0\0\0"])
def test_a_file_of_nonsense_ends_no_recorder(studio: Studio, nonsense: bytes) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    first.leave()
    [path] = studio.files()
    # Given a track whose description is shorter than it must be
    content = path.read_bytes()
    at = content.index(b"mdhd")
    short = (12).to_bytes(4, "big") + b"mdhd" + content[at + 4 : at + 8]
    path.write_bytes(content[: at - 4] + short + content[at + 8 :])

    second = studio.camera()
    second.take(studio.behind(second.position), now_s=NOW_S)
    second.close()

    assert set(studio.files()) > {path}
