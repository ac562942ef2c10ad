"""Pictures that are out of bounds, or damaged: said clearly, and nobody else is touched."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from camera_ctrl.ingest.feeds import FeedOpener
from camera_ctrl.ingest.pacing import Pacer
from camera_ctrl.ingest.source import Source
from tests.camera_ctrl.footage import MULTIPART, a_jpeg, part, parts, remuxed, titled
from tests.camera_ctrl.sessions import watched
from tests.camera_ctrl.site import Site
from tests.camera_ctrl.web_server import Answer, body, web_server
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.stand_ins import rtsp_camera
from tests.waiting import wait_until
from vigil.clock import SystemClock
from vigil.runtime import StopSignal

WE_TAKE = "we take 16 to 65500 a side, and 67 million in all"


def claiming(width_px: int, height_px: int) -> bytes:
    """Return a JPEG whose header claims a size, with as many bytes as FFmpeg wants for it."""
    jpeg = a_jpeg()
    at = jpeg.index(b"\xff\xc0") + 5
    size = height_px.to_bytes(2, "big") + width_px.to_bytes(2, "big")
    return jpeg[:at] + size + jpeg[at + 4 : -2] + bytes(4 * 2**20) + jpeg[-2:]


def one_pixel() -> bytes:
    done, jpeg = cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))
    assert done
    return jpeg.tobytes()


def sixteen_k() -> bytes:
    return claiming(16_384, 9_216)


@pytest.mark.parametrize("content_type", [MULTIPART, "image/jpeg"])
@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (one_pixel, f"sends pictures of 1x1 pixels; {WE_TAKE}"),
        (sixteen_k, f"sends pictures of 16384x9216 pixels; {WE_TAKE}"),
    ],
)
def test_a_size_out_of_bounds_is_refused_in_words(
    content_type: str, picture: Callable[[], bytes], words: str
) -> None:
    jpeg = picture()
    with web_server() as web:
        if content_type == MULTIPART:
            web.answers["/video"] = Answer(MULTIPART, lambda: parts(web.stopped.wait, jpeg))
        else:
            web.answers["/video"] = body(jpeg, content_type)
        with watched(web.url("/video")) as watch:
            assert watch.wait_for_error() == words
            assert watch.packets() == []


def test_a_stream_that_grows_out_of_bounds_is_refused_when_it_does() -> None:
    with web_server() as web:

        def growing() -> Iterator[bytes]:
            for jpeg in (*[a_jpeg()] * 5, sixteen_k()):
                yield part(jpeg)
            web.stopped.wait()

        web.answers["/video"] = Answer(MULTIPART, growing)
        with watched(web.url("/video")) as watch:
            watch.wait_for_packets(5)
            assert watch.wait_for_error().startswith("sends pictures of 16384x9216 pixels")
            assert len(watch.packets()) == 5


def test_sound_of_an_unknown_kind_is_left_out(card_clip: CardClip, tmp_path: Path) -> None:
    clip = card_clip(replace(SMALL, with_audio=True))
    path = remuxed(clip, tmp_path / "odd.mkv", "video", "audio")
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    with watched(f"file://{path}", loop=True) as watch:
        came = watch.wait_for_packets(10)

    assert watch.streams_of(came[0]) == [("h264", 320, 180)]


def with_data(clip: Path, path: Path) -> Path:
    """Copy the video of a clip, with a packet of data behind each of its own."""
    with av.open(clip) as source, av.open(path, "w", format="mpegts") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        data = target.add_data_stream("klv")
        for packet in source.demux(video=0):
            if packet.dts is None:
                continue
            beside = av.Packet(b"where it looks")
            beside.stream, beside.time_base = data, packet.time_base
            beside.pts = beside.dts = packet.dts
            packet.stream = video
            target.mux([packet, beside])
    return path


def test_data_is_left_out_but_is_no_silence(small_clip: Path, tmp_path: Path) -> None:
    path = with_data(small_clip, tmp_path / "clip.ts")
    clock, stop = SystemClock(), StopSignal()
    opener = FeedOpener(
        Source(f"file://{path}"),
        pacer=Pacer(clock, stop),
        still_fps=lambda: 5.0,
        clock=clock,
        stop=stop,
    )
    with opener.open() as feed:
        assert [stream.type for stream in feed.streams] == ["video"]
        # The thread comes back with them, and so sees when its video is missing
        assert {next(feed.packets).stream_index for _ in range(20)} == {0, 1}

    with watched(f"file://{path}") as watch:
        came = watch.wait_for_packets(10)
        assert watch.streams_of(came[0]) == [("h264", *SMALL.size_wh)]
        assert {packet.stream_index for packet in came} == {0}


@pytest.mark.parametrize("container", ["mkv", "nut"])
def test_a_title_that_is_not_utf_8_is_no_hindrance(
    container: str, small_clip: Path, tmp_path: Path
) -> None:
    path = titled(small_clip, tmp_path / f"clip.{container}", "摄像头".encode("gbk"))
    with pytest.raises(UnicodeDecodeError):
        av.open(path)

    with watched(f"file://{path}") as watch:
        came = watch.wait_for_packets(5)

        assert watch.streams_of(came[0]) == [("h264", *SMALL.size_wh)]


def test_a_container_that_names_no_streams_at_its_head_is_refused_in_words(
    small_clip: Path, tmp_path: Path
) -> None:
    with watched(f"file://{remuxed(small_clip, tmp_path / 'clip.flv')}") as watch:
        assert watch.wait_for_error() == "does not say first what streams it has, as FLV does"


def test_pictures_out_of_bounds_touch_no_other_camera(site: Site, small_clip: Path) -> None:
    with web_server() as web, rtsp_camera(small_clip) as camera:
        for path, jpeg in (("/one", one_pixel()), ("/16k", sixteen_k())):
            web.answers[path] = answer_of(web.stopped.wait, jpeg)
        web.answers["/cut"] = answer_of(web.stopped.wait, a_jpeg()[:3000])
        good = site.add(1, camera.url)
        one, large, cut = (
            site.add(number, web.url(path))
            for number, path in ((2, "/one"), (3, "/16k"), (4, "/cut"))
        )
        site.start_controller()
        site.wait_until_live(good)
        wait_until(lambda: "1x1 pixels" in (site.error(one) or ""))
        wait_until(lambda: "16384x9216 pixels" in (site.error(large) or ""))
        wait_until(lambda: "cannot be decoded" in (site.error(cut) or ""))
        before = len(site.entries(good))
        wait_until(lambda: len(site.entries(good)) > before + 25)
        packets = [entry.packet for entry in site.entries(good)]

    assert site.stamp(good) is not None
    assert {site.stamp(each) for each in (one, large, cut)} == {None}
    assert {later.dts - earlier.dts for earlier, later in pairwise(packets)} == {3600}


def answer_of(wait: Callable[[float], bool], jpeg: bytes) -> Answer:
    return Answer(MULTIPART, lambda: parts(wait, jpeg))
