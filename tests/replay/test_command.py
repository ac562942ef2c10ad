"""``vigil replay``: what somebody types, and is answered."""

import os
import resource
import signal
import subprocess
import sys
from datetime import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from object_recognition.replay.report import Report
from tests.builders import a_camera
from tests.masks import a_box
from tests.recognition.onnx_files import write_model
from tests.replay.footage import Street, grey, levels_of, write_clip, write_sound
from tests.waiting import wait_until
from vigil.camera_configs import KnownCameras
from vigil.camera_document import CameraConfig, Line, ModelUse, ScheduleSpan, Zone

BASIC = (ModelUse(model="basic"),)
RIGHT = Zone(points=((400, 0), (640, 0), (640, 360), (400, 360)), name="Gate")


def environment(home: Path) -> dict[str, str]:
    known = {key: value for key, value in os.environ.items() if "REDIS" not in key}
    return known | {"VIGIL_HOME": str(home / "home"), "DEFAULT_MODEL": "basic"}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "vigil", "replay", *map(str, arguments)]


def vigil_replay(
    home: Path, *arguments: str | Path, most_bytes: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command.

    Args:
        home: Where it is run.
        arguments: Of it.
        most_bytes: No file may grow larger, as if the disk were full.
    """
    return subprocess.run(
        command(*arguments),
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        preexec_fn=None if most_bytes is None else partial(_bound_files, most_bytes),
    )


def _bound_files(most_bytes: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


def configure(home: Path, *cameras: CameraConfig) -> None:
    """Keep cameras as a recognition worker keeps the last good configuration."""
    known = KnownCameras(generation=1, cameras={each.id: each for each in cameras})
    path = home / "home" / "object_recognition" / "cameras.json"
    path.parent.mkdir(parents=True)
    path.write_text(known.model_dump_json())


def test_a_table_says_who_was_seen_and_a_video_shows_it(tmp_path: Path, street: Street) -> None:
    done = vigil_replay(tmp_path, street.path, "--video", "out.mp4", "--begins", "2026-11-30T02:00")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "640x360, 80 of 160 frames looked at by basic recogniser" in lines[0]
    assert lines[1] == "begins at 2026-11-30 02:00:00 UTC"
    assert "settings of a new camera: min_confidence 0.4, frame_fps 5, recognition" in lines[2]
    [first] = [line for line in lines if line.startswith("#1 ")]
    assert first.split()[:2] == ["#1", "person"]
    assert "02:00:0" in first
    assert any("2 person" in line for line in lines)
    assert "160 of 160 frames" in done.stderr
    assert "times as fast as it was" in done.stderr
    assert len(levels_of(tmp_path / "out.mp4")) == 80


def test_a_machine_is_answered_in_json(tmp_path: Path, street: Street) -> None:
    done = vigil_replay(tmp_path, street.path, "--json", "--compare", "min_confidence=0.95")

    assert done.returncode == 0, done.stderr
    report = Report.model_validate_json(done.stdout)
    assert (report.is_whole, report.looks, report.frames) == (True, 80, 160)
    assert report.begins_at is None
    assert report.account.counts["person"] == 2
    assert report.comparison is not None
    assert report.comparison.account.settings["min_confidence"] == "0.95"
    assert report.comparison.only_after == ()


def test_the_settings_are_those_of_the_camera_unless_others_are_named(
    tmp_path: Path, street: Street
) -> None:
    # Given a camera that looks at its gate alone, whose left half nobody may see
    configure(
        tmp_path,
        a_camera(3, name="Yard", models=BASIC, zones=(RIGHT,), time_zone="Asia/Taipei"),
        a_camera(4, name="Door", models=BASIC, masks=(a_box(0, 0, 640, 360),)),
    )

    at_the_gate = vigil_replay(tmp_path, street.path, "--camera", "3", "--json")
    everywhere = vigil_replay(
        tmp_path, street.path, "--camera", "3", "--set", "zones=off", "--json"
    )
    masked = vigil_replay(tmp_path, street.path, "--camera", "4", "--json", "--video", "out.mp4")

    zoned, free, hidden = (
        Report.model_validate_json(each.stdout) for each in (at_the_gate, everywhere, masked)
    )
    assert (zoned.camera, zoned.name, zoned.account.settings["zones"]) == (3, "Yard", "1 (Gate)")
    assert {each.zones for each in zoned.account.objects} == {("Gate",)}
    assert any(each.reason == "zone" for each in zoned.account.dropped)
    assert free.account.dropped == ()
    assert free.account.objects[0].from_s < zoned.account.objects[0].from_s
    assert hidden.account.objects == ()
    # Black, but for the footer's letters
    assert max(levels_of(tmp_path / "out.mp4")) < 30


def test_a_note_says_which_settings_may_not_be_meant_for_this_clip(
    tmp_path: Path, street: Street
) -> None:
    # Given a zone that is there at night, and a line drawn on a larger picture
    at_night = RIGHT.model_copy(
        update={"schedule": (ScheduleSpan(start_time=time(22), end_time=time(6)),)}
    )
    far = Line(id=1, start=(0, 0), end=(1900, 1000), name="Kerb")
    configure(tmp_path, a_camera(3, models=BASIC, zones=(at_night,), lines=(far,)))
    replay = ("--camera", "3", "--json")

    unknown = vigil_replay(tmp_path, street.path, *replay)
    known = vigil_replay(tmp_path, street.path, *replay, "--begins", "2026-11-30T02:00")

    line = "line 'Kerb' reaches out of the 640x360 pictures: was it drawn on larger ones?"
    hours = (
        "nobody knows when it was captured, so zones with hours are judged as if it began at "
        "midnight; --begins says when it did"
    )
    assert Report.model_validate_json(unknown.stdout).notes == (hours, line)
    assert Report.model_validate_json(known.stdout).notes == (line,)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.mp4"], "'nothing.mp4' cannot be read: No such file or directory"),
        (["notes.txt"], "'notes.txt' is no video that can be read"),
        (["sound.mp4"], "'sound.mp4' has no video; it has audio"),
        (["clip.mp4", "--camera", "9"], "--camera 9: no camera is known here"),
        (["clip.mp4", "--set", "confidence=1"], "right is name=value, with one of frame_fps"),
        (["clip.mp4", "--compare", "frame_fps=1"], "with one of min_confidence, zones"),
        (["clip.mp4", "--begins", "yesterday"], "that is no time; right is 2026-11-30T02:00"),
        (["clip.mp4", "--video", "notes.txt"], "is there already; --force replaces it"),
        (["clip.mp4", "--video", "no/out.mp4"], "--video no/out.mp4: No such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_left(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "notes.txt").write_text("a man with a parcel\n" * 50)
    write_sound(tmp_path / "sound.mp4")
    write_clip(tmp_path / "clip.mp4", [grey(90)] * 5)
    before = sorted(path.name for path in tmp_path.iterdir())

    done = vigil_replay(tmp_path, *arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("vigil replay: ")
    assert words in line
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == before


def test_a_video_is_not_replaced_by_itself(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", [grey(90)] * 5)
    content = path.read_bytes()

    done = vigil_replay(tmp_path, "clip.mp4", "--video", "./clip.mp4", "--force")

    assert done.returncode == 2
    assert "is the clip itself" in done.stderr
    assert path.read_bytes() == content


@pytest.mark.parametrize("model", ["nobody.onnx", "http://127.0.0.1:9/best.onnx", "broken.onnx"])
def test_a_model_that_cannot_be_had_is_said_to_be_so(tmp_path: Path, model: str) -> None:
    write_clip(tmp_path / "clip.mp4", [grey(90)] * 5)
    write_model(tmp_path / "broken.onnx", np.zeros((1, 1000), np.float32))

    done = vigil_replay(tmp_path, "clip.mp4", "--model", model, "--video", "out.mp4")

    # Then nobody takes what the basic recogniser sees for what the model does
    assert done.returncode == 1
    assert done.stdout == ""
    assert "vigil replay: the model " in done.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_none_of_several_models_is_left_out_in_silence(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", [grey(90)] * 5)
    configure(tmp_path, a_camera(3, models=(*BASIC, ModelUse(model="/nowhere/plates.onnx"))))

    done = vigil_replay(tmp_path, "clip.mp4", "--camera", "3")

    assert (done.returncode, done.stdout) == (1, "")
    assert "the model cannot be had: /nowhere/plates.onnx: the file cannot be read" in done.stderr


def test_a_label_that_a_model_does_not_have_is_noted(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", [grey(90)] * 5)
    configure(tmp_path, a_camera(3, models=(ModelUse(model="basic", labels=("persn",)),)))

    done = vigil_replay(tmp_path, "clip.mp4", "--camera", "3", "--json")

    assert done.returncode == 0, done.stderr
    notes = Report.model_validate_json(done.stdout).notes
    assert any(each.startswith("basic: it has no label persn; it has person") for each in notes)


def test_what_looks_at_a_camera_has_to_be_known(tmp_path: Path) -> None:
    # Given a camera that nothing looks at, and one whose model only the site's secret names
    write_clip(tmp_path / "clip.mp4", [grey(90)] * 5)
    sealed = ModelUse(model="http://***/best.onnx", sealed="sealed elsewhere")
    configure(tmp_path, a_camera(3, models=()), a_camera(4, models=(sealed,)))

    off = vigil_replay(tmp_path, "clip.mp4", "--camera", "3")
    unknown = vigil_replay(tmp_path, "clip.mp4", "--camera", "4")

    assert (off.returncode, off.stdout) == (2, "")
    assert "camera 3 is looked at by nothing; --model names what is to" in off.stderr
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "sealed under another SECRET_KEY" in unknown.stderr
    assert "--model names another" in unknown.stderr
    for camera in ("3", "4"):
        done = vigil_replay(tmp_path, "clip.mp4", "--camera", camera, "--model", "basic")
        assert done.returncode == 0, done.stderr


def test_a_clip_that_was_cut_off_is_replayed_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", [grey(90)] * 100)
    os.truncate(path, path.stat().st_size // 2)

    done = vigil_replay(tmp_path, "clip.mkv")

    assert done.returncode == 0, done.stderr
    assert "note: it is cut off at 0:0" in done.stdout
    assert "of 0:10.0" in done.stdout


def test_a_full_disk_costs_the_video_and_not_the_table(tmp_path: Path, street: Street) -> None:
    done = vigil_replay(tmp_path, street.path, "--video", "out.mp4", most_bytes=50_000)

    assert done.returncode == 1
    assert "2 person" in done.stdout
    assert "note: the video was given up: File too large" in done.stdout
    assert [path.name for path in tmp_path.glob("*.mp4*")] == []
    assert [path.name for path in tmp_path.glob(".*.part")] == []


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_the_table_of_what_was_seen(
    tmp_path: Path, street: Street, which: signal.Signals
) -> None:
    process = subprocess.Popen(
        command(street.path, "--set", "frame_fps=10", "--video", "out.mp4"),
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        # When it has drawn some frames
        wait_until(
            lambda: any(path.stat().st_size for path in tmp_path.glob(".*.part")), timeout_s=60
        )
        process.send_signal(which)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()

    assert process.returncode == 130, err
    assert "cut short" in out
    assert "note: stopped at 0:" in out
    assert "note: the video was given up, as it would not be whole" in out
    assert list(tmp_path.glob("*.mp4")) == []
    assert list(tmp_path.glob(".*.part")) == []


def test_where_pyav_is_missing_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['av'] = None\n"
        "from vigil.cli import main; raise SystemExit(main(['replay', 'clip.mp4']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == ("vigil replay: it reads video with PyAV: pip install 'vigil[replay]'\n")
