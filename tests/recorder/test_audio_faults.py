"""Whatever a camera sends for sound, its video is recorded; what can be heard is where it was."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
import structlog.testing

from recorder.recorded_camera import RecordedCamera
from tests.footage import Footage, footage_of
from tests.recorder.clips import frames_in, make_clip
from tests.recorder.listening import (
    Sounding,
    audio_of,
    first_s,
    heard_at,
    numbered,
    shifted,
    video_of,
)
from tests.recorder.sounds import SOUNDS, Sound, audio_payloads_of, beeps_in, make_sounding_clip
from tests.recorder.studio import NOW_S, Studio
from vigil.bus.packets.base import Entry, Template
from vigil.domain.packet import Packet
from vigil.errors import BusUnavailable

Change = Callable[[Packet], Packet | None]


def at_s(packet: Packet) -> float:
    return float(packet.pts * packet.time_base)


def with_audio_changed(sent: Footage, change: Change) -> Footage:
    """Return footage whose packets of audio are what change makes of them; None: they are gone."""
    entries = []
    for entry in sent.entries:
        packet = entry.packet if entry.packet.stream_index == 0 else change(entry.packet)
        if packet is not None:
            entries.append(replace(entry, packet=packet))
    return replace(sent, entries=numbered(entries))


def record(studio: Studio, entries: Sequence[Entry] | None = None) -> RecordedCamera:
    camera = studio.camera(segment_s=60)
    camera.with_audio = True
    sent = studio.sent.entries if entries is None else entries
    for at in range(0, len(sent), 40):
        camera.take(sent[at : at + 40], now_s=NOW_S)
        camera.sync(now_s=NOW_S)
    return camera


def kept(*spans: tuple[float, float]) -> Change:
    return lambda packet: (
        packet if any(begin <= at_s(packet) < end for begin, end in spans) else None
    )


@pytest.mark.parametrize("name", ["AAC", "A-law"])
@pytest.mark.parametrize(
    "spans",
    {
        "it begins late": [(4.3, 9)],
        "it vanishes": [(0, 4.3)],
        "it comes in bursts": [(0, 1.3), (4.3, 5.3), (6.3, 9)],
        "packets are lost": [(0, 2.2), (2.3, 4.2), (4.25, 9)],
    }.values(),
)
def test_what_is_heard_now_and_then_is_heard_when_it_was(
    tmp_path: Path, clips: dict[str, Sounding], name: str, spans: list[tuple[float, float]]
) -> None:
    clip = clips[name]
    studio = Studio(tmp_path, with_audio_changed(clip.footage, kept(*spans)))
    record(studio).close()

    [path] = studio.files()
    heard = heard_at(studio.sent, path)
    frame_s = SOUNDS[name].frame_s
    wanted = [
        beep
        for beep in clip.beeps
        if any(begin + frame_s < beep < end - 0.1 - frame_s for begin, end in spans)
    ]
    assert len(wanted) >= 6
    for beep in wanted:
        nearest = min(heard, key=lambda at, beep=beep: abs(at - beep))  # type: ignore[misc]
        assert nearest == pytest.approx(beep, abs=frame_s)
    # A player that takes no note of holes hears the same: there are none
    with av.open(path) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
    ends = [(packet.pts or 0) + (packet.duration or 0) for packet in packets[:-1]]
    lengths = {packet.duration for packet in packets}
    assert [packet.pts for packet in packets[1:]] == ends
    assert lengths == {1024}
    assert studio.recorded() == [entry.packet.data for entry in video_of(clip.footage)]


def stuck(packet: Packet) -> Packet:
    return replace(packet, pts=0, dts=0)


def backwards(packet: Packet) -> Packet:
    return replace(packet, pts=-packet.pts, dts=-packet.dts)


def astray(packet: Packet) -> Packet:
    hour = round(3600 / packet.time_base)
    return replace(packet, pts=packet.pts + hour, dts=packet.dts + hour)


def shaken(packet: Packet) -> Packet:
    by = random.Random(packet.pts).randrange(-1, 2) * round(30 / 1000 / packet.time_base)
    return replace(packet, pts=packet.pts + by, dts=packet.dts + by)


def without_length(packet: Packet) -> Packet:
    return replace(packet, duration=0)


@pytest.mark.parametrize("name", ["AAC", "A-law"])
@pytest.mark.parametrize("change", [stuck, backwards, astray, shaken, without_length])
def test_broken_stamps_cost_no_video(
    tmp_path: Path, clips: dict[str, Sounding], name: str, change: Change
) -> None:
    clip = clips[name]
    studio = Studio(tmp_path, with_audio_changed(clip.footage, change))
    camera = record(studio)
    error = camera.status("me").audio_error
    camera.close()

    [path] = studio.files()
    assert camera.error is None
    assert studio.recorded() == [entry.packet.data for entry in video_of(clip.footage)]
    if change in (shaken, without_length):
        assert len(heard_at(studio.sent, path)) >= len(clip.beeps) - 2
        for heard in heard_at(studio.sent, path)[1:]:
            assert min(abs(heard - beep) for beep in clip.beeps) < 0.13
    if change is astray:
        assert error == "audio that is more than 10 s ahead of its video"


GARBAGE: dict[str, Callable[[random.Random], bytes]] = {
    "nothing": lambda _: b"",
    "noise": lambda rng: rng.randbytes(rng.randrange(1, 400)),
    "one byte": lambda rng: rng.randbytes(1),
    "too much": lambda rng: rng.randbytes(3 * 2**20) if rng.random() < 0.02 else b"\xff",
}


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", SOUNDS)
def test_garbage_for_sound_costs_no_video(tmp_path: Path, name: str, garbage: str) -> None:
    clip = make_sounding_clip(tmp_path, SOUNDS[name], seconds=3)
    rng = random.Random(5)
    good = footage_of(clip)
    studio = Studio(
        tmp_path / "footage",
        with_audio_changed(good, lambda packet: replace(packet, data=GARBAGE[garbage](rng))),
    )
    with structlog.testing.capture_logs() as logs:
        camera = record(studio)
        error = camera.status("me").audio_error
        camera.close()

    assert camera.error is None
    assert sum(frames_in(path) for path in studio.files()) == len(video_of(good))
    if garbage == "nothing":
        assert error is not None
        assert any(line["event"] == "audio_not_recorded" for line in logs)
        assert any(line["event"] == "audio_left_out" for line in logs)


@pytest.mark.parametrize("name", SOUNDS)
def test_garbage_for_a_while_costs_the_sound_of_that_while(tmp_path: Path, name: str) -> None:
    clip = make_sounding_clip(tmp_path, SOUNDS[name], seconds=6)
    good = footage_of(clip)

    def change(packet: Packet) -> Packet:
        is_broken = 2.2 <= at_s(packet) - first_s(good) < 3.2
        return replace(packet, data=b"") if is_broken else packet

    studio = Studio(tmp_path / "footage", with_audio_changed(good, change))
    camera = record(studio)
    assert camera.status("me").audio_error is None
    camera.close()

    [path] = studio.files()
    heard = heard_at(good, path)
    for beep in beeps_in(clip):
        if not first_s(good) + 0.2 < beep < first_s(good) + 5.5:
            continue
        near = min(abs(beep - at) for at in heard)
        if not first_s(good) + 1.9 < beep < first_s(good) + 3.4:
            assert near < 0.02


def test_audio_that_no_file_holds_is_said_to_be_so(tmp_path: Path) -> None:
    clip = make_sounding_clip(tmp_path, Sound("ts", "mp2", 48_000, 2, 0.024), seconds=3)
    studio = Studio(tmp_path / "footage", footage_of(clip))
    camera = record(studio)
    status = camera.status("me")
    camera.close()

    assert status.error is None
    assert status.audio_error == (
        "mp2 audio is not recorded: AAC, Opus, G.711, G.722, G.726 and PCM are"
    )
    [path] = studio.files()
    assert frames_in(path) == 75


def test_another_codec_begins_another_file(tmp_path: Path, clips: dict[str, Sounding]) -> None:
    one, other = clips["AAC"].footage, clips["A-law"].footage
    later_us = one.entries[0].packet.anchor_us + 60_000_000
    later = [
        replace(
            entry,
            packet=replace(
                entry.packet,
                anchor_us=later_us,
                captured_at_us=entry.packet.captured_at_us + 8_000_000,
            ),
        )
        for entry in other.entries
    ]
    studio = Studio(tmp_path, one)
    studio.templates[other.template.template_id] = other.template
    record(studio, numbered([*one.entries, *later])).close()

    assert [len(beeps_in(path)) for path in studio.files()] == [16, 16]
    assert [frames_in(path) for path in studio.files()] == [200, 200]


def test_a_template_of_sound_alone_is_none_of_a_recording(
    tmp_path: Path, clips: dict[str, Sounding]
) -> None:
    sounding = clips["AAC"].footage
    with av.open(str(tmp_path / "sound.nut"), "w") as container:
        stream = container.add_stream("pcm_mulaw", rate=8000, layout="mono")
        packet: av.Packet[Any] = av.Packet(bytes(160))
        packet.stream, packet.pts = stream, 0
        container.mux(packet)
    alone = Template(sounding.template.template_id, (tmp_path / "sound.nut").read_bytes())
    studio = Studio(tmp_path / "footage", replace(sounding, template=alone))

    camera = record(studio)

    assert "sound alone, without video" in str(camera.status("me").error)
    assert not studio.files()


def test_audio_of_a_stream_that_its_template_does_not_tell_of_is_left_out(tmp_path: Path) -> None:
    silent = footage_of(make_clip(tmp_path / "clip.mp4", seconds=3))
    packet = replace(silent.entries[0].packet, stream_index=1)
    entries = numbered(
        [each for entry in silent.entries for each in (entry, replace(entry, packet=packet))]
    )
    studio = Studio(tmp_path / "footage", replace(silent, entries=entries))
    camera = record(studio)
    camera.close()

    assert camera.audio_error is None
    assert studio.recorded() == [entry.packet.data for entry in silent.entries]


def test_a_disk_that_fails_costs_no_sound_either(
    tmp_path: Path, clips: dict[str, Sounding], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(tmp_path, clips["AAC"].footage)
    camera = studio.camera()
    camera.with_audio = True
    camera.take(studio.sent.entries[:200], now_s=NOW_S)
    camera.sync(now_s=NOW_S)

    def full(_: int, __: memoryview) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        for _ in range(3):
            camera.take(studio.behind(camera.position), now_s=NOW_S)
    camera.take(studio.behind(camera.position), now_s=NOW_S)
    camera.close()

    there = set(studio.recorded())
    assert {entry.packet.data for entry in video_of(studio.sent)} <= there
    heard = {at for path in studio.files() for at in heard_at(studio.sent, path)}
    for beep in clips["AAC"].between(0.1, 7.5):
        assert min(abs(beep - at) for at in heard) < SOUNDS["AAC"].frame_s
    assert len(audio_of(studio.sent)) > 300


def test_a_redis_that_is_away_for_a_moment_costs_nothing_and_doubles_nothing(
    tmp_path: Path, clips: dict[str, Sounding]
) -> None:
    studio = Studio(tmp_path, shifted(clips["AAC"].footage, -0.7))
    camera = studio.camera()
    camera.with_audio = True
    for is_away, count in ((True, 60), (True, 80), (False, 150), (True, 150), (False, 600)):
        studio.is_away = is_away
        with suppress(BusUnavailable):
            camera.take(studio.behind(camera.position)[:count], now_s=NOW_S)
    camera.close()

    assert studio.recorded() == [entry.packet.data for entry in video_of(studio.sent)]
    came = [payload for path in studio.files() for payload in audio_payloads_of(path)]
    assert len(came) == len(audio_of(studio.sent))
