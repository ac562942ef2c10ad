"""Which frames a worker is handed, whatever goes wrong with who tells it of them."""

from collections.abc import Collection

import pytest
from typing_extensions import override

from object_recognition.watch import FrameWatch
from tests.builders import CAMERA
from vigil.bus.frames.memory import MemoryFrameBell, MemoryFrameStore
from vigil.bus.leases.memory import MemoryLeases
from vigil.clock import FakeClock
from vigil.domain.camera import CameraId
from vigil.errors import ServerUnavailable


class LeavingBell(MemoryFrameBell):
    """A bell to which nobody can listen when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.heard: Collection[CameraId] = ()

    @override
    def listen_to(self, camera_ids: Collection[CameraId]) -> None:
        if self.is_away:
            raise ServerUnavailable("away")
        self.heard = camera_ids
        super().listen_to(camera_ids)


def test_a_bell_that_could_not_be_listened_to_is_listened_to_in_the_next_round() -> None:
    clock, bell = FakeClock(), LeavingBell()
    frames = MemoryFrameStore(MemoryLeases(clock), clock, bell)
    watch = FrameWatch(frames=frames, boxed=frames, bell=bell, clock=clock)
    bell.is_away = True
    with pytest.raises(ServerUnavailable):
        watch.next_unseen([CAMERA], timeout_s=0.0)

    bell.is_away = False
    watch.next_unseen([CAMERA], timeout_s=0.0)

    assert bell.heard == [CAMERA]
