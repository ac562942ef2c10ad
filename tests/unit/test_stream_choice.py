"""Which stream is decoded: the smaller one, while it lives and lasts."""

from dataclasses import dataclass, field

from camera_ctrl.stream_choice import (
    RETURN_AFTER_MAX_S,
    RETURN_AFTER_S,
    StreamChoice,
    StreamChooser,
    SubStream,
)
from tests.builders import CAMERA
from vigil.domain.camera import Stream

ALIVE, DEAD = SubStream(is_alive=True), SubStream(is_alive=False, error="no answer in time")
FULL_WH = (1920, 1080)


@dataclass(slots=True)
class Bench:
    """A chooser, and what it is told of one camera."""

    chooser: StreamChooser = field(default_factory=StreamChooser)
    now_s: float = 100.0

    def choose(
        self,
        sub: SubStream,
        *,
        after_s: float = 0.0,
        main_wh: tuple[int, int] = FULL_WH,
        is_alive: bool = True,
    ) -> StreamChoice:
        self.now_s += after_s
        return self.chooser.choose(
            CAMERA, sub, main_wh=main_wh, is_alive=is_alive, now_s=self.now_s
        )

    def returns_after_s(self) -> float:
        """Let the sub-stream come back, and return how long it has to last."""
        back_s = self.now_s
        while self.choose(ALIVE).stream is Stream.MAIN:
            self.now_s += 0.5
        return self.now_s - back_s


def test_a_sub_stream_is_decoded_as_soon_as_it_lives() -> None:
    bench = Bench()

    early = bench.choose(SubStream(is_alive=False))
    assert (early.stream, early.full_wh) == (Stream.MAIN, None)
    assert early.reason == "its sub-stream is away: nothing of it has come yet"
    assert bench.choose(ALIVE) == StreamChoice(Stream.SUB, full_wh=FULL_WH)


def test_the_main_stream_is_decoded_while_it_is_away_and_until_it_has_lasted() -> None:
    bench = Bench()
    bench.choose(ALIVE)

    lost = bench.choose(DEAD, after_s=1.0)
    assert (lost.stream, lost.is_alive) == (Stream.MAIN, True)
    assert lost.reason == "its sub-stream is away: no answer in time"
    back = bench.choose(ALIVE, after_s=1.0)
    assert back.stream is Stream.MAIN
    assert back.reason == "its sub-stream is back, and must last for some seconds first"
    assert bench.choose(ALIVE, after_s=RETURN_AFTER_S).stream is Stream.SUB


def test_one_that_flaps_must_last_longer_each_time_and_is_forgiven() -> None:
    bench = Bench()
    bench.choose(ALIVE)
    waits = []
    for _ in range(6):
        bench.choose(DEAD, after_s=1.0)
        waits.append(bench.returns_after_s())
    assert waits == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]

    bench.choose(DEAD, after_s=RETURN_AFTER_MAX_S)
    assert bench.returns_after_s() == RETURN_AFTER_S


def test_of_a_camera_that_is_dead_or_of_unknown_size_the_main_stream_is_decoded() -> None:
    bench = Bench()

    dead = bench.choose(ALIVE, is_alive=False)
    assert (dead.stream, dead.is_alive) == (Stream.MAIN, False)
    assert dead.reason == "its main stream is away"
    assert bench.choose(ALIVE, main_wh=(0, 0)).stream is Stream.MAIN
    # It is no fault of the sub-stream
    assert bench.choose(ALIVE).stream is Stream.SUB


def test_a_sub_stream_that_was_removed_is_forgotten() -> None:
    bench = Bench()
    bench.choose(ALIVE)
    bench.choose(DEAD)

    bench.chooser.keep([])

    assert bench.choose(ALIVE).stream is Stream.SUB
