"""The foreign RTSP server: the same clip, through somebody else's packetiser."""

from dataclasses import replace

import pytest

from standalone.demo.clip import ClipFormat, Codec
from tests.cameras import gst_camera
from tests.cameras.clips import SMALL, CardClip
from tests.cameras.viewer import TRANSPORTS, Transport, numbers, watching

pytestmark = pytest.mark.needs("gst-rtsp-server")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(replace(SMALL, length_s=1.0), id="h264"),
        pytest.param(replace(SMALL, length_s=1.0, b_frames=2), id="h264-b-frames"),
        pytest.param(replace(SMALL, length_s=1.0, codec=Codec.HEVC), id="hevc"),
    ],
)
def test_the_pictures_follow_one_another_across_the_loop(
    card_clip: CardClip, form: ClipFormat
) -> None:
    with gst_camera(card_clip(form)) as camera, watching(camera.url) as stream:
        assert numbers(stream, 35) == [number % 25 for number in range(35)]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_speaks_both_transports(card_clip: CardClip, transport: Transport) -> None:
    with (
        gst_camera(card_clip(SMALL)) as camera,
        watching(camera.url, transport=transport) as stream,
    ):
        assert numbers(stream, 5) == [0, 1, 2, 3, 4]


def test_comes_back_at_its_address(card_clip: CardClip) -> None:
    with gst_camera(card_clip(SMALL)) as camera:
        url = camera.url
        camera.kill()
        camera.start()

        assert camera.url == url
        with watching(url) as stream:
            assert numbers(stream, 3) == [0, 1, 2]
