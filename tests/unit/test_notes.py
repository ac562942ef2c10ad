import threading
from collections.abc import Callable

import pytest

from camera_ctrl.notes import Notes
from tests.builders import CAMERA, OTHER_CAMERA
from vigil.domain.camera import CameraId
from vigil.errors import MessageInvalid

#: No thread of ours.
STRANGER = 1


def in_a_thread(work: Callable[[], None]) -> int:
    """Run work to its end in another thread; return that thread's number."""
    numbers: list[int] = []

    def run() -> None:
        numbers.append(threading.get_ident())
        work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return numbers[0]


def write(notes: Notes, camera_id: CameraId, *, thread: int) -> None:
    """Have a thread be at a camera that never leaves it."""
    place = notes._free.pop()
    notes._threads[place], notes._cameras[place] = thread, camera_id


@pytest.mark.parametrize(
    ("at_work", "crashed_thread", "is_fault", "suspects"),
    [
        # The thread that crashed was at a camera
        ({7: 10, 8: 11}, 10, True, {7}),
        ({7: 10, 8: 11}, 11, True, {8}),
        ({}, 10, True, set()),
        # It was at none; who was there alone is suspected
        ({7: 10, 8: 11}, STRANGER, True, set()),
        ({7: 10}, STRANGER, True, {7}),
        # A fault of which nothing is known: it may have been any of them
        ({7: 10, 8: 11}, None, True, {7, 8}),
        # Killed, such as for want of memory
        ({7: 10, 8: 11}, None, False, set()),
        ({7: 10}, None, False, {7}),
        ({}, None, False, set()),
    ],
)
def test_who_is_suspected_when_a_shard_has_ended(
    at_work: dict[int, int], crashed_thread: int | None, is_fault: bool, suspects: set[int]
) -> None:
    notes = Notes(4)
    for camera_id, thread in at_work.items():
        write(notes, CameraId(camera_id), thread=thread)

    assert notes.suspects(crashed_thread, is_fault=is_fault) == suspects


def test_a_camera_is_named_for_as_long_as_a_thread_is_at_it() -> None:
    notes = Notes(2)
    with notes.at(CAMERA, due_s=1.0):
        with notes.at(OTHER_CAMERA, due_s=1.0):
            assert notes.cameras() == {CAMERA, OTHER_CAMERA}
        assert notes.cameras() == {CAMERA}
    assert notes.cameras() == set()


def test_an_error_that_was_raised_on_purpose_leaves_no_suspect() -> None:
    notes = Notes(1)
    with pytest.raises(MessageInvalid), notes.at(CAMERA, due_s=1.0):
        raise MessageInvalid("no NUT file")
    assert notes.suspects(None, is_fault=False) == set()


def test_a_thread_that_dies_of_a_bug_is_known_among_others() -> None:
    notes = Notes(2)
    write(notes, OTHER_CAMERA, thread=STRANGER)

    def fail() -> None:
        with pytest.raises(ZeroDivisionError), notes.at(CAMERA, due_s=1.0):
            raise ZeroDivisionError

    in_a_thread(fail)

    assert notes.suspects(None, is_fault=False) == {CAMERA}


def test_a_thread_is_overdue_when_it_does_not_come_back() -> None:
    notes = Notes(1)
    with notes.at(CAMERA, due_s=100.0) as note:
        assert notes.overdue(110.0, by_s=10.0) == set()
        assert notes.overdue(110.1, by_s=10.0) == {CAMERA}
        note.come_back(105.0)
        assert notes.overdue(110.1, by_s=10.0) == set()
        assert notes.overdue(115.1, by_s=10.0) == {CAMERA}
    assert notes.overdue(1000.0, by_s=10.0) == set()


def test_a_thread_that_finds_no_place_works_without_a_note() -> None:
    notes = Notes(1)
    with notes.at(CAMERA, due_s=1.0):
        with notes.at(OTHER_CAMERA, due_s=1.0) as note:
            note.come_back(2.0)
            assert notes.cameras() == {CAMERA}
        assert notes.overdue(1.5, by_s=0.0) == {CAMERA}
    with notes.at(OTHER_CAMERA, due_s=1.0):
        assert notes.cameras() == {OTHER_CAMERA}
