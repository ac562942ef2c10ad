"""What a camera hears is in the files beside what it sees, in step with it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from recorder.recorded_camera import RecordedCamera
from tests.footage import Footage, footage_of
from tests.recorder.clips import FPS, frames_in
from tests.recorder.sounds import (
    BEEP_EVERY_S,
    BEEP_S,
    SOUNDS,
    Sound,
    audio_payloads_of,
    beeps_in,
    make_sounding_clip,
    shown_from_s,
)
from tests.recorder.studio import NOW_S, Studio
from vigil.bus.packets.base import Entry, EntryId

SECONDS = 8
#: A beep shows to the millisecond; what stands before it in a frame rings.
EXACTLY_S = 0.003


@dataclass(frozen=True, slots=True)
class Sounding:
    """Footage, and when each beep of it begins by ffmpeg, in the camera's own time."""

    footage: Footage
    beeps: Sequence[float]

    def between(self, begin_s: float, end_s: float) -> list[float]:
        return [beep for beep in self.beeps if begin_s <= beep < end_s]


@pytest.fixture(scope="session", params=SOUNDS)
def sounding(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sound, Sounding]:
    sound = SOUNDS[request.param]
    folder = tmp_path_factory.mktemp("clip")
    # Of Matroska and AVI FFmpeg does not tell the dts of B-frames.
    b_frames = 0 if sound.suffix in {"mkv", "avi"} else 2
    clip = make_sounding_clip(folder, sound, seconds=SECONDS, b_frames=b_frames)
    return sound, Sounding(footage_of(clip), beeps_in(clip))


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sounding]:
    """Give one of what is copied, and one of what is encoded."""
    made = {}
    for name in ("AAC", "A-law"):
        clip = make_sounding_clip(tmp_path_factory.mktemp("clip"), SOUNDS[name], seconds=SECONDS)
        made[name] = Sounding(footage_of(clip), beeps_in(clip))
    return made


@pytest.fixture
def aac(clips: dict[str, Sounding]) -> Footage:
    return clips["AAC"].footage


def video_of(sent: Footage) -> list[Entry]:
    return [entry for entry in sent.entries if entry.packet.stream_index == 0]


def audio_of(sent: Footage) -> list[Entry]:
    """Return the audio that begins with the first picture or behind it."""
    return [
        entry
        for entry in sent.entries
        if entry.packet.stream_index == 1
        and entry.packet.pts * entry.packet.time_base >= first_s(sent)
    ]


def numbered(entries: Sequence[Entry]) -> list[Entry]:
    """Return packets as a log would have them that came in this order."""
    return [
        replace(entry, entry_id=EntryId(f"{number}-0")) for number, entry in enumerate(entries, 10)
    ]


def shifted(sent: Footage, late_s: float) -> Footage:
    """Return footage of which the audio comes so much later than its video; or earlier."""

    def comes_s(entry: Entry) -> float:
        packet = entry.packet
        return float(packet.dts * packet.time_base) + late_s * packet.stream_index

    return replace(sent, entries=numbered(sorted(sent.entries, key=comes_s)))


def recorded(studio: Studio, *, at_once: int = 40) -> RecordedCamera:
    camera = studio.camera()
    camera.with_audio = True
    for at in range(0, len(studio.sent.entries), at_once):
        camera.take(studio.sent.entries[at : at + at_once], now_s=NOW_S)
        camera.sync(now_s=NOW_S)
    camera.close()
    return camera


def heard_at(sent: Footage, path: Path) -> list[float]:
    """Return when each beep of a file was sent, in seconds of the camera's own time.

    The file's time zero is the dts of its first picture, which is looked up by its content.
    """
    base_s = shown_from_s(sent, path)
    return [base_s + beep for beep in beeps_in(path)]


def first_s(sent: Footage) -> float:
    first = video_of(sent)[0].packet
    return float(first.pts * first.time_base)


@pytest.mark.parametrize("late_s", [0.0, -0.7, 0.7])
def test_every_beep_is_where_the_camera_heard_it(
    tmp_path: Path, sounding: tuple[Sound, Sounding], late_s: float
) -> None:
    sound, clip = sounding
    studio = Studio(tmp_path, shifted(clip.footage, late_s))

    camera = recorded(studio)

    assert (camera.error, camera.audio_error) == (None, None)
    assert [frames_in(path) for path in studio.files()] == [75, 75, 50]
    for number, path in enumerate(studio.files()):
        heard = heard_at(studio.sent, path)
        begin_s = first_s(clip.footage) + 3 * number
        # The first of a file may be cut short by a frame that began before it
        whole = clip.between(begin_s + sound.frame_s + BEEP_S, begin_s + (3, 3, 2)[number] - 0.1)
        near = [min(heard, key=lambda at, beep=beep: abs(at - beep)) for beep in whole]  # type: ignore[misc]
        assert len(whole) >= 3
        assert near == pytest.approx(whole, abs=EXACTLY_S + sound.stamp_s)
        # And no other is heard, but for that first
        assert len(whole) <= len(heard) <= len(whole) + 2


