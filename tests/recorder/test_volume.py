"""A volume is the one that it was, or nothing is written."""

from pathlib import Path
from uuid import uuid4

import pytest

from recorder.footage.volume import open_volume, remembered_volume
from vigil.domain.camera import CameraId
from vigil.errors import SetupInvalid, VolumeUnavailable
from vigil.footage import MARKER, volume_at

CAMERA = CameraId(7)
#: 2026-09-21 14:13:20 UTC.
BEGUN_US = 1_790_000_000_123_456


def test_an_empty_folder_becomes_a_volume_and_stays_it(tmp_path: Path) -> None:
    made = open_volume(tmp_path / "footage", known=None)

    assert open_volume(tmp_path / "footage", known=None) == made
    assert volume_at(tmp_path / "footage") == made.volume_id


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")

    with pytest.raises(SetupInvalid, match="holds something else"):
        open_volume(tmp_path, known=None)
    assert not (tmp_path / MARKER).exists()


def test_a_disk_that_is_not_mounted_is_noticed_at_the_start(tmp_path: Path) -> None:
    path, memory = tmp_path / "footage", tmp_path / "memory.json"
    volume = remembered_volume(path, memory=memory)
    assert remembered_volume(path, memory=memory) == volume

    # Given what lies beneath the mount point
    (path / MARKER).unlink()

    with pytest.raises(VolumeUnavailable, match="is it mounted"):
        remembered_volume(path, memory=memory)
    assert not any(path.iterdir())


def test_a_disk_that_goes_away_is_not_filled_underneath(tmp_path: Path) -> None:
    volume = open_volume(tmp_path, known=None)
    (tmp_path / MARKER).write_text(str(uuid4()))

    with pytest.raises(VolumeUnavailable, match="is it mounted"):
        volume.create_segment(CAMERA, BEGUN_US)
    assert [each.name for each in tmp_path.iterdir()] == [MARKER]


def test_segments_that_begin_at_one_moment_have_names_of_their_own(tmp_path: Path) -> None:
    volume = open_volume(tmp_path, known=None)

    paths = [str(volume.create_segment(CAMERA, BEGUN_US)[1]) for _ in range(3)]

    assert paths == [
        "7/2026-09-21/14-13-20.123456Z.mp4",
        "7/2026-09-21/14-13-20.123456Z-1.mp4",
        "7/2026-09-21/14-13-20.123456Z-2.mp4",
    ]


def test_a_memory_that_is_spoilt_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text("{")
    with pytest.raises(SetupInvalid, match="Delete it"):
        remembered_volume(tmp_path / "footage", memory=tmp_path / "memory.json")
