"""A camera that changes its video while it is watched."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from standalone.demo.clip import Codec
from standalone.demo.counter import read_counter
from tests.camera_ctrl.footage import MULTIPART, a_jpeg, part
from tests.camera_ctrl.sessions import WatchedSession, watched
from tests.camera_ctrl.site import Site, number_in
from tests.camera_ctrl.web_server import Answer, web_server
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.faults import Fault
from tests.cameras.stand_ins import rtsp_camera
from tests.waiting import wait_until
from vigil.domain.packet import Packet
from vigil.media.template import reopened

LARGE = replace(SMALL, size_wh=(640, 360))


def decoded(watch: WatchedSession, packets: list[Packet]) -> list[tuple[int, int, int | None]]:
    """Return width, height and burnt-in number of each packet, by the template that it names."""
    shown = []
    runs: list[list[Packet]] = []
    for packet in packets:
        if not runs or runs[-1][-1].template_id != packet.template_id:
            runs.append([])
        runs[-1].append(packet)
    for run in runs:
        with reopened(watch.template(run[0])) as container:
            context = container.streams.video[0].codec_context
            frames = [
                frame for packet in run for frame in context.decode(av.Packet(packet.data))
            ] + context.decode(None)
        shown += [
            (
                frame.width,
                frame.height,
                read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)),
            )
            for frame in frames
        ]
    return shown


@pytest.mark.parametrize("codec", list(Codec))
def test_another_size_in_mid_stream_is_another_template_and_costs_no_packet(
    card_clip: CardClip, codec: Codec
) -> None:
    small, large = card_clip(replace(SMALL, codec=codec)), card_clip(replace(LARGE, codec=codec))
    with rtsp_camera(small) as camera, watched(camera.url) as watch:
        watch.wait_for_packets(20)
        camera.show(large)
        wait_until(lambda: watch.report().width_px == 640)
        watch.wait_for_packets(len(watch.packets()) + 20)
        camera.show(small)
        wait_until(lambda: watch.report().width_px == 320)
        came = watch.wait_for_packets(len(watch.packets()) + 20)

    shown = decoded(watch, came)
    assert len(shown) == len(came)
    sizes = [(width, height) for width, height, _ in shown]
    assert list(dict.fromkeys(sizes)) == [(320, 180), (640, 360)]
    assert sizes[-1] == (320, 180)
    # Each clip begins with its first picture, and no number is missing before, between or behind.
    values = [number for _, _, number in shown if number is not None]
    assert len(values) == len(shown)
    breaks = [b for a, b in pairwise(values) if b != (a + 1) % 50]
    assert breaks == [0, 0]
    assert len({packet.anchor_us for packet in came}) == 1


def test_multipart_jpeg_changes_its_size() -> None:
    with web_server() as web:
        web.answers["/stream"] = Answer(MULTIPART, lambda: growing(web.stopped.wait))
        with watched(web.url("/stream")) as watch:
            came = watch.wait_for_packets(12)[:12]
            assert (watch.report().width_px, watch.report().height_px) == (640, 360)

    assert decoded(watch, came) == [
        (*((320, 180) if number < 5 else (640, 360)), number) for number in range(12)
    ]
    assert len({packet.template_id for packet in came}) == 2


def growing(wait: Callable[[float], bool]) -> Iterator[bytes]:
    """Yield parts that show 0, 1, 2 ... and become larger with the fifth."""
    for number in range(1000):
        size_wh = (320, 180) if number < 5 else (640, 360)
        yield part(a_jpeg(number, size_wh))
        if wait(0.05):
            return


def test_a_camera_comes_back_with_another_codec(card_clip: CardClip, small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera, watched(camera.url) as watch:
        watch.wait_for_packets(20)
        camera.show(card_clip(replace(LARGE, codec=Codec.HEVC)))
        camera.fault(Fault.CLOSE)
        wait_until(lambda: watch.report().codec == "hevc", timeout_s=20)
        came = watch.wait_for_packets(len(watch.packets()) + 20)

    by_codec = {}
    for packet in came:
        by_codec[watch.streams_of(packet)[0]] = packet
    assert list(by_codec) == [("h264", 320, 180), ("hevc", 640, 360)]
    assert {number for _, _, number in decoded(watch, came)} <= set(range(50))


def test_the_pictures_and_the_status_follow(
    site: Site, card_clip: CardClip, small_clip: Path
) -> None:
    with rtsp_camera(small_clip) as camera, rtsp_camera(small_clip) as other:
        camera_id, other_id = site.add(1, camera.url), site.add(2, other.url)
        site.start_controller()
        site.wait_until_live(camera_id, other_id)
        camera.show(card_clip(LARGE))

        def is_large() -> bool:
            stamp, status = site.stamp(camera_id), site.status(camera_id)
            return (
                stamp is not None
                and (stamp.width_px, stamp.height_px) == (640, 360)
                and status is not None
                and (status.width_px, status.height_px) == (640, 360)
            )

        wait_until(is_large)
        jpeg = site.frames.newest([camera_id])[camera_id]
        assert number_in(jpeg) in range(50)
        status = site.status(other_id)
        assert status is not None
        assert (status.codec, status.width_px, status.height_px) == ("h264", 320, 180)
