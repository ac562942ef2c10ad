import pytest

from camera_ctrl.pace import comes_after_s, hold_s


@pytest.mark.parametrize("frame_fps", [0.1, 1.0, 5.0, 12.5, 30.0])
def test_packets_of_two_pictures_never_wait_for_each_other(frame_fps: float) -> None:
    assert 0 < comes_after_s(frame_fps) < hold_s(frame_fps) <= 0.5 / frame_fps


def test_no_packet_waits_for_longer_than_a_tenth_of_a_second() -> None:
    assert hold_s(0.1) == hold_s(5.0) == 0.1
