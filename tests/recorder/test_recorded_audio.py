"""What a camera hears is in the files beside what it sees, in step with it."""

import itertools
import struct
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from recorder.audio.decoder import AudioDecoder
from recorder.audio.muxer import TwoTrackMuxer
from tests.footage import Footage, footage_of
from tests.recorder.clips import FPS, frames_in
from tests.recorder.listening import (
    Sounding,
    audio_of,
    first_s,
    heard_at,
    recorded,
    shifted,
    video_of,
)
from tests.recorder.sounds import (
    BEEP_S,
    SOUNDS,
    Sound,
    audio_payloads_of,
    beeps_in,
    heard_in,
    make_sounding_clip,
)
from tests.recorder.studio import NOW_S, Studio
from vigil.bus.packets.base import Entry, EntryId
from vigil.media.template import audio_in, reopened
from vigil.mp4.boxes import boxes_in

SECONDS = 8
#: A beep shows to the millisecond; what stands before it in a frame rings.
EXACTLY_S = 0.003


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


@pytest.mark.parametrize(
    "sounding", [name for name, sound in SOUNDS.items() if sound.is_copied], indirect=True
)
@pytest.mark.parametrize("late_s", [0.0, -0.7, 0.7])
def test_no_packet_that_is_copied_is_lost_or_there_twice(
    tmp_path: Path, sounding: tuple[Sound, Sounding], late_s: float
) -> None:
    sound, clip = sounding
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
        files = [path for path in studio.files() if path.stat().st_size]
        if camera.mark is None or not files:
            continue
        # Then whoever reads on from the GOP of the mark reads all that is in no whole fragment
        there = set(studio.recorded()) | set(audio_payloads_of(files[0]))
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


def test_what_a_decoder_has_learnt_is_known_in_the_next_file(tmp_path: Path) -> None:
    # Given ADPCM, which tells of each sample how it differs from what was before
    sent = footage_of(make_sounding_clip(tmp_path, SOUNDS["G.722"], seconds=SECONDS))
    studio = Studio(tmp_path / "footage", sent)
    recorded(studio)

    # Then the beep with which a file begins is as loud as any
    for path in studio.files()[1:]:
        begin = heard_in(path)[: round(BEEP_S * 48_000)]
        assert np.abs(begin).max() > 0.45


@pytest.mark.parametrize("name", ["AAC", "A-law"])
def test_what_is_said_to_be_whole_is_heard_wherever_the_file_is_cut(
    tmp_path: Path, clips: dict[str, Sounding], name: str
) -> None:
    sent = clips[name].footage
    entries = sorted(video_of(sent) + audio_of(sent), key=stamp_s)
    with reopened(sent.template) as container:
        audio = audio_in(container)
    assert audio is not None
    written, whole = bytearray(), dict[EntryId, int]()
    muxer = TwoTrackMuxer(
        sent.template, audio, AudioDecoder(), first=entries[0], write=written.extend
    )
    for entry in entries:
        (muxer.add_audio if entry.packet.stream_index else muxer.add)(entry)
        if muxer.whole_until is not None:
            whole.setdefault(muxer.whole_until, len(written))

    assert len(whole) >= 12
    path = tmp_path / "cut.mp4"
    numbers = {entry.entry_id: number for number, entry in enumerate(entries)}
    for until, size_bytes in whole.items():
        path.write_bytes(written[:size_bytes])
        passed = entries[: numbers[until] + 1]
        heard = [entry.packet for entry in passed if entry.packet.stream_index == 1]
        end_s = max(float((each.pts + each.duration) * each.time_base) for each in heard)
        with av.open(path) as cut:
            newest = [packet for packet in cut.demux(audio=0) if packet.size][-1]
        assert newest.pts is not None
        assert newest.time_base is not None
        there_s = float((newest.pts + (newest.duration or 0)) * newest.time_base)
        assert there_s >= end_s - first_s(sent) - 0.002


def stamp_s(entry: Entry) -> tuple[float, int]:
    return float(entry.packet.pts * entry.packet.time_base), entry.packet.stream_index


def test_the_index_at_a_files_end_names_each_fragment_of_both(tmp_path: Path, aac: Footage) -> None:
    studio = Studio(tmp_path, aac)
    recorded(studio)

    for path in studio.files():
        content = path.read_bytes()
        boxes = list(boxes_in(content, 0, len(content)))
        fragments = [box.begin for box in boxes if box.kind == b"moof"]
        [index] = [box for box in boxes if box.kind == b"mfra"]
        tables = [box for box in boxes_in(content, index.body, index.end) if box.kind == b"tfra"]
        named = {
            struct.unpack_from(">Q", content, at + 8)[0]
            for table in tables
            for at in range(table.body + 16, table.end, 19)
        }
        # FFmpeg names those of video that begin with a keyframe
        assert len(tables) == 2
        assert named <= set(fragments)
        assert len(named) > len(fragments) / 2
        # A player finds the index by what the file ends with
        assert struct.unpack(">I", content[-4:])[0] == index.end - index.begin
        # And all are numbered one after the other
        numbers = [struct.unpack_from(">I", content, at + 20)[0] for at in fragments]
        assert numbers == list(range(1, len(fragments) + 1))


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
