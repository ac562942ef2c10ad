import multiprocessing
import threading

from camera_ctrl.shards.messages import Assignment
from camera_ctrl.shards.outbox import Outbox
from tests.builders import CAMERA, a_camera
from tests.waiting import wait_until
from vigil.domain.camera import Epoch

#: No pipe holds so much.
LARGE = a_camera(name="n" * 4_000_000)


def an_assignment(epoch: int) -> Assignment:
    return Assignment({CAMERA: LARGE}, {CAMERA: Epoch(epoch)})


def test_a_shard_that_does_not_read_holds_up_nobody_and_then_gets_the_newest() -> None:
    ours, theirs = multiprocessing.Pipe()
    outbox = Outbox(ours, "decode-1")
    outbox.put(an_assignment(1))
    # It has begun to send the first.
    wait_until(theirs.poll)

    for epoch in range(2, 100):
        outbox.put(an_assignment(epoch))

    assert theirs.recv().epochs == {CAMERA: 1}
    assert theirs.recv().epochs == {CAMERA: 99}
    outbox.close()
    assert not theirs.poll()


def test_ends_with_a_shard_that_never_read() -> None:
    ours, theirs = multiprocessing.Pipe()
    outbox = Outbox(ours, "deaf-one")
    outbox.put(an_assignment(1))
    wait_until(theirs.poll)

    theirs.close()
    outbox.close()

    assert "to-deaf-one" not in {thread.name for thread in threading.enumerate()}
