"""Every kind of camera, each with a real one of it: its packets come on the bus as they were."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from standalone.demo.clip import Codec
from standalone.demo.rtsp.auth import Credentials, Scheme
from standalone.demo.rtsp.nal import split_annexb
from tests.camera_ctrl.footage import MULTIPART, a_jpeg, parts, remuxed
from tests.camera_ctrl.sessions import WatchedSession, watched
from tests.camera_ctrl.site import number_in
from tests.camera_ctrl.web_server import Answer, body, web_server
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.stand_ins import mjpeg_camera, rtsp_camera, still_camera
from tests.cameras.viewer import packets, watching
from tests.waiting import wait_until
from vigil.camera_document import Transport
from vigil.clock import MICROSECONDS
from vigil.domain.packet import Packet

#: Frames of the small clip.
CLIP_FRAMES = 50
CLIP_STEP_S = 0.04


def numbers(some: list[Packet]) -> list[int | None]:
    """Return the numbers burnt into pictures that were sent as JPEG."""
    return [number_in(packet.data) for packet in some]


def steps_s(some: list[Packet]) -> list[float]:
    """Return the seconds from capture to capture."""
    return [
        (later.captured_at_us - earlier.captured_at_us) / MICROSECONDS
        for earlier, later in pairwise(some)
    ]


def test_rtsp_over_udp_brings_what_rtsp_over_tcp_brings(small_clip: Path) -> None:
    with rtsp_camera(small_clip) as camera:
        with watched(camera.url, transport=Transport.UDP) as watch:
            ours = watch.wait_for_packets(60)[:60]
        with watching(camera.url) as container:
            seen = packets(container, 60)

    assert [tuple(split_annexb(each.data)) for each in ours] == [each.units for each in seen]


def test_multipart_jpeg_is_stamped_by_its_arrival() -> None:
    with mjpeg_camera(fps=10) as camera, watched(camera.url) as watch:
        came = watch.wait_for_packets(20)

    # FFmpeg would say 25 a second, whatever comes.
    assert median(steps_s(came)) == pytest.approx(0.1, rel=0.15)
    assert {packet.anchor_us for packet in came} == {came[0].anchor_us}
    shown = [number for number in numbers(came) if number is not None]
    assert shown == list(range(shown[0], shown[0] + len(came)))
    assert watch.streams_of(came[0]) == [("mjpeg", 640, 360)]


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("path", ["/stream", "/still", "/clip"])
def test_http_cameras_ask_for_a_password_in_either_way(
    small_clip: Path, scheme: Scheme, path: str
) -> None:
    with web_server(Credentials("admin", "p@ss:w0rd/äö", scheme)) as web:
        jpeg = a_jpeg()
        web.answers["/stream"] = Answer(MULTIPART, lambda: parts(web.stopped.wait, jpeg))
        web.answers["/still"] = body(jpeg, "image/jpeg")
        web.answers["/clip"] = body(small_clip.read_bytes(), "video/mp4")

        with watched(web.url(path, "admin:p%40ss%3Aw0rd%2F%C3%A4%C3%B6")) as watch:
            assert watch.wait_for_packets(2)
        with watched(web.url(path, "admin:wrong")) as watch:
            assert watch.wait_for_error() == "wrong user or password"
        with watched(web.url(path)) as watch:
            assert watch.wait_for_error() == "the camera asks for a user and a password"


@pytest.mark.parametrize("path", ["/stream", "/still", "/clip"])
def test_https_with_a_certificate_of_the_cameras_own(
    small_clip: Path, path: str, tmp_path: Path
) -> None:
    with web_server(Credentials("admin", "secret"), certificate_folder=tmp_path) as web:
        jpeg = a_jpeg()
        web.answers["/stream"] = Answer(MULTIPART, lambda: parts(web.stopped.wait, jpeg))
        web.answers["/still"] = body(jpeg, "image/jpeg")
        web.answers["/clip"] = body(small_clip.read_bytes(), "video/mp4")
        with watched(web.url(path, "admin:secret")) as watch:
            assert web.url(path).startswith("https:")
            assert watch.wait_for_packets(2)


def test_a_file_is_played_in_its_own_time_and_ends(small_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "Tür vorn 100%.mp4"
    path.write_bytes(small_clip.read_bytes())
    with watched(f"file://{path}".replace("%", "%25").replace(" ", "%20")) as watch:
        assert watch.wait_for_error() == "the file has ended"
        came = watch.packets()
        assert not watch.report().is_alive

    assert len(came) == CLIP_FRAMES
    assert sum(steps_s(came)) == pytest.approx((CLIP_FRAMES - 1) * CLIP_STEP_S, abs=0.01)
    assert {packet.anchor_us for packet in came} == {came[0].anchor_us}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".h264", ".hevc"])
def test_a_file_that_loops_goes_on_without_a_gap_under_a_new_anchor(
    card_clip: CardClip, tmp_path: Path, suffix: str
) -> None:
    form = replace(SMALL, length_s=0.8, codec=Codec.HEVC if suffix == ".hevc" else Codec.H264)
    path = remuxed(card_clip(form), tmp_path / f"clip{suffix}")
    with watched(f"file://{path}", loop=True) as watch:
        came = watch.wait_for_packets(55)
        assert watch.report().is_alive

    rounds = list(dict.fromkeys(packet.anchor_us for packet in came))
    by_round = [[each for each in came if each.anchor_us == anchor] for anchor in rounds]
    assert [len(each) for each in by_round[:2]] == [20, 20]
    assert [each.data for each in by_round[0]] == [each.data for each in by_round[1]]
    # From the last picture of a round to the first of the next it is as long as within one.
    begins_s = [(each - rounds[0]) / MICROSECONDS for each in rounds]
    assert begins_s[1:] == pytest.approx([0.8 * n for n in range(1, len(rounds))], abs=0.15)


def test_a_file_that_loops_is_alive_between_two_rounds(card_clip: CardClip) -> None:
    form = replace(SMALL, length_s=1.0, fps=Fraction(5), gop_s=1.0)
    with watched(f"file://{card_clip(form)}", loop=True) as watch:
        watch.wait_for_packets(1)
        seen: list[bool] = []

        def is_in_its_third_round() -> bool:
            seen.append(watch.report().is_alive)
            return len(watch.packets()) > 10

        wait_until(is_in_its_third_round)
    assert all(seen)


def test_video_over_http_is_played_in_its_own_time(small_clip: Path) -> None:
    with web_server() as web:
        web.answers["/clip.mp4"] = body(small_clip.read_bytes(), "video/mp4")
        with watched(web.url("/clip.mp4"), loop=True) as watch:
            came = watch.wait_for_packets(CLIP_FRAMES + 5)

    assert sum(steps_s(came[:CLIP_FRAMES])) == pytest.approx(49 * CLIP_STEP_S, abs=0.01)
    assert came[0].anchor_us != came[-1].anchor_us


def test_video_over_http_that_has_ended_is_asked_for_again_soon(card_clip: CardClip) -> None:
    with web_server() as web:
        clip = card_clip(replace(SMALL, length_s=0.4)).read_bytes()
        web.answers["/clip.mp4"] = body(clip, "video/mp4")
        with watched(web.url("/clip.mp4")) as watch:
            assert watch.wait_for_error() == "the stream has ended"
            watch.wait_for_packets(11)


def test_stills_are_fetched_as_often_as_pictures_are_wanted() -> None:
    with still_camera(fps=50) as camera, watched(camera.url, frame_fps=5) as watch:
        came = watch.wait_for_packets(16)

    # On a busy machine one may come late, and the next is on time again.
    steps = steps_s(came)[1:]
    assert median(steps) == pytest.approx(0.2, abs=0.05)
    assert sum(steps) > 0.2 * len(steps) - 0.1
    assert watch.streams_of(came[0]) == [("mjpeg", 640, 360)]
    shown = [number for number in numbers(came) if number is not None]
    assert len(shown) == len(came)
    assert sorted(set(shown)) == shown


def test_the_rate_of_stills_is_changed_without_a_new_connection() -> None:
    with still_camera(fps=50) as camera, watched(camera.url, frame_fps=1) as watch:
        first = watch.wait_for_packets(1)[0]
        faster = watch.session.camera.model_copy(update={"frame_fps": 20})
        watch.session.go_on(faster, first_epoch(watch))
        came = watch.wait_for_packets(10)

    assert {packet.anchor_us for packet in came} == {first.anchor_us}
    assert min(steps_s(came)) < 0.15


def test_a_slow_still_camera_is_not_dead_between_two_pictures() -> None:
    with still_camera() as camera, watched(camera.url, frame_fps=0.2) as watch:
        watch.wait_for_packets(1)
        seen: list[bool] = []

        def is_later() -> bool:
            seen.append(watch.report().is_alive)
            return len(watch.packets()) == 2

        wait_until(is_later)
    assert all(seen)


def test_a_still_that_did_not_change_is_not_sent_again_by_the_camera() -> None:
    with web_server() as web:
        first, second = a_jpeg(1), a_jpeg(2)
        web.answers["/still"] = body(first, "image/jpeg", etag='"one"')
        with watched(web.url("/still"), frame_fps=20) as watch:
            # Once a second it is put on the bus again: the camera says that this is what it sees.
            came = watch.wait_for_packets(2)
            assert numbers(came) == [1, 1]
            assert 1.0 <= steps_s(came)[0] < 1.5
            assert watch.report().is_alive

            web.answers["/still"] = body(second, "image/jpeg", etag='"two"')
            wait_until(lambda: numbers(watch.packets())[-1] == 2)

    # One to learn what it is, one for each picture; all others cost nothing.
    assert web.statuses_of("/still").count(200) == 3
    assert web.statuses_of("/still").count(304) > 10


def test_a_still_behind_a_redirect_is_found_and_no_stranger_learns_the_password() -> None:
    with web_server() as stranger, web_server(Credentials("u", "p", Scheme.BASIC)) as web:
        stranger.answers["/still"] = body(a_jpeg(), "image/jpeg")
        web.answers["/old"] = Answer(
            "text/plain", iter_nothing, 302, 0, headers={"Location": stranger.url("/still")}
        )
        with watched(web.url("/old", "u:p")) as watch:
            assert watch.wait_for_packets(1)

    assert set(stranger.authorizations) == {""}
    assert any(each.startswith("Basic ") for each in web.authorizations)


def iter_nothing() -> Iterator[bytes]:
    return iter(())


def first_epoch(watch: WatchedSession) -> Any:
    return watch.session._pump_state.epoch
