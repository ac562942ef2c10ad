"""The pictures of our own say which camera they are of, in the owner's script."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.builders import CAMERA, a_camera
from tests.pictures import bgr_of
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.camera_document import CameraConfig
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId
from vigil.messages import CameraStatus
from web.live.banner import with_banner
from web.live.no_signal import HEIGHT_PX, WIDTH_PX, jpeg_of, no_signal_jpeg
from web.live.substitutes import NoSignal


class Facts:
    def __init__(self, *cameras: CameraConfig) -> None:
        self.cameras = {camera.id: camera for camera in cameras}


def shown_of(*cameras: CameraConfig) -> bytes:
    clock = FakeClock()
    statuses = MemoryStatusBoard[CameraStatus](MemoryLeases(clock), clock)
    show = NoSignal(
        statuses=statuses, facts=Facts(*cameras), site_zone=ZoneInfo("UTC"), clock=clock
    )
    return show(CameraId(CAMERA)).paint()


def test_cameras_with_chinese_names_are_told_apart() -> None:
    names = ["後門", "前門", "??", "\ufffd\ufffd"]

    assert len({shown_of(a_camera(CAMERA, name=name)) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["\U0010f0f0\U0010f0f1", " \u200b", "\x1b\x00"])
def test_a_camera_whose_name_cannot_be_drawn_is_called_by_its_number(name: str) -> None:
    assert shown_of(a_camera(CAMERA, name=name)) == shown_of()


def test_long_words_stay_within_the_picture() -> None:
    image = bgr_of(no_signal_jpeg(4000 * "庭", None, 400 * "why "))

    assert image.shape == (HEIGHT_PX, WIDTH_PX, 3)
    # The margins show the ground alone: each row has one colour.
    for margin in (image[:, :20], image[:, -20:]):
        assert np.ptp(margin.astype(int), axis=1).max() < 8


@pytest.mark.parametrize("width", [64, 320, 1920])
def test_a_banner_shows_all_of_its_words_where_they_fit(width: int) -> None:
    ground = jpeg_of(np.full((width * 9 // 16, width, 3), 90, np.uint8))

    image = bgr_of(with_banner(ground, "recognition is away since 2026-11-20 13:05:09 CST"))

    band = image[: max(18, round(image.shape[0] * 0.055))]
    assert image.shape[:2] == (width * 9 // 16, width)
    assert (band.min(axis=2) > 150).any()
    # Nothing is written on the last columns.
    assert (band[:, -4:].min(axis=2) < 120).all()
