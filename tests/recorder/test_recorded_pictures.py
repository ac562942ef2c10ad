"""A camera that sends pictures is recorded as video that browsers take, picture by picture."""

import errno
import itertools
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from recorder.recorded_camera import RecordedCamera
from tests.footage import BEGAN_US, Footage, footage_of
from tests.programs import FFPROBE
from tests.recorder.cards import (
    card,
    card_entry,
    cards,
    keyframes_of,
    numbers_in,
    recording,
    shown_at_s,
    taken,
)
from tests.recorder.clips import frames_in
from tests.recorder.listening import first_s
from tests.recorder.sounds import SOUNDS, beeps_in, make_sounding_clip
from tests.recorder.studio import NOW_S, Studio
from tests.waiting import wait_until
from vigil.bus.packets.base import Entry
from vigil.clock import MICROSECONDS
from vigil.messages import GapReason


@pytest.fixture
def drawn() -> Footage:
    """Give eight seconds of numbered pictures."""
    return cards(80)


@pytest.fixture
def studio(tmp_path: Path, drawn: Footage) -> Studio:
    """Give one that knows the template of pictures of any size."""
    return Studio(tmp_path, drawn)


def send_also(studio: Studio, more: Footage) -> Sequence[Entry]:
    studio.templates[more.template.template_id] = more.template
    return more.entries


def test_every_picture_is_there_in_order_and_at_its_time(studio: Studio, drawn: Footage) -> None:
    # Given pictures that come unevenly
    entries = [
        replace(
            each,
            packet=replace(
                each.packet,
                pts=each.packet.pts + 1800 * (number % 3),
                dts=each.packet.dts + 1800 * (number % 3),
            ),
        )
        for number, each in enumerate(drawn.entries)
    ]
    with recording(studio) as camera:
        taken(camera, entries)
        camera.close()

    [path] = studio.files()
    assert numbers_in(path) == list(range(80))
    assert shown_at_s(path) == pytest.approx(
        [number / 10 + 0.02 * (number % 3) for number in range(80)], abs=0.001
    )
    assert keyframes_of(path) == [0, 20, 40, 60]
    [_, done] = studio.segments()
    assert (done.codec, done.width_px, done.height_px) == ("h264", 160, 120)
    assert done.begun_us == BEGAN_US
    assert (camera.error, camera.status("me").encoding_error) == (None, None)


