"""A decode shard paints masks before anything looks, and shows nothing made with others."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.decode.motion import MotionGate
from standalone.demo.clip import ClipFormat, render_clip
from standalone.demo.scene import ONE_WALKER
from tests.builders import CAMERA, a_camera
from tests.decode_bench import STEP_S, Bench, a_bench
from tests.footage import BEGAN_US, footage_of
from tests.masks import BLUR, a_box
from tests.pictures import Image, bgr_of
from vigil.domain.camera import Epoch
from vigil.domain.mask_mark import read_mark
from vigil.domain.motion import read_motion
from vigil.media.masked_frame import FrameMasker
from vigil.messages import CameraConfig, Decoding, Mask

EPOCH = Epoch(BEGAN_US // 1000)
FORM = ClipFormat(size_wh=(640, 360), fps=Fraction(25), length_s=16.0, crf=28)
#: Everything, and all but a strip at the upper edge, where nobody walks.
ALL = a_box(0, 0, 640, 360)
LOWER = a_box(0, 60, 640, 300)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a street that somebody enters in the eleventh second."""
    path = tmp_path_factory.mktemp("street") / "street.ts"
    render_clip(path, form=FORM, actors=ONE_WALKER)
    return path


@pytest.fixture
def opened(street: Path) -> Iterator[Callable[[], Bench]]:
    benches: list[Bench] = []

    def bench() -> Bench:
        benches.append(a_bench(street))
        return benches[-1]

    yield bench
    for each in benches:
        each.shard.close()


def masked(*masks: Mask, revision: int = 2) -> CameraConfig:
    return a_camera(frame_fps=5.0, masks=masks, revision=revision)


def play(bench: Bench, until_s: float) -> list[bytes]:
    """Let the camera film, and the shard have its turns; return the pictures."""
    seen: list[bytes] = []
    while bench.sent * STEP_S < until_s:
        bench.film(1)
        if bench.shard._cameras and bench.shard._rest_s() > 0:
            continue
        bench.turn()
        jpeg = picture(bench)
        if jpeg is not None and jpeg not in seen[-1:]:
            seen.append(jpeg)
    return seen


def picture(bench: Bench) -> bytes | None:
    return bench.frames.newest([CAMERA]).get(CAMERA)


def is_black(jpeg: bytes, mask: Mask) -> bool:
    (left, top), (right, bottom) = mask.points[0], mask.points[2]
    # Not the blocks of the JPEG that lie across the edge
    part: Image = bgr_of(jpeg)[int(top) + 16 : int(bottom), int(left) : int(right)]
    return bool(part.max() < 8)


def test_a_camera_that_begins_with_masks_shows_none_without(opened: Callable[[], Bench]) -> None:
    bench = opened()
    camera = masked(LOWER)
    bench.assign(camera=camera)

    seen = play(bench, 3.0)

    assert len(seen) > 5
    assert all(is_black(jpeg, LOWER) for jpeg in seen)
    assert {read_mark(jpeg) for jpeg in seen} == {camera.mask_mark}
    assert bgr_of(seen[0])[:44].max() > 60


def test_what_was_shown_before_is_gone_at_once_and_masked_within_an_interval(
    opened: Callable[[], Bench],
) -> None:
    bench = opened()
    bench.assign(camera=masked())
    play(bench, 2.0)
    assert picture(bench) is not None

    bench.assign(camera=masked(LOWER))
    bench.turn()
    gone = picture(bench)
    seen = play(bench, 2.3)

    # Or the next was there as fast
    assert gone is None or is_black(gone, LOWER)
    assert seen
    assert all(is_black(jpeg, LOWER) for jpeg in seen)


def test_a_picture_that_was_on_its_way_when_masks_came_is_not_put(
    opened: Callable[[], Bench],
) -> None:
    bench = opened()
    bench.assign(camera=masked())
    play(bench, 1.0)

    # Given masks that come while a thread is between its decoder and the store
    def masks_come() -> None:
        bench.frames.before_put = None
        bench.shard._cameras[CAMERA].config = masked(LOWER)

    bench.frames.before_put = masks_come
    while not bench.shard._cameras[CAMERA].config.masks:
        bench.film(1)
        bench.turn()

    assert picture(bench) is None


