"""To who shows pictures, one that was made with other masks than those of now is none."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest
from typing_extensions import override

from tests.builders import CAMERA, OTHER_CAMERA, a_camera, a_jpeg, a_status
from tests.masks import a_box
from vigil.bus.answers import Answers
from vigil.bus.frames.masked import MaskedFrames
from vigil.bus.frames.memory import MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.bus.status.memory import MemoryStatusBoard
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import read_stamp, stamped
from vigil.domain.mask_mark import mark_segment
from vigil.messages import CameraConfig, CameraState, CameraStatus
from web.live.no_signal import no_signal_jpeg
from web.live.substitutes import NoSignal

MASKED = a_camera(masks=(a_box(1, 2, 3, 4),))


class Known:
    """What is known of cameras, as the test says."""

    def __init__(self, *cameras: CameraConfig) -> None:
        self.cameras: Mapping[CameraId, CameraConfig] = {each.id: each for each in cameras}


def a_masked_jpeg(camera: CameraConfig = MASKED) -> bytes:
    assert camera.mask_mark is not None
    jpeg = a_jpeg()
    return stamped(jpeg, read_stamp(jpeg), beside=mark_segment(camera.mask_mark))


@pytest.mark.parametrize(
    ("known", "jpeg", "is_shown"),
    [
        (Known(MASKED), a_jpeg(), False),
        (Known(MASKED), b"no picture of ours", False),
        (Known(MASKED), a_masked_jpeg(), True),
        (Known(MASKED), a_masked_jpeg(a_camera(masks=(a_box(1, 2, 3, 5),))), False),
        # Masks that were taken off hide too much for a moment
        (Known(a_camera()), a_masked_jpeg(), True),
        (Known(a_camera()), a_jpeg(), True),
        # Of what is not known, its maker knew
        (Known(), a_jpeg(), True),
    ],
)
def test_shows_what_was_painted_with_the_masks_of_now(
    known: Known, jpeg: bytes, is_shown: bool
) -> None:
    class Store(MemoryFrameStore):
        @override
        def newest(self, camera_ids: object) -> Answers[bytes]:
            answers = Answers({CAMERA: jpeg, OTHER_CAMERA: a_jpeg()})
            answers.unread = frozenset({CameraId(9)})
            return answers

    clock = FakeClock()
    frames = MaskedFrames(Store(MemoryLeases(clock), clock), known)

    shown = frames.newest([CAMERA, OTHER_CAMERA, CameraId(9)])

    assert (shown.get(CAMERA) == jpeg) is is_shown
    assert shown[OTHER_CAMERA] == a_jpeg()
    assert shown.unread == {CameraId(9)}


@pytest.mark.parametrize(
    ("camera", "error", "reason"),
    [
        (MASKED, None, "its privacy masks are being put on"),
        (MASKED, "its privacy masks cannot be painted", "its privacy masks cannot be painted"),
        (a_camera(), None, "connecting ..."),
    ],
)
def test_a_picture_of_no_signal_says_that_masks_are_being_put_on(
    camera: CameraConfig, error: str | None, reason: str
) -> None:
    clock = FakeClock()
    leases = MemoryLeases(clock)
    statuses = MemoryStatusBoard[CameraStatus](leases, clock)
    epoch = leases.acquire(CAMERA, "camera_ctrl", ttl_s=60.0, last_seen=Epoch(0))
    assert epoch is not None
    status = a_status(state=CameraState.ACTIVE, error=error, epoch=epoch)
    statuses.put(CAMERA, status, epoch=epoch)

    no_signal = NoSignal(
        statuses=statuses, facts=Known(camera), site_zone=ZoneInfo("UTC"), clock=clock
    )

    assert no_signal(CAMERA).paint() == no_signal_jpeg(camera.name, None, reason)
