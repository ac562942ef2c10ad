"""An idle camera costs its keyframes; who enters, and who wants to see it, wakes the decoder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from standalone.demo.clip import ClipFormat, render_clip
from standalone.demo.scene import ONE_WALKER
from standalone.demo.truth import SceneTruth
from tests.builders import CAMERA, a_camera
from tests.decode_bench import STEP_S, Bench, a_bench
from tests.footage import BEGAN_US
from vigil import keys
from vigil.domain.motion import Motion, read_motion
from vigil.messages import Decoding

#: Somebody enters in the eleventh second.
FORM = ClipFormat(size_wh=(640, 360), fps=Fraction(25), length_s=15.0, crf=28)


@dataclass(frozen=True, slots=True)
class Street:
    """An empty street that somebody enters.

    Attributes:
        entered_us: UTC of the first frame that shows them.
    """

    path: Path
    truth: SceneTruth

    @property
    def entered_us(self) -> int:
        first = next(number for number, seen in enumerate(self.truth.frames) if seen)
        return BEGAN_US + first * 40_000


@pytest.fixture(scope="session")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[ClipFormat], Street]:
    folder, made = tmp_path_factory.mktemp("streets"), dict[ClipFormat, Street]()

    def street(form: ClipFormat) -> Street:
        if form not in made:
            path = folder / f"{len(made)}.ts"
            made[form] = Street(path, render_clip(path, form=form, actors=ONE_WALKER))
        return made[form]

    return street


@pytest.fixture
def opened(
    streets: Callable[[ClipFormat], Street],
) -> Iterator[Callable[..., tuple[Bench, Street]]]:
    benches: list[Bench] = []

    def bench(form: ClipFormat = FORM, *, has_gate: bool = True) -> tuple[Bench, Street]:
        street = streets(form)
        benches.append(a_bench(street.path, has_gate=has_gate))
        benches[-1].assign(frame_fps=5.0)
        return benches[-1], street

    yield bench
    for each in benches:
        each.shard.close()


def play(bench: Bench, until_s: float) -> list[tuple[int, Motion | None]]:
    """Let the camera film, and the shard have its turns; return what it showed, by capture."""
    seen: list[tuple[int, Motion | None]] = []
    while bench.sent * STEP_S < until_s:
        bench.film(1)
        if bench.shard._cameras and bench.shard._rest_s() > 0:
            # It would sleep, by a clock that the test does not turn.
            continue
        bench.turn()
        jpeg = bench.frames.newest([CAMERA]).get(CAMERA)
        if jpeg is None:
            # Of a stream with B-frames, the first comes a little later.
            assert bench.sent < 10, f"no picture at {bench.sent * STEP_S:.2f} s"
            continue
        stamp = bench.stamp()
        if not seen or seen[-1][0] != stamp.captured_at_us:
            seen.append((stamp.captured_at_us, read_motion(jpeg)))
    return seen


def decoding(bench: Bench) -> Decoding:
    return bench.report().decode[CAMERA].decoding


def decoded(bench: Bench) -> int:
    return bench.shard._cameras[CAMERA].decoder.frames_decoded


def test_a_camera_in_which_nothing_moves_costs_its_keyframes(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, _ = opened()
    play(bench, 7.0)
    before = decoded(bench)

    seen = play(bench, 10.4)

    # One keyframe each two seconds: those of 8 and 10 s
    assert decoded(bench) - before == 2
    assert [at_us - BEGAN_US for at_us, _ in seen][1:] == [8_000_000, 10_000_000]
    assert all(motion is not None and not motion.is_moving for _, motion in seen)
    assert decoding(bench) is Decoding.IDLE


def test_who_enters_wakes_it_and_is_in_the_first_picture(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, street = opened()
    play(bench, 10.4)

    seen = play(bench, 13.0)

    moving = [(at_us, motion) for at_us, motion in seen if motion and motion.boxes]
    # The first picture of them was filmed before the decoder woke, and is shown all the same
    assert moving[0][0] - street.entered_us <= 600_000
    gaps_us = [after[0] - before[0] for before, after in pairwise(moving)]
    assert max(gaps_us) <= 1_000_000
    assert len(moving) >= 6
    at_us, motion = moving[-1]
    [box] = street.truth.frames[(at_us - BEGAN_US) // 40_000]
    assert motion is not None
    left, top, right, bottom = motion.boxes[0]
    assert left <= (box.x_min + box.x_max) / 2 <= right
    assert top <= (box.y_min + box.y_max) / 2 <= bottom
    assert decoding(bench) is Decoding.FULL


def test_who_enters_where_packets_tell_nothing_is_seen_by_the_next_keyframe(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, street = opened(replace(FORM, noise=8.0, crf=30))
    play(bench, 10.4)

    seen = play(bench, 14.0)

    first_us = next(at_us for at_us, motion in seen if motion and motion.boxes)
    assert first_us - street.entered_us <= 2_000_000
    assert decoding(bench) is Decoding.FULL


def test_who_watches_wakes_it_and_has_a_picture_of_now(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, _ = opened()
    play(bench, 7.0)
    assert bench.stamp().captured_at_us == BEGAN_US + 6_000_000

    bench.watchers.say_watched([CAMERA])
    play(bench, 7.4)

    assert bench.stamp().captured_at_us >= BEGAN_US + 7_000_000
    camera = bench.shard._cameras[CAMERA].report(0.0, bench.clock.utc_us())
    assert (camera.decoding, camera.decoding_reason) == (Decoding.GATED, "somebody watches")
    # And when they are gone it rests at once
    play(bench, 7.3 + keys.WATCHED_TTL_S)
    assert decoding(bench) is Decoding.IDLE


def test_a_camera_with_few_keyframes_is_decoded_whole_and_says_so(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, _ = opened(replace(FORM, gop_s=4.0))
    play(bench, 9.0)
    before = decoded(bench)

    play(bench, 10.0)

    # As packets are read together, up to a picture's are not decoded yet
    assert decoded(bench) - before >= 20
    report = bench.report().decode[CAMERA]
    assert report.decoding is Decoding.GATED
    assert report.decoding_reason is not None
    assert report.decoding_reason.startswith("its keyframes are 4.0 s apart")


def test_a_shard_without_a_gate_decodes_everything_and_says_nothing_of_motion(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, _ = opened(has_gate=False)
    play(bench, 9.0)
    before = decoded(bench)

    seen = play(bench, 10.0)

    # As packets are read together, up to a picture's are not decoded yet
    assert decoded(bench) - before >= 20
    assert {motion for _, motion in seen} == {None}
    assert decoding(bench) is Decoding.FULL


def test_where_no_recogniser_looks_only_viewers_are_decoded_for(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, _ = opened()
    bench.assign(camera=a_camera(frame_fps=5.0, recognition="off"))
    play(bench, 11.4)
    before = decoded(bench)

    # Somebody walks, and nobody sees it
    play(bench, 13.4)

    assert decoded(bench) - before == 1
    assert decoding(bench) is Decoding.IDLE


def test_where_motion_alone_is_recorded_it_wakes_to_see_it_begin_and_rests_again(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, street = opened()
    bench.assign(camera=a_camera(frame_fps=5.0, recognition="off", recording="motion"))
    play(bench, 9.5)
    assert decoding(bench) is Decoding.IDLE
    before = decoded(bench)

    seen = play(bench, 13.4)

    # Between two keyframes, and before the second
    moving_us = [at_us for at_us, motion in seen if motion is not None and motion.is_moving]
    assert moving_us[0] - street.entered_us <= 600_000
    assert decoding(bench) is Decoding.IDLE
    # What led up to it from the keyframe before, and some more; not all of four seconds
    assert decoded(bench) - before <= 50


def test_a_stream_with_b_frames_rests_and_wakes_too(
    opened: Callable[..., tuple[Bench, Street]],
) -> None:
    bench, street = opened(replace(FORM, b_frames=2))
    play(bench, 7.0)
    before = decoded(bench)
    play(bench, 10.4)
    assert decoded(bench) - before == 2

    seen = play(bench, 13.0)

    first_us = next(at_us for at_us, motion in seen if motion and motion.boxes)
    assert first_us - street.entered_us <= 600_000
