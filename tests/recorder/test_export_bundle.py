"""A ZIP of several cameras, with a manifest that proves it."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest

from recorder.exports.bundle import folder_of
from recorder.exports.making import make
from recorder.exports.shelf import Shelf
from tests.builders import an_order
from tests.footage import BEGAN_US, footage_of
from tests.recorder.clips import frames_in, make_clip
from tests.recorder.studio import CAMERA, NOW_S, Studio
from tests.recorder.written import write_segment
from vigil.clock import FakeClock
from vigil.errors import FootageInvalid
from vigil.exports import ExportedCamera, ExportKind
from vigil.facts import ExportResult

_NAME = UUID(int=5)
OTHER, NONE = 8, 9


def _make(studio: Studio, *cameras: ExportedCamera, **changes: Any) -> ExportResult:
    order = an_order(
        _NAME,
        kind=ExportKind.ZIP,
        cameras=cameras,
        since_us=BEGAN_US,
        until_us=BEGAN_US + 20_000_000,
        **changes,
    )
    shelf = Shelf(studio.volume, kept=timedelta(days=1), clock=FakeClock())
    return make(order, studio.volume, shelf, say=lambda _: None)


def _camera(camera_id: int, name: str) -> ExportedCamera:
    return ExportedCamera(camera_id=camera_id, name=name, since_us=0)


@pytest.fixture
def recorded(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Give a volume with a camera that changed its codec, and another with a gap."""
    other = make_clip(tmp_path_factory.mktemp("hevc") / "c.mp4", seconds=2, codec="libx265")
    camera = studio.camera(segment_s=60)
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.close()
    write_segment(studio.volume, footage_of(other), CAMERA, BEGAN_US + 10_000_000)
    write_segment(studio.volume, studio.sent, OTHER, BEGAN_US)
    write_segment(studio.volume, studio.sent, OTHER, BEGAN_US + 12_000_000)
    return studio


def test_each_camera_s_files_gaps_and_sums_are_in_it(recorded: Studio, tmp_path: Path) -> None:
    result = _make(
        recorded, _camera(CAMERA, "Yard"), _camera(OTHER, "門口"), _camera(NONE, "Attic")
    )

    out = tmp_path / "out"
    with ZipFile(recorded.volume.path / result.path) as found:
        assert found.testzip() is None
        found.extractall(out)
    # By anybody's tool
    command = ["sha256sum", "-c", "SHA256SUMS"]
    check = subprocess.run(command, cwd=out, capture_output=True, check=False, text=True)
    assert check.returncode == 0, check.stderr
    assert check.stdout.count(": OK") == 4

    yard, gate, attic = json.loads((out / "manifest.json").read_text())["cameras"]
    assert [(each["path"], each["tracks"]) for each in yard["files"]] == [
        ("Yard-7/2026-09-21_14-13-20Z.mp4", ["h264 160x96"]),
        ("Yard-7/2026-09-21_14-13-30Z.mp4", ["hevc 160x96"]),
    ]
    assert [frames_in(out / each["path"]) for each in yard["files"]] == [200, 50]
    [file] = gate["files"]
    assert file["path"] == "門口-8/2026-09-21_14-13-20Z.mp4"
    assert frames_in(out / file["path"]) == 400
    assert gate["gaps"] == [{"begun_at": _at(28), "ended_at": _at(32)}]
    assert (attic["files"], len(attic["gaps"])) == ([], 1)
    assert (result.begun_us, result.ended_us) == (BEGAN_US, BEGAN_US + 20_000_000)
    assert {each.camera_id for each in result.gaps} == {CAMERA, OTHER, NONE}


def _at(second: int) -> str:
    return f"2026-09-21T14:13:{second:02}+00:00"


def test_of_no_footage_there_is_no_zip(recorded: Studio) -> None:
    with pytest.raises(FootageInvalid, match="no footage of any of the cameras"):
        _make(recorded, _camera(NONE, "Attic"), _camera(10, "Cellar"))
    assert list((recorded.volume.path / "exports").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Yard", "Yard-7"),
        ("../../etc", "etc-7"),
        ("a/b\\c:d*e\n", "a_b_c_d_e-7"),
        ("", "camera-7"),
        ("...", "camera-7"),
        ("x" * 100, "x" * 60 + "-7"),
        ("ประตู", "ประตู-7"),
    ],
)
def test_a_camera_s_name_becomes_a_folder_on_any_system(name: str, folder: str) -> None:
    assert folder_of(a_camera_called(name)) == folder


def a_camera_called(name: str) -> ExportedCamera:
    return ExportedCamera(camera_id=7, name=name, since_us=0)
