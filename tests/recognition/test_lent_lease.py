"""The one lease of a process that looks at a camera which killed others."""

import os

from object_recognition.looker import LentLease
from tests.builders import CAMERA
from vigil.domain.camera import CameraId, Epoch
from vigil.runtime import StopSignal


def test_who_looks_at_a_camera_that_is_deleted_ends_and_clears_nothing() -> None:
    stop, cleared = StopSignal(), []

    def clear(camera_id: CameraId, epoch: Epoch) -> None:
        cleared.append((camera_id, epoch))

    lease = LentLease(CAMERA, Epoch(5), member="one", parent_pid=os.getppid(), stop=stop)

    lease.forget(CAMERA, clear=clear)

    # The worker does that, under an epoch of its own
    assert cleared == []
    assert lease.held() == {}
    assert stop.is_set()
