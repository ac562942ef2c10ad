"""One camera's packets become segments, of which a successor loses none."""

from dataclasses import replace
from pathlib import Path

import pytest

from recorder.recorded_camera import STOPPED_S
from tests.footage import Footage, footage_of
from tests.recorder.clips import frames_in, make_clip, payloads_of
from tests.recorder.studio import BEFORE, CAMERA, NOW_S, Studio
from vigil.clock import MICROSECONDS
from vigil.facts import SegmentDeleted
from vigil.messages import GapReason


def test_segments_are_cut_at_keyframes_and_lose_nothing(studio: Studio) -> None:
    camera = studio.camera()
    camera.take(studio.sent.entries, now_s=NOW_S)
    camera.close()

    assert studio.recorded() == [entry.packet.data for entry in studio.sent.entries]
    assert [frames_in(path) for path in studio.files()] == [75, 75, 50]
    done = [fact for fact in studio.segments() if fact.ended_us is not None]
    assert [fact.path for fact in done] == [
        str(path.relative_to(studio.volume.path)) for path in studio.files()
    ]
    assert [fact.size_bytes for fact in done] == [path.stat().st_size for path in studio.files()]
    lengths_s = [((fact.ended_us or 0) - fact.begun_us) / MICROSECONDS for fact in done]
    assert lengths_s == pytest.approx([3, 3, 2], abs=0.2)
    assert not studio.gaps()
    # Each is told when it is begun, and when it is done
    assert len(studio.segments()) == 6


@pytest.mark.parametrize(
    ("synced", "read"),
    [
        (synced, read)
        for synced in (0, 13, 14, 40, 75, 80)
        for read in (1, 10, 30, 60, 74, 75, 76, 90, 199, 200)
        if synced <= read
    ],
)
def test_who_goes_on_after_a_kill_loses_nothing(studio: Studio, synced: int, read: int) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:synced], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    first.take(studio.sent.entries[synced:read], now_s=NOW_S)
    # Given that it was killed: nothing is closed, and the mark in Redis may be gone, too

    second = studio.camera()
    second.take(studio.behind(second.position), now_s=NOW_S)
    second.close()

    recorded = studio.recorded()
    wanted = [entry.packet.data for entry in studio.sent.entries]
    assert set(wanted) <= set(recorded)
    for path in studio.files():
        assert frames_in(path) > 0
    assert not studio.gaps()


def test_a_file_that_was_cut_off_is_finished_and_told_of(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    [path] = studio.files()
    with path.open("ab") as file:
        file.write(b"\0\0\x10\0moof of which the rest is missing")
    studio.told.clear()

    studio.camera()

    [fact] = studio.segments()
    assert fact.ended_us is not None
    assert fact.size_bytes == path.stat().st_size
    assert frames_in(path) >= 50


def test_a_file_of_which_nothing_is_whole_is_gone(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:3], now_s=NOW_S)
    [path] = studio.files()
    studio.told.clear()

    second = studio.camera()

    assert not path.exists()
    [fact] = studio.told
    assert isinstance(fact, SegmentDeleted)
    # And its packets are read again
    assert second.position == BEFORE


def test_a_file_that_was_only_made_is_gone(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    # Given that it died between making the next one and noting it
    studio.volume.create_segment(CAMERA, studio.sent.entries[75].packet.captured_at_us)

    studio.camera()

    assert len(studio.files()) == 1
    assert all(path.stat().st_size for path in studio.files())


def test_packets_that_were_trimmed_away_leave_a_gap_with_its_reason(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:50], now_s=NOW_S)
    first.sync(now_s=NOW_S)

    second = studio.camera()
    second.take(studio.sent.entries[150:], now_s=NOW_S)
    second.close()

    [gap] = studio.gaps()
    assert gap.reason is GapReason.RECORDER
    assert (gap.ended_us - gap.begun_us) / MICROSECONDS == pytest.approx(4, abs=0.6)


def test_packets_that_are_missing_in_the_midst_end_the_segment(studio: Studio) -> None:
    camera = studio.camera(segment_s=60)
    camera.take([*studio.sent.entries[:50], *studio.sent.entries[150:]], now_s=NOW_S)
    camera.close()

    assert [frames_in(path) for path in studio.files()] == [50, 50]
    [gap] = studio.gaps()
    assert gap.reason is GapReason.CAMERA


def test_another_anchor_begins_another_segment(studio: Studio) -> None:
    later = [
        replace(
            entry,
            packet=replace(entry.packet, anchor_us=entry.packet.anchor_us + 1),
        )
        for entry in studio.sent.entries[100:]
    ]
    camera = studio.camera(segment_s=60)
    camera.take([*studio.sent.entries[:100], *later], now_s=NOW_S)
    camera.close()

    assert [frames_in(path) for path in studio.files()] == [100, 100]
    assert not studio.gaps()


def test_what_was_switched_off_is_not_recorded_afterwards(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:50], now_s=NOW_S)
    first.close(GapReason.SWITCHED_OFF)

    second = studio.camera()

    # It begins with what comes now, and says why there is nothing in between
    assert second.position == BEFORE
    second.take(studio.sent.entries[150:], now_s=NOW_S)
    second.close()
    [gap] = studio.gaps()
    assert gap.reason is GapReason.SWITCHED_OFF


