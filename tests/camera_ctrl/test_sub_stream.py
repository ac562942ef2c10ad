"""A camera with a sub-stream: pictures are made of it, and nothing of it costs the main stream."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.camera_ctrl.site import Site, family
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.faults import Fault
from tests.cameras.process import CameraProcess
from tests.cameras.stand_ins import rtsp_camera
from tests.waiting import wait_until
from vigil.domain.camera import CameraId, Stream
from vigil.domain.packet import Packet
from vigil.messages import CameraState, CameraStatus, SubStreamStatus

MAIN_WH, SUB_WH = (640, 360), (320, 180)
#: From a sub-stream's death until the main one is shown, and from its return until it is again.
FALL_BACK_S, RETURN_S = 15.0, 40.0


@pytest.fixture
def main(card_clip: CardClip) -> Iterator[CameraProcess]:
    with rtsp_camera(card_clip(replace(SMALL, size_wh=MAIN_WH))) as camera:
        yield camera


@pytest.fixture
def sub(small_clip: Path) -> Iterator[CameraProcess]:
    with rtsp_camera(small_clip) as camera:
        yield camera


def status(site: Site, camera_id: CameraId) -> CameraStatus:
    said = site.status(camera_id)
    assert said is not None
    return said


def sub_status(site: Site, camera_id: CameraId) -> SubStreamStatus:
    said = status(site, camera_id).sub_stream
    assert said is not None
    return said


def shows(site: Site, camera_id: CameraId, stream: Stream) -> bool:
    """Return whether a camera's picture is of a stream, and its status says so."""
    picture_wh = MAIN_WH if stream is Stream.MAIN else SUB_WH
    return (
        site.picture_wh(camera_id) == picture_wh
        and status(site, camera_id).decoded_stream is stream
    )


def a_camera_of_both(site: Site, main: CameraProcess, sub: CameraProcess) -> CameraId:
    """Return a camera of a running controller that shows its sub-stream."""
    camera_id = site.add(1, main.url, sub_url=sub.url, frame_fps=25)
    site.start_controller()
    site.wait_until_live(camera_id)
    wait_until(lambda: shows(site, camera_id, Stream.SUB), timeout_s=RETURN_S)
    return camera_id


def assert_whole(packets: list[Packet]) -> None:
    """All of them were sent in one connection, in even steps."""
    assert len({packet.anchor_us for packet in packets}) == 1
    assert {later.dts - earlier.dts for earlier, later in pairwise(packets)} == {3600}


def main_packets(site: Site, camera_id: CameraId) -> list[Packet]:
    return [entry.packet for entry in site.entries(camera_id)]


def test_pictures_are_made_of_the_sub_stream_in_the_main_ones_pixels(
    site: Site, main: CameraProcess, sub: CameraProcess
) -> None:
    camera_id = a_camera_of_both(site, main, sub)

    stamp, said = site.stamp(camera_id), status(site, camera_id)
    assert stamp is not None
    # Rectangles are drawn in these pixels, whatever is decoded
    assert (stamp.width_px, stamp.height_px) == (said.width_px, said.height_px) == MAIN_WH
    assert site.number(camera_id) in range(50)
    assert said.decoding_reason is None
    of_sub = sub_status(site, camera_id)
    assert (of_sub.state, of_sub.error) == (CameraState.ACTIVE, None)
    assert (of_sub.width_px, of_sub.height_px) == SUB_WH
    assert of_sub.packet_fps > 15
    # And both are on the bus, the main one as ever
    assert {key.rpartition("}")[2] for key in site.keys_of(camera_id)} >= {
        ":packets",
        ":sub:packets",
        ":sub:templates",
    }
    assert_whole(main_packets(site, camera_id))

    site.delete(camera_id)
    wait_until(lambda: site.keys_of(camera_id) == set())


