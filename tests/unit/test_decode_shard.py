import multiprocessing
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.liveness import DEAD_AFTER_S
from camera_ctrl.pace import comes_after_s
from camera_ctrl.shards import decode
from camera_ctrl.shards.decode import READ_EVERY_S, READ_LIMIT
from camera_ctrl.shards.messages import Assignment
from tests.builders import CAMERA, OTHER_CAMERA, a_camera
from tests.cameras.clips import SMALL, CardClip
from tests.decode_bench import Bench, a_bench, a_shard
from tests.footage import BEGAN_US
from vigil.domain.camera import Epoch
from vigil.errors import BusUnavailable

OpenBench = Callable[[Path], Bench]


@pytest.fixture
def opened() -> Iterator[OpenBench]:
    benches: list[Bench] = []

    def bench(path: Path) -> Bench:
        benches.append(a_bench(path))
        return benches[-1]

    yield bench
    for each in benches:
        each.shard.close()


def test_shows_the_newest_frame_of_its_camera(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    bench.assign()

    bench.film(7)
    bench.turn()
    assert bench.shown() == 6
    bench.film(9)
    bench.turn()

    assert bench.shown() == 15
    assert (bench.stamp().epoch, bench.stamp().captured_at_us) == (
        bench.epoch,
        BEGAN_US + 15 * 40_000,
    )
    assert bench.report().decode[CAMERA].last_frame_us == bench.stamp().captured_at_us
    assert bench.notes.cameras() == set()


def test_begins_at_the_newest_keyframe(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    bench.film(25)
    bench.assign()

    bench.turn()

    assert bench.shown() == 24
    # Keyframes come every ten: five frames were decoded, as the first of them tells.
    assert bench.stamp().captured_at_us == BEGAN_US + 24 * 40_000


def test_rests_until_the_next_pictures_packet_is_on_the_bus(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.assign(frame_fps=5.0)

    # The sixth makes a picture, 40 ms ago, and so will the one 200 ms behind it
    bench.film(6)
    bench.turn()

    assert bench.shown() == 5
    expected_s = 0.2 - 0.04 + comes_after_s(5.0)
    assert bench.shard._rest_s() == pytest.approx(expected_s)
    # One that has missed that goes on at once
    bench.film(9)
    assert bench.shard._rest_s() == 0.0
    bench.turn()
    assert bench.shown() == 10


def test_a_picture_lives_for_four_seconds_or_three_intervals(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    bench.turn()

    bench.clock.advance(3.999)
    assert bench.shown() == 4
    bench.clock.advance(0.001)
    assert bench.shown() is None


def test_shows_nothing_of_a_camera_that_has_long_been_dead(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.film(25)
    bench.clock.advance(5.0)

    bench.assign()
    bench.turn()

    assert bench.shown() is None


def test_goes_on_where_it_was_when_the_bus_did_not_give_the_template(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    bench.log.is_away = True

    bench.turn()
    with pytest.raises(BusUnavailable):
        bench.turn()
    bench.log.is_away = False
    bench.turn()

    assert bench.shown() == 4


def test_a_camera_whose_server_is_away_holds_up_no_other(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    cameras = {each: a_camera(each, frame_fps=25.0) for each in (CAMERA, OTHER_CAMERA)}
    bench.supervisor.send(Assignment(cameras, dict.fromkeys(cameras, bench.epoch)))
    bench.log.silent = frozenset({OTHER_CAMERA})

    bench.film(5)
    bench.turn()
    assert bench.shown() == 4

    # Nor where its server goes away later, and its own is the only picture that is due
    bench.log.silent = frozenset({CAMERA})
    bench.film(3)
    bench.turn()
    assert bench.shown() == 4
    bench.log.silent = frozenset()
    bench.clock.advance(READ_EVERY_S)
    bench.turn()
    assert bench.shown() == 7


def test_reports_an_epoch_that_was_lost_and_shows_again_under_the_next(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    bench.turn()
    old = bench.epoch

    # Given that another took the camera, and it came back
    bench.clock.advance(4.0)
    for member in ("another", "me"):
        epoch = bench.leases.acquire(CAMERA, member, ttl_s=0.0, last_seen=Epoch(0))
        assert epoch is not None
        bench.epoch = epoch
    bench.footage = replace(
        bench.footage,
        entries=[
            replace(
                each,
                packet=replace(each.packet, captured_at_us=each.packet.captured_at_us + 4_000_000),
            )
            for each in bench.footage.entries
        ],
    )
    bench.film(5)
    bench.turn()
    assert bench.report().decode[CAMERA].lost_epoch == old
    assert bench.shown() is None

    bench.assign(epoch=bench.epoch)
    bench.film(5)
    bench.turn()

    assert bench.shown() == 14
    assert bench.stamp().epoch == bench.epoch


def test_one_that_is_too_slow_skips_to_the_newest_keyframe(
    opened: OpenBench, card_clip: CardClip
) -> None:
    bench = opened(card_clip(replace(SMALL, length_s=6.0)))
    bench.assign()
    bench.film(5)
    bench.turn()

    # Given that it had no turn for 5.6 s, in which 140 packets came
    bench.film(140)
    with capture_logs() as logs:
        bench.turn()
        bench.turn()

    assert [each["event"] for each in logs if each["event"] == "decoder_skips"] == ["decoder_skips"]
    assert bench.shown() == 144


def test_one_that_joins_a_long_gop_catches_up_instead_of_beginning_again(
    opened: OpenBench, card_clip: CardClip
) -> None:
    # Given a camera that sends a keyframe every ten seconds, and a shard that joins at the eighth
    bench = opened(card_clip(replace(SMALL, length_s=10.0, gop_s=10.0)))
    bench.film(200)
    bench.assign()

    for _ in range(200 // READ_LIMIT + 1):
        bench.turn()

    assert bench.shown() == 199


def test_a_new_rate_is_taken_without_a_break(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    bench.turn()
    first = bench.stamp()

    bench.assign(frame_fps=12.5)
    bench.film(5)
    bench.turn()

    assert bench.stamp().sequence == first.sequence + 1


def test_a_shard_that_takes_over_numbers_on(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    bench.assign()
    for _ in range(20):
        bench.film(1)
        bench.turn()
    before = bench.stamp()

    # Given that the shard died, and another begins under the same epoch
    bench.supervisor, ours = multiprocessing.Pipe()
    bench.shard.close()
    bench.shard = a_shard(ours, bench.clock, bench.log, bench.frames, bench.notes)
    bench.assign()
    bench.film(5)
    bench.turn()
    bench.shard.close()

    assert bench.shown() == 24
    assert before.sequence == 20
    assert bench.stamp().order > before.order


def test_a_camera_that_died_while_its_last_picture_was_on_its_way_shows_none(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)

    # Given that the machine stood still for so long that the watch declared it dead meanwhile
    def die() -> None:
        bench.clock.advance(DEAD_AFTER_S)
        bench.frames.clear(CAMERA, epoch=bench.epoch)

    bench.frames.before_put = die
    bench.turn()

    assert bench.shown() is None


def test_a_camera_that_is_switched_off_while_a_picture_is_on_its_way_shows_none(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    # Given that the ingest shard was told first, and has removed the picture
    bench.frames.before_put = lambda: bench.frames.clear(CAMERA, epoch=bench.epoch)
    bench.turn()

    bench.supervisor.send(Assignment({}, {}))
    bench.turn()

    assert bench.shown() is None


def test_a_camera_that_is_switched_off_while_redis_takes_its_picture_shows_none(
    opened: OpenBench, small_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "LEAVE_S", 0.0)
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    is_away = threading.Event()
    # Given a Redis that takes the picture only when its camera was left, after a wait in vain
    bench.frames.before_put = lambda: is_away.wait(10.0)
    bench.shard.run_once()

    bench.supervisor.send(Assignment({}, {}))
    bench.shard.run_once()
    is_away.set()
    bench.shard.close()

    assert bench.shown() is None


def test_a_camera_that_is_taken_away_is_left_alone(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    bench.turn()

    bench.supervisor.send(Assignment({}, {}))
    bench.film(5)
    bench.turn()

    assert bench.shown() is None
    assert bench.report().decode == {}


def test_ends_when_its_supervisor_is_gone(opened: OpenBench, small_clip: Path) -> None:
    bench = opened(small_clip)
    stop = bench.shard._link._stop
    bench.turn()
    assert not stop.is_set()

    bench.supervisor.close()
    bench.turn()

    assert stop.is_set()


def test_a_camera_at_which_the_decoder_fails_is_named_when_the_shard_ends(
    opened: OpenBench, small_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    # Whatever is a bug: none is known to wait for.
    monkeypatch.setattr(CameraDecoder, "newest_picture", fail)

    bench.turn()
    with pytest.raises(ZeroDivisionError):
        bench.turn()

    assert bench.notes.suspects(None, is_fault=False) == {CAMERA}


def test_a_camera_whose_picture_cannot_be_put_is_named_and_no_other(
    opened: OpenBench, small_clip: Path
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    bench = opened(small_clip)
    bench.assign()
    bench.film(5)
    # Given another camera that is being decoded meanwhile
    with bench.notes.at(OTHER_CAMERA, due_s=bench.clock.monotonic_s()):
        bench.frames.before_put = fail
        bench.turn()
        with pytest.raises(ZeroDivisionError):
            bench.turn()

        assert bench.notes.suspects(None, is_fault=False) == {CAMERA}


def test_nobody_is_named_for_a_template_that_cannot_be_read(
    opened: OpenBench, small_clip: Path
) -> None:
    bench = opened(small_clip)
    unreadable = replace(bench.footage.template, nut=b"no NUT file")
    bench.footage = replace(bench.footage, template=unreadable)
    bench.assign()
    bench.film(5)

    bench.turn()

    assert (bench.report().decode[CAMERA].error or "").startswith("template ")
    assert bench.notes.cameras() == set()
