"""A real camera's packets and pictures, on the bus as they were."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from standalone.demo.clip import ClipFormat, Codec
from standalone.demo.rtsp.nal import split_annexb
from tests.camera_ctrl.site import Site, number_in
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.stand_ins import gst_camera, rtsp_camera
from tests.cameras.viewer import packets, watching
from tests.waiting import wait_until
from vigil.clock import MICROSECONDS
from vigil.domain.camera import CameraId
from vigil.media.template import reopened

#: Two rounds of the small clip: the camera's loop is in it.
COUNT = 100


@pytest.mark.parametrize(
    "form",
    [
        SMALL,
        replace(SMALL, codec=Codec.HEVC),
        replace(SMALL, b_frames=2),
    ],
    ids=["h264", "h265", "h264 with B-frames"],
)
def test_the_packets_on_the_bus_are_the_cameras(
    site: Site, card_clip: CardClip, form: ClipFormat
) -> None:
    with rtsp_camera(card_clip(form)) as camera:
        camera_id = site.add(1, camera.url)
        site.start_controller()
        wait_until(lambda: len(site.entries(camera_id)) >= COUNT, timeout_s=40)
        ours = [entry.packet for entry in site.entries(camera_id)][:COUNT]
        with watching(camera.url) as container:
            seen = packets(container, COUNT)

    assert [tuple(split_annexb(each.data)) for each in ours] == [each.units for each in seen]
    assert [each.is_keyframe for each in ours] == [each.is_key for each in seen]
    # Every step of time is the camera's, also from the first packet, whose time FFmpeg hides.
    steps = {later.dts - earlier.dts for earlier, later in pairwise(ours)}
    assert steps == {3600}


def test_audio_is_carried_beside_the_video(site: Site, card_clip: CardClip) -> None:
    with rtsp_camera(card_clip(replace(SMALL, with_audio=True))) as camera:
        camera_id = site.add(1, camera.url)
        site.start_controller()
        wait_until(lambda: len(site.entries(camera_id)) >= COUNT, timeout_s=40)
        carried = [entry.packet for entry in site.entries(camera_id)]
    assert {packet.stream_index for packet in carried} == {0, 1}
    template = site.packets.template(camera_id, carried[0].template_id)
    assert template is not None
    with reopened(template) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]


def test_pictures_are_the_cameras_frames_with_the_time_of_their_capture(
    site: Site, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url, frame_fps=25)
        site.start_controller()
        site.wait_until_live(camera_id)
        shown: dict[int, int] = {}

        def has_seen_many() -> bool:
            stamp, number = site.stamp(camera_id), site.number(camera_id)
            if stamp is not None and number is not None and stamp == site.stamp(camera_id):
                shown[stamp.captured_at_us] = number
            return len(shown) >= 15

        wait_until(has_seen_many, timeout_s=20)
    # The clip has 50 frames at 25 a second: a picture's number follows from when it was captured.
    (first_us, first), *others = sorted(shown.items())
    for captured_us, number in others:
        frames_later = (captured_us - first_us) * 25 / MICROSECONDS
        # Around the ring: frame 0 lies beside 49.99.
        assert (number - first - frames_later + 25) % 50 == pytest.approx(25, abs=0.1)


def test_as_many_pictures_come_as_are_asked_for_and_no_more(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url, frame_fps=5)
        site.start_controller()
        site.wait_until_live(camera_id)
        captured_us: dict[int, int] = {}
        epochs = set()

        def has_seen_many_steps() -> bool:
            stamp = site.stamp(camera_id)
            # None for a moment is a camera that was taken for dead.
            assert stamp is not None
            epochs.add(stamp.epoch)
            # A number is one picture's, for good.
            assert captured_us.setdefault(stamp.sequence, stamp.captured_at_us) == (
                stamp.captured_at_us
            )
            return sum(map(is_a_wanted_step, pairwise(sorted(captured_us.items())))) >= 15

        wait_until(has_seen_many_steps, timeout_s=40)
    assert len(epochs) == 1
    seen = sorted(captured_us.items())
    assert all(later_us > earlier_us for (_, earlier_us), (_, later_us) in pairwise(seen))
    # A busy machine may leave some out, but never makes more than were asked for.
    (first, first_us), (last, last_us) = seen[0], seen[-1]
    assert last - first <= 5 * (last_us - first_us) / MICROSECONDS + 1


def is_a_wanted_step(pictures: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    """Return whether two pictures follow each other by number, and by a fifth of a second."""
    (earlier, earlier_us), (later, later_us) = pictures
    step_s = (later_us - earlier_us) / MICROSECONDS
    # Half a step of the camera is what its times may tremble by.
    return later == earlier + 1 and step_s == pytest.approx(0.2, abs=0.02)


def test_a_camera_with_a_password_is_watched_and_shows_it_nowhere(
    site: Site, small_clip: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with rtsp_camera(small_clip, auth=("admin", "p@ss:w0rd/äö")) as camera:
        camera_id = site.add(1, camera.url)
        site.start_controller()
        site.wait_until_live(camera_id)
    site.close()
    assert "w0rd" not in capfd.readouterr().err


@pytest.mark.needs("gst-rtsp-server")
def test_a_foreign_rtsp_server_is_watched_too(site: Site, small_clip: Path) -> None:
    with gst_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        site.start_controller()
        site.wait_until_live(camera_id)
        jpeg = site.frames.newest([camera_id])[camera_id]
    assert number_in(jpeg) in range(50)


def test_a_deleted_camera_leaves_nothing_behind(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        first, second = site.add(1, camera.url), site.add(2, camera.url)
        site.start_controller()
        site.wait_until_live(first, second)
        site.delete(first)
        wait_until(lambda: site.keys_of(first) == set(), timeout_s=10)
        assert site.is_active(second)
    assert site.keys_of(CameraId(1)) == set()


def test_editing_one_camera_leaves_the_others_alone(site: Site, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as one, rtsp_camera(small_clip) as two:
        first, second = site.add(1, one.url), site.add(2, two.url)
        site.start_controller()
        site.wait_until_live(first, second)
        anchor_us = site.entries(second)[0].packet.anchor_us
        site.add(1, two.url, name="moved")

        def has_reconnected() -> bool:
            anchors = {entry.packet.anchor_us for entry in site.entries(first)}
            return len(anchors) > 1

        wait_until(has_reconnected, timeout_s=20)
        assert {entry.packet.anchor_us for entry in site.entries(second)} == {anchor_us}


def test_of_a_camera_that_died_the_status_keeps_when_its_last_frame_was(
    site: Site, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera:
        camera_id = site.add(1, camera.url)
        site.start_controller()
        site.wait_until_live(camera_id)
        seen = site.stamp(camera_id)
    assert seen is not None
    wait_until(lambda: not site.is_active(camera_id), timeout_s=20)
    wait_until(lambda: site.stamp(camera_id) is None, timeout_s=20)

    def last_frame_us() -> int:
        status = site.status(camera_id)
        return (status and status.last_frame_us) or 0

    # What was made last is told with the next status.
    wait_until(lambda: last_frame_us() >= seen.captured_at_us, timeout_s=3)
    status = site.status(camera_id)
    assert status is not None
    assert status.last_packet_us is not None
    # Its time is that of the capture, which is no later than the packet came.
    assert last_frame_us() <= status.last_packet_us
