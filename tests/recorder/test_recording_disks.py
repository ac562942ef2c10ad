"""Disks that fill, fail, or go away while a camera is recorded."""

import os

import pytest

from tests.recorder.studio import NOW_S, Studio
from vigil.errors import VolumeUnavailable
from vigil.footage import MARKER
from vigil.messages import GapReason


def test_a_full_disk_is_tried_again_and_nothing_that_is_still_there_is_lost(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = studio.camera()
    camera.take(studio.sent.entries[:60], now_s=NOW_S)
    camera.sync(now_s=NOW_S)
    whole = os.write

    def full(descriptor: int, content: memoryview) -> int:
        # As a disk fills: half of it is still taken.
        if len(content) < 100:
            raise OSError(28, "No space left on device")
        return whole(descriptor, content[: len(content) // 2])

    monkeypatch.setattr(os, "write", full)
    camera.take(studio.behind(camera.position), now_s=NOW_S)
    assert "No space left" in str(camera.status("me").error)
    monkeypatch.undo()

    camera.take(studio.behind(camera.position), now_s=NOW_S)
    camera.close()

    assert camera.status("me").error is None
    wanted = {entry.packet.data for entry in studio.sent.entries}
    assert wanted <= set(studio.recorded())
    assert not studio.gaps()


def test_a_disk_that_loses_what_it_took_is_not_believed(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = studio.camera()
    camera.take(studio.sent.entries[:40], now_s=NOW_S)
    camera.sync(now_s=NOW_S)
    safe = camera.mark
    assert safe is not None

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    camera.take(studio.sent.entries[40:70], now_s=NOW_S)
    monkeypatch.setattr(os, "fdatasync", fails)
    camera.sync(now_s=NOW_S)
    monkeypatch.undo()

    assert camera.mark is not None
    assert camera.mark.entry == safe.entry
    assert camera.position == safe.gop
    assert "No space left" in str(camera.status("me").error)


def test_a_disk_that_is_full_from_the_first_byte_leaves_no_files_and_no_tale(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int, __: memoryview) -> int:
        raise OSError(28, "No space left on device")

    camera = studio.camera()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        for _ in range(150):
            camera.take(studio.behind(camera.position)[:60], now_s=NOW_S)
        assert studio.files() == []
        assert studio.told == []

    camera.take(studio.behind(camera.position), now_s=NOW_S)
    camera.close()

    assert studio.recorded() == [entry.packet.data for entry in studio.sent.entries]
    assert not studio.gaps()


def test_a_disk_that_is_away_while_a_camera_is_taken_costs_no_file(studio: Studio) -> None:
    first = studio.camera()
    first.take(studio.sent.entries[:60], now_s=NOW_S)
    first.sync(now_s=NOW_S)
    studio.told.clear()
    marker = studio.volume.path / MARKER
    marker.rename(marker.with_suffix(".away"))

    with pytest.raises(VolumeUnavailable, match="is it mounted"):
        studio.camera()

    assert studio.told == []
    assert len(studio.files()) == 1


def test_a_camera_that_may_not_be_recorded_ends_its_file_and_goes_on_where_it_was(
    studio: Studio,
) -> None:
    camera = studio.camera()
    camera.take(studio.sent.entries[:60], now_s=NOW_S)
    camera.sync(now_s=NOW_S)

    camera.refuse("no room")

    assert camera.status("me").error == "no room"
    assert studio.segments()[-1].ended_us is not None
    assert camera.mark is not None
    assert camera.mark.broken_off is GapReason.DISK

    camera.refuse(None)
    assert camera.status("me").error is None
    # As those between were trimmed away meanwhile
    camera.take(studio.sent.entries[150:], now_s=NOW_S)
    camera.close()

    [gap] = studio.gaps()
    assert gap.reason is GapReason.DISK
    assert camera.status("me").error is None
    recorded = studio.recorded()
    assert recorded[:60] == [entry.packet.data for entry in studio.sent.entries[:60]]


def test_why_nothing_is_recorded_is_known_after_a_restart(studio: Studio) -> None:
    camera = studio.camera()
    camera.take(studio.sent.entries[:60], now_s=NOW_S)
    camera.refuse("no room")
    camera.leave()

    after = studio.camera()
    after.take(studio.sent.entries[150:], now_s=NOW_S)
    after.close()

    assert [gap.reason for gap in studio.gaps()] == [GapReason.DISK]