def test_a_clock_that_was_set_forward_leaves_a_gap_of_nothing(studio: Studio) -> None:
    hour_us = 3600 * MICROSECONDS
    later = [
        replace(
            entry,
            packet=replace(
                entry.packet,
                anchor_us=entry.packet.anchor_us + hour_us,
                captured_at_us=entry.packet.captured_at_us + hour_us,
            ),
        )
        for entry in studio.sent.entries[100:]
    ]
    camera = studio.camera(segment_s=60)
    camera.take([*studio.sent.entries[:100], *later], now_s=NOW_S)
    camera.close()

    assert [frames_in(path) for path in studio.files()] == [100, 100]
    [gap] = studio.gaps()
    assert gap.reason is GapReason.CLOCK


def test_after_a_restart_a_camera_that_was_away_is_the_reason(studio: Studio) -> None:
    first = studio.camera(segment_s=60)
    first.take(studio.sent.entries[:50], now_s=NOW_S)
    first.sync(now_s=NOW_S + 60)

    second = studio.camera()
    second.take(studio.sent.entries[150:], now_s=NOW_S)
    second.close()

    [gap] = studio.gaps()
    assert gap.reason is GapReason.CAMERA


def test_video_that_is_not_recorded_is_said_to_be_so(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.avi", seconds=1, codec="mpeg4")
    studio = Studio(tmp_path / "footage", footage_of(clip))
    camera = studio.camera()

    camera.take(studio.sent.entries, now_s=NOW_S)

    assert camera.error == "mpeg4 is not recorded: h264, hevc and mjpeg are"
    assert not studio.files()
    assert not studio.told


@pytest.mark.parametrize("pause_s", [0.0, 1.5, 20.0, -3600.0])
def test_a_pause_or_a_step_of_a_clock_within_a_gop_costs_no_packet(
    studio: Studio, pause_s: float
) -> None:
    # Given a camera that pauses, or whose times begin anew, between two keyframes
    step_us = round(pause_s * MICROSECONDS)
    later = [
        replace(
            entry,
            packet=replace(
                entry.packet,
                anchor_us=entry.packet.anchor_us + 1,
                captured_at_us=entry.packet.captured_at_us + step_us,
            ),
        )
        for entry in studio.sent.entries[110:]
    ]
    camera = studio.camera(segment_s=60)
    camera.take([*studio.sent.entries[:110], *later], now_s=NOW_S)
    camera.close()

    # A clock that goes back names the later file by an earlier hour
    wanted = [entry.packet.data for entry in studio.sent.entries]
    assert sorted(studio.recorded()) == sorted(wanted)


def test_the_file_of_a_camera_that_stopped_is_completed(studio: Studio) -> None:
    camera = studio.camera()
    camera.take(studio.sent.entries[:60], now_s=NOW_S)
    camera.sync(now_s=NOW_S)
    camera.sync(now_s=NOW_S + STOPPED_S + 1)

    # Also what was in no whole fragment yet
    assert studio.recorded() == [entry.packet.data for entry in studio.sent.entries[:60]]
    assert studio.segments()[-1].ended_us is not None
    assert camera.mark is not None
    assert camera.mark.entry == studio.sent.entries[59].entry_id


def test_who_has_lost_the_camera_tells_nothing_and_moves_no_mark(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    second = studio.camera()
    second.take(studio.behind(second.position)[:40], now_s=NOW_S)
    second.sync(now_s=NOW_S)
    mark, told = second.mark, list(studio.told)

    first.leave()

    assert studio.told == told
    third = studio.camera()
    assert third.mark == mark


@pytest.mark.parametrize("captured_at_us", [-1, 2**60])
def test_a_time_that_is_none_is_said_to_be_so(studio: Studio, captured_at_us: int) -> None:
    broken = [
        replace(entry, packet=replace(entry.packet, captured_at_us=captured_at_us))
        for entry in studio.sent.entries[:30]
    ]
    camera = studio.camera()
    camera.take(broken, now_s=NOW_S)
    assert "since 1970" in str(camera.status("me").error)

    camera.take(studio.sent.entries[50:], now_s=NOW_S)
    camera.close()
    assert studio.recorded() == [entry.packet.data for entry in studio.sent.entries[50:]]


def test_a_packet_of_nothing_spoils_no_file(tmp_path: Path, sent: Footage) -> None:
    # Given video with start codes, as cameras send it
    clip = make_clip(tmp_path / "clip.ts", seconds=4)
    studio = Studio(tmp_path / "footage", footage_of(clip))
    nothing = [b"\0\0\0\1", b"garbage without a start code", b"\0\0\1\0\0\1"]
    entries = list(studio.sent.entries)
    for number, data in enumerate(nothing):
        entry = entries[30 + number]
        entries[30 + number] = replace(entry, packet=replace(entry.packet, data=data))
    camera = studio.camera()
    camera.take(entries, now_s=NOW_S)
    camera.close()

    assert sum(len(payloads_of(path)) for path in studio.files()) == len(entries) - len(nothing)