def test_a_dead_sub_stream_falls_back_to_the_main_one_and_returns(
    site: Site, main: CameraProcess, sub: CameraProcess
) -> None:
    camera_id = a_camera_of_both(site, main, sub)

    sub.kill()
    wait_until(lambda: shows(site, camera_id, Stream.MAIN), timeout_s=FALL_BACK_S)

    said, of_sub = status(site, camera_id), sub_status(site, camera_id)
    assert said.state is CameraState.ACTIVE
    assert said.error is None
    assert of_sub.state is CameraState.INACTIVE
    assert of_sub.error == "nobody listens at this address and port"
    assert said.decoding_reason == f"its sub-stream is away: {of_sub.error}"

    sub.start()
    wait_until(lambda: shows(site, camera_id, Stream.SUB), timeout_s=RETURN_S)
    assert_whole(main_packets(site, camera_id))


def test_a_silent_sub_stream_costs_no_picture(
    site: Site, main: CameraProcess, sub: CameraProcess
) -> None:
    camera_id = a_camera_of_both(site, main, sub)
    was_missing = False

    def has_fallen_back() -> bool:
        nonlocal was_missing
        was_missing |= site.stamp(camera_id) is None
        return shows(site, camera_id, Stream.MAIN)

    sub.fault(Fault.FREEZE)
    wait_until(has_fallen_back, timeout_s=FALL_BACK_S)

    assert not was_missing


def test_a_camera_whose_main_stream_died_is_dead_whatever_its_sub_stream_sends(
    site: Site, main: CameraProcess, sub: CameraProcess
) -> None:
    camera_id = a_camera_of_both(site, main, sub)

    main.kill()
    wait_until(lambda: not site.is_active(camera_id), timeout_s=FALL_BACK_S)
    wait_until(lambda: site.stamp(camera_id) is None, timeout_s=FALL_BACK_S)

    assert sub_status(site, camera_id).state is CameraState.ACTIVE
    main.start()
    wait_until(lambda: site.is_active(camera_id) and shows(site, camera_id, Stream.SUB))


def test_a_sub_stream_is_added_changed_and_removed_and_the_main_one_goes_on(
    site: Site, main: CameraProcess, sub: CameraProcess, card_clip: CardClip
) -> None:
    camera_id = site.add(1, main.url, frame_fps=25)
    site.start_controller()
    site.wait_until_live(camera_id)
    assert shows(site, camera_id, Stream.MAIN)
    assert status(site, camera_id).sub_stream is None

    site.add(1, main.url, sub_url=sub.url, frame_fps=25)
    wait_until(lambda: shows(site, camera_id, Stream.SUB), timeout_s=RETURN_S)
    with rtsp_camera(card_clip(replace(SMALL, size_wh=(480, 270)))) as another:
        site.add(1, main.url, sub_url=another.url, frame_fps=25)
        wait_until(lambda: site.picture_wh(camera_id) == (480, 270), timeout_s=RETURN_S)
        site.add(1, main.url, frame_fps=25)
        wait_until(lambda: status(site, camera_id).sub_stream is None)
        wait_until(lambda: shows(site, camera_id, Stream.MAIN), timeout_s=FALL_BACK_S)

    assert_whole(main_packets(site, camera_id))


def test_who_crashes_over_a_sub_stream_takes_no_packet_of_a_main_one(
    site: Site, main: CameraProcess, sub: CameraProcess
) -> None:
    camera_id = site.add(1, main.url, sub_url=sub.url, frame_fps=25)
    controller = site.start_controller()
    site.wait_until_live(camera_id)
    wait_until(lambda: shows(site, camera_id, Stream.SUB), timeout_s=RETURN_S)
    port = int(sub.bare_url.split(":")[2].split("/")[0])
    [reader] = [each for each in family(controller.pid) if _is_connected(each, port)]

    reader.kill()
    wait_until(lambda: shows(site, camera_id, Stream.MAIN), timeout_s=FALL_BACK_S)

    wait_until(lambda: shows(site, camera_id, Stream.SUB), timeout_s=RETURN_S)
    assert_whole(main_packets(site, camera_id))


def _is_connected(process: psutil.Process, port: int) -> bool:
    return any(port in each.raddr for each in process.net_connections())