@pytest.mark.needs("ffmpeg")
def test_ffprobe_finds_what_browsers_take(studio: Studio) -> None:
    odd = cards(10, size_wh=(163, 121))
    with recording(studio) as camera:
        taken(camera, send_also(studio, odd))
        camera.close()

    [path] = studio.files()
    command = [FFPROBE, "-v", "error", "-show_streams", "-of", "json", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not answer.stderr
    [video] = json.loads(answer.stdout)["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 162, 120)
    assert video["pix_fmt"] in {"yuv420p", "yuvj420p"}
    assert (video["color_range"], video["has_b_frames"]) == ("pc", 0)
    # A JPEG's colours, by the name of the same matrix
    assert video["color_space"] in {"smpte170m", "bt470bg"}


def test_files_begin_with_a_keyframe_whenever_they_are_to(studio: Studio, drawn: Footage) -> None:
    with recording(studio, segment_s=3) as camera:
        taken(camera, drawn.entries[:57])
        camera.begin_file()
        taken(camera, drawn.entries[57:])
        camera.close()

    seen = [numbers_in(path) for path in studio.files()]
    assert [numbers[0] for numbers in seen] == [0, 40, 57]
    assert list(itertools.chain(*seen)) == list(range(80))
    assert not studio.gaps()


def test_a_still_camera_of_one_picture_in_ten_seconds_is_recorded(studio: Studio) -> None:
    with recording(studio) as camera:
        taken(camera, cards(7, fps=0.1).entries)
        camera.close()

    [path, following] = studio.files()
    assert numbers_in(path) + numbers_in(following) == list(range(7))
    assert keyframes_of(path) == list(range(6))
    assert shown_at_s(path) == pytest.approx([10.0 * number for number in range(6)])


def test_garbage_is_left_out_with_a_count_and_a_reason(studio: Studio, drawn: Footage) -> None:
    spoilt = list(drawn.entries)
    half = card(30)[: len(card(30)) // 2]
    # The one that is due to be a keyframe, too
    for number, content in {0: half, 7: b"\xff\xd8 no JPEG", 8: b"", 20: half}.items():
        packet = replace(spoilt[number].packet, data=content)
        spoilt[number] = replace(spoilt[number], packet=packet)
    with recording(studio) as camera:
        taken(camera, spoilt[:30])
        error = camera.status("me").encoding_error
        taken(camera, spoilt[30:], now_s=NOW_S + 60)
        camera.sync(now_s=NOW_S + 60)
        over = camera.status("me").encoding_error
        camera.close()

    [path] = studio.files()
    assert numbers_in(path) == [n for n in range(80) if n not in {0, 7, 8, 20}]
    assert error is not None
    assert error.startswith("4 pictures were left out; of the last: it is no whole JPEG")
    assert over is None
    assert not studio.gaps()


def test_a_camera_of_which_nothing_is_a_picture_is_said_to_have_none(
    studio: Studio, drawn: Footage
) -> None:
    entries = [
        replace(each, packet=replace(each.packet, data=b"\xff\xd8 nonsense"))
        for each in drawn.entries[:5]
    ]
    with recording(studio) as camera:
        taken(camera, entries)
        status = camera.status("me")

    assert not studio.files()
    assert "no whole JPEG" in str(status.error)


def test_another_size_begins_another_file(studio: Studio, drawn: Footage) -> None:
    larger = send_also(studio, cards(20, first=30, size_wh=(320, 180)))
    with recording(studio) as camera:
        taken(camera, [*drawn.entries[:30], *larger, *drawn.entries[50:60]])
        camera.close()

    seen = [numbers_in(path) for path in studio.files()]
    assert seen == [list(range(30)), list(range(30, 50)), list(range(50, 60))]
    done = [each for each in studio.segments() if each.ended_us is not None]
    assert [each.width_px for each in done] == [160, 320, 160]
    assert not studio.gaps()


def test_other_video_within_a_connection_is_recorded_in_its_order(
    studio: Studio, drawn: Footage, sent: Footage
) -> None:
    # Given pictures, then H.264 as it comes, then pictures again
    shift = replace(
        sent,
        entries=[
            replace(
                each,
                packet=replace(
                    each.packet, captured_at_us=each.packet.captured_at_us + 2 * MICROSECONDS
                ),
            )
            for each in sent.entries[:50]
        ],
    )
    studio.templates[drawn.template.template_id] = drawn.template
    with recording(studio) as camera:
        taken(camera, drawn.entries[:20])
        pid = _encoder_pid()
        taken(camera, [*drawn.entries[20:22], *send_also(studio, shift)])
        wait_until(lambda: not psutil.pid_exists(pid), timeout_s=20)
        taken(camera, drawn.entries[40:])
        camera.close()

    first, second, third = studio.files()
    assert numbers_in(first) == list(range(22))
    assert second.read_bytes().count(sent.entries[10].packet.data[-40:]) == 1
    assert numbers_in(third) == list(range(40, 80))


def test_a_pause_ends_the_file_and_is_a_gap_of_the_camera(studio: Studio, drawn: Footage) -> None:
    with recording(studio) as camera:
        taken(camera, [*drawn.entries[:23], *cards(20, first=23, from_s=6.0).entries])
        camera.close()

    assert [numbers_in(path) for path in studio.files()] == [
        list(range(23)), list(range(23, 43)),
    ]  # fmt: skip
    [gap] = studio.gaps()
    assert gap.reason is GapReason.CAMERA


def test_an_encoder_that_is_killed_costs_no_picture(studio: Studio, drawn: Footage) -> None:
    with recording(studio) as camera:
        for begin in range(0, 80, 8):
            # Some of them are with the encoder when it dies
            camera.take(drawn.entries[begin : begin + 8], now_s=NOW_S)
            os.kill(_encoder_pid(), signal.SIGKILL)
            taken(camera, [])
            camera.sync(now_s=NOW_S)
        camera.close()

    seen = [numbers_in(path) for path in studio.files()]
    # What is encoded anew goes on in the same file
    assert seen == [list(range(80))]
    assert not studio.gaps()


@pytest.mark.parametrize("synced", [0, 5, 33])
@pytest.mark.parametrize("read", [33, 41, 79])
def test_who_goes_on_after_a_kill_loses_no_picture(
    studio: Studio, drawn: Footage, synced: int, read: int
) -> None:
    with recording(studio) as first:
        taken(first, drawn.entries[:synced])
        first.sync(now_s=NOW_S)
        # Given that it was killed while these were being encoded
        first.take(drawn.entries[synced:read], now_s=NOW_S)
        first.take_encoded(now_s=NOW_S)

        with recording(studio) as second:
            taken(second, studio.behind(second.position))
            second.close()

    seen = [numbers_in(path) for path in studio.files()]
    assert set(itertools.chain(*seen)) == set(range(80))
    for numbers in seen:
        assert numbers == list(range(numbers[0] or 0, (numbers[-1] or 0) + 1))
    # Up to a GOP is there twice, and what was whole and not synced
    assert sum(map(len, seen)) <= 80 + 20 + 10
    assert not studio.gaps()


def test_the_encoder_has_no_secret_and_the_lowest_claim(
    studio: Studio, drawn: Footage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret that no child is told")
    with recording(studio) as camera:
        taken(camera, drawn.entries[:3])
        child = psutil.Process(_encoder_pid())

        assert set(child.environ()) <= {"PYTHONPATH", "LC_CTYPE"}
        assert child.nice() == psutil.Process().nice() + 10
        assert child.rlimit(psutil.RLIMIT_AS)[0] == 3 * 2**30
        camera.leave()
        assert child.wait(20) is not None


def test_pictures_that_come_too_fast_are_left_out_evenly_and_told_of(studio: Studio) -> None:
    # Given five seconds of more than any machine encodes
    fps, count = 1000, 5000
    drawn = cards(20, size_wh=(1280, 720))
    send_also(studio, drawn)
    jpegs = itertools.cycle(each.packet.data for each in drawn.entries)
    entries = [
        card_entry(number, drawn.template, number / fps, next(jpegs)) for number in range(count)
    ]
    with recording(studio) as camera:
        camera.pictures.note_newest(entries[-1].entry_id)
        taken(camera, entries)
        error = camera.status("me").encoding_error
        camera.close()

    [path] = studio.files()
    times_s = shown_at_s(path)
    assert len(times_s) < 0.8 * count
    # Some of the first were taken before it was known; then the steps are even, up to the end
    steps_s = [b - a for a, b in itertools.pairwise(times_s) if a > 1.0]
    assert max(steps_s) < 0.5
    assert times_s[-1] > count / fps - 0.5
    assert error is not None
    assert error.startswith("the machine encodes ")
    assert not studio.gaps()


@pytest.mark.parametrize("name", ["A-law", "AAC", "G.726"])
def test_what_such_a_camera_hears_is_heard_with_its_pictures(tmp_path: Path, name: str) -> None:
    video = "mjpeg -q:v 4 -pix_fmt yuvj420p"
    clip = make_sounding_clip(tmp_path, replace(SOUNDS[name], suffix="mkv"), seconds=6, video=video)
    sent = footage_of(clip)
    with recording(Studio(tmp_path / "footage", sent)) as camera:
        camera.with_audio = True
        taken(camera, sent.entries)
        camera.close()

    [path] = (tmp_path / "footage").rglob("*.mp4")
    assert frames_in(path) == 150
    assert camera.status("me").audio_error is None
    # The file's time begins with the first picture
    heard = [beep + first_s(sent) for beep in beeps_in(path) if beep > 0.3]
    assert heard == pytest.approx([beep for beep in beeps_in(clip) if beep > 0.4], abs=0.005)


def test_a_disk_that_fills_costs_no_picture(
    studio: Studio, drawn: Footage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with recording(studio) as camera:
        taken(camera, drawn.entries[:30])
        camera.sync(now_s=NOW_S)
        camera.take(drawn.entries[30:40], now_s=NOW_S)
        with monkeypatch.context() as filled:
            filled.setattr("recorder.segment.os.write", full)
            wait_until(lambda: _is_broken_off(camera), timeout_s=60)
        # Then what waited is read again
        taken(camera, studio.behind(camera.position))
        camera.close()

    numbers = list(itertools.chain(*map(numbers_in, studio.files())))
    assert set(numbers) == set(range(80))
    assert not studio.gaps()


def _is_broken_off(camera: RecordedCamera) -> bool:
    camera.take_encoded(now_s=NOW_S)
    return "No space left" in str(camera.error) and not camera.pictures.is_waiting


def _encoder_pid() -> int:
    """Return the process of the one encoder, once there is one."""
    found = list[int]()

    def is_there() -> bool:
        found[:] = [each.pid for each in psutil.Process().children() if _is_encoder(each)]
        return bool(found)

    wait_until(is_there, timeout_s=20)
    return found[-1]


def _is_encoder(process: psutil.Process) -> bool:
    try:
        return "recorder.encoding.child" in process.cmdline()
    except psutil.Error:
        # It was killed a moment ago.
        return False