def test_a_camera_that_rests_is_shown_masked_from_the_keyframe_it_has(
    opened: Callable[[], Bench],
) -> None:
    bench = opened()
    bench.assign(camera=masked())
    play(bench, 8.5)
    assert bench.shard._cameras[CAMERA].decoding is Decoding.IDLE
    keyframe = bench.stamp()

    # No packet comes from now on
    bench.assign(camera=masked(LOWER))
    bench.turn()
    bench.turn()

    jpeg = picture(bench)
    assert jpeg is not None
    assert is_black(jpeg, LOWER)
    assert bench.stamp().captured_at_us == keyframe.captured_at_us
    assert bench.stamp().order > keyframe.order


@pytest.mark.parametrize("mask", [LOWER, LOWER.model_copy(update={"style": BLUR})], ids=str)
def test_who_walks_beneath_a_mask_moves_nothing(mask: Mask, street: Path) -> None:
    """Not even a blur, through which light and dark shine, tells the gate that somebody walks."""
    moving = _moving(street, ())
    assert any(moving)

    hidden = _moving(street, (mask,))

    # After the first second, in which what is not known yet counts as moving
    assert not any(hidden[6:])


def _moving(street: Path, masks: tuple[Mask, ...]) -> list[bool]:
    footage = footage_of(street)
    decoder = CameraDecoder(CAMERA, fps=5.0, jpeg_quality=85, gate=MotionGate())
    decoder.mask(masks, a_camera(masks=masks).mask_mark)
    decoder.use(footage.template)
    made = [decoder.newest_picture([entry], epoch=EPOCH) for entry in footage.entries]
    told = [read_motion(jpeg) for jpeg in made if jpeg is not None]
    return [motion is not None and motion.is_moving for motion in told[60:]]


def test_masks_taken_off_are_no_motion_and_hide_nothing_more(
    opened: Callable[[], Bench],
) -> None:
    bench = opened()
    bench.assign(camera=masked(ALL))
    before = play(bench, 3.0)

    bench.assign(camera=masked())
    after = play(bench, 6.0)

    assert is_black(before[-1], ALL)
    assert bgr_of(after[-1]).mean() > 40
    assert read_mark(after[-1]) is None
    motion = read_motion(after[-1])
    assert motion is not None
    assert motion.boxes == ()


def test_a_frame_that_cannot_be_masked_is_not_shown(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a decoder whose frames are of a format that nothing can be made of
    footage = footage_of(street)
    decoder = CameraDecoder(CAMERA, fps=5.0, jpeg_quality=85, gate=MotionGate())
    decoder.mask((LOWER,), b"12345678")
    decoder.use(footage.template)
    real = FrameMasker.masked
    monkeypatch.setattr(
        FrameMasker,
        "masked",
        lambda self, frame: real(self, frame.reformat(format="rgb4")),
    )

    with capture_logs():
        made = [decoder.newest_picture([entry], epoch=EPOCH) for entry in footage.entries[:30]]
        made.append(decoder.keyframe_picture(footage.entries[0], epoch=EPOCH))
        made.append(decoder.waking_picture(footage.entries[:30], epoch=EPOCH)[0])

    assert set(made) == {None}
    assert decoder.motion is None
    assert decoder.error is not None
    assert decoder.error.startswith("its privacy masks cannot be painted on rgb4: ")


def test_the_gate_forgets_what_it_saw_beneath_a_mask() -> None:
    gate, luma = MotionGate(), np.full((360, 640), 90, np.uint8)
    hidden = np.zeros((360, 640), np.bool_)
    hidden[60:] = True
    for number in range(5):
        gate.look(luma, BEGAN_US + number * 200_000, hidden=hidden)

    # Somebody stands there all of a sudden
    luma = luma.copy()
    luma[100:300, 200:300] = 250
    motion = gate.look(luma, BEGAN_US + 3_000_000, hidden=hidden)

    assert motion.boxes == ()
    assert gate._scene is not None
    assert gate._scene.reference.shape == gate._scene.background_8.shape
    assert not gate._scene.background_8[40:].any()
