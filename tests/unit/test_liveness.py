import pytest

from camera_ctrl.liveness import DEAD_AFTER_S, Liveness


def seen(*moments_s: float) -> Liveness:
    liveness = Liveness()
    for moment_s in moments_s:
        liveness.note(moment_s)
    return liveness


def test_a_camera_that_sent_nothing_yet_is_not_alive() -> None:
    assert not Liveness().is_alive(0.0)


@pytest.mark.parametrize(
    ("interval_s", "dead_after_s"),
    [(0.01, 3.0), (0.04, 3.0), (1.0, 3.0), (1.5, 4.5), (10.0, 30.0), (60.0, 180.0)],
)
def test_a_camera_is_dead_after_three_intervals_and_no_sooner_than_three_seconds(
    interval_s: float, dead_after_s: float
) -> None:
    liveness = seen(*(number * interval_s for number in range(11)))
    last_s = 10 * interval_s

    assert liveness.dead_after_s() == pytest.approx(dead_after_s)
    assert liveness.is_alive(last_s + dead_after_s - 0.001)
    assert not liveness.is_alive(last_s + dead_after_s + 0.001)


def test_one_packet_says_nothing_of_an_interval() -> None:
    liveness = seen(100.0)

    assert liveness.is_alive(103.0)
    assert not liveness.is_alive(103.1)


def test_one_stall_does_not_make_a_camera_slow() -> None:
    liveness = seen(*(number * 0.04 for number in range(100)))
    liveness.note(30.0)

    assert liveness.dead_after_s() == DEAD_AFTER_S


def test_a_camera_that_became_slow_is_believed_after_some_packets() -> None:
    liveness = seen(
        *(number * 0.04 for number in range(100)), *(float(s) for s in range(10, 70, 10))
    )

    assert liveness.dead_after_s() == pytest.approx(30.0)


def test_the_time_away_is_no_interval_of_the_camera() -> None:
    # Given a camera that broke off behind its first packet, and came back after five minutes
    liveness = seen(0.0)
    liveness.reconnected()
    assert not liveness.is_alive(300.0)

    # When it freezes behind the next one
    liveness.note(300.0)

    # Then it is not alive for a quarter of an hour for that
    assert liveness.is_alive(303.0)
    assert not liveness.is_alive(303.1)