@pytest.mark.parametrize("late_s", [0.0, -0.7, 0.7])
def test_no_packet_that_is_copied_is_lost_or_there_twice(
    tmp_path: Path, sounding: tuple[Sound, Sounding], late_s: float
) -> None:
    sound, clip = sounding
    if not sound.is_copied:
        pytest.skip("it is encoded")
    studio = Studio(tmp_path, shifted(clip.footage, late_s))

    recorded(studio)

    came = [payload for path in studio.files() for payload in audio_payloads_of(path)]
    wanted = [sound.payload(entry.packet.data) for entry in audio_of(clip.footage)]
    assert [wanted.index(payload) for payload in came] == [wanted.index(each) for each in wanted]


@pytest.mark.parametrize("name", ["AAC", "A-law"])
@pytest.mark.parametrize("late_s", [0.0, -0.7, 0.7])
@pytest.mark.parametrize(
    ("synced", "read"), [(0, 30), (60, 60), (150, 260), (200, 201), (270, 290), (400, 500)]
)
def test_who_goes_on_after_a_kill_loses_no_sound(
    tmp_path: Path, clips: dict[str, Sounding], name: str, late_s: float, synced: int, read: int
) -> None:
    studio = Studio(tmp_path, shifted(clips[name].footage, late_s))
    entries = studio.sent.entries
    synced, read = (each * len(entries) // 600 for each in (synced, read))
    first = studio.camera()
    first.with_audio = True
    first.take(entries[:synced], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    first.take(entries[synced:read], now_s=NOW_S)
    # Given that it was killed
    second = studio.camera()
    second.with_audio = True

    second.take(studio.behind(second.position), now_s=NOW_S)
    second.close()

    assert {entry.packet.data for entry in video_of(studio.sent)} <= set(studio.recorded())
    heard = sorted(at for path in studio.files() for at in heard_at(studio.sent, path))
    frame_s = SOUNDS[name].frame_s
    for beep in clips[name].between(frame_s, SECONDS - 0.5):
        nearest = min(heard, key=lambda at, beep=beep: abs(at - beep))  # type: ignore[misc]
        assert nearest == pytest.approx(beep, abs=frame_s)
    if name == "AAC":
        came = {payload for path in studio.files() for payload in audio_payloads_of(path)}
        wanted = [entry.packet.data for entry in audio_of(studio.sent)]
        assert [number for number, data in enumerate(wanted) if data not in came] == []


def test_a_mark_is_never_ahead_of_what_was_heard(tmp_path: Path, aac: Footage) -> None:
    # Given sound that comes late
    studio = Studio(tmp_path, shifted(aac, 0.7))
    camera = studio.camera(segment_s=60)
    camera.with_audio = True
    order = [entry.entry_id for entry in studio.sent.entries]
    for entry in studio.sent.entries:
        camera.take([entry], now_s=NOW_S)
        camera.sync(now_s=NOW_S)
        [path] = studio.files()[:1] or [None]
        if camera.mark is None or path is None or not path.stat().st_size:
            continue
        # Then whoever reads on from the GOP of the mark reads all that is in no whole fragment
        there = set(studio.recorded()) | set(audio_payloads_of(path))
        gop = order.index(EntryId(camera.mark.gop)) if camera.mark.gop in order else -1
        passed = studio.sent.entries[: gop + 1]
        wanted = [entry for entry in (*video_of(aac), *audio_of(aac)) if entry in passed]
        assert all(entry.packet.data in there for entry in wanted)


def test_a_camera_whose_audio_is_not_wanted_is_recorded_as_one_that_has_none(
    tmp_path: Path, aac: Footage
) -> None:
    studio = Studio(tmp_path / "with", aac)
    camera = studio.camera()
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.close()
    silent = Studio(tmp_path / "without", replace(aac, entries=video_of(aac)))
    other = silent.camera()
    other.take(silent.sent.entries, now_s=NOW_S)
    other.close()

    assert [path.read_bytes() for path in studio.files()] == [
        path.read_bytes() for path in silent.files()
    ]


def test_video_is_the_same_with_audio_and_without(tmp_path: Path, aac: Footage) -> None:
    studio = Studio(tmp_path, aac)
    recorded(studio)

    assert studio.recorded() == [entry.packet.data for entry in video_of(aac)]
    assert [frames_in(path) for path in studio.files()] == [75, 75, 50]


def test_audio_is_switched_on_and_off_with_the_next_keyframe(tmp_path: Path, aac: Footage) -> None:
    studio = Studio(tmp_path, aac)
    camera = studio.camera(segment_s=60)
    entries = studio.sent.entries
    third = len(entries) // 3
    for number, is_wanted in enumerate((False, True, False)):
        camera.with_audio = is_wanted
        camera.take(entries[number * third : (number + 1) * third], now_s=NOW_S)
        camera.sync(now_s=NOW_S)
    camera.close()

    assert [bool(audio_payloads_of(path)) for path in studio.files()] == [False, True, False]
    assert studio.recorded() == [entry.packet.data for entry in video_of(aac)]
    for before, after in itertools.pairwise(studio.files()):
        assert frames_in(before) % FPS == 0
        assert frames_in(after)
