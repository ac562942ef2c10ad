"""What every adapter of LookNotes promises."""

import pytest

from tests.builders import CAMERA, OTHER_CAMERA, a_jpeg
from tests.contract.conftest import LookBus
from vigil.bus.looks.base import Deaths
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import LeaseLost


def take(looks: LookBus, member: str = "anna", camera_id: CameraId = CAMERA) -> Epoch:
    epoch = looks.leases.acquire(camera_id, member, ttl_s=60.0, last_seen=Epoch(0))
    assert epoch is not None
    return epoch


def hand_over(looks: LookBus, epoch: Epoch, to: str) -> Epoch:
    looks.leases.release(CAMERA, epoch=epoch)
    return take(looks, to)


def test_nobody_died_at_a_camera_that_was_never_looked_at(looks: LookBus) -> None:
    epoch = take(looks)
    assert looks.notes.deaths({CAMERA: epoch}, alive=["anna"]) == {CAMERA: Deaths()}
    assert looks.notes.deaths({}, alive=["anna"]) == {}


def test_a_look_of_one_who_is_no_more_is_a_death_that_is_counted_once(looks: LookBus) -> None:
    epoch = take(looks)
    looks.notes.begin(CAMERA, "a frame", member="anna", epoch=epoch)

    # While she lives, it is a look
    epoch = hand_over(looks, epoch, "bert")
    assert looks.notes.deaths({CAMERA: epoch}, alive=["anna", "bert"])[CAMERA] == Deaths()

    died = Deaths(1, frozenset({"a frame"}))
    assert looks.notes.deaths({CAMERA: epoch}, alive=["bert"])[CAMERA] == died
    assert looks.notes.deaths({CAMERA: epoch}, alive=["bert"])[CAMERA] == died


def test_deaths_add_up_and_every_killer_is_remembered(looks: LookBus) -> None:
    epoch = take(looks)
    for member, frame in (("anna", "one"), ("bert", "two"), ("carl", "two")):
        looks.notes.begin(CAMERA, frame, member=member, epoch=epoch)
        epoch = hand_over(looks, epoch, f"after {member}")
        told = looks.notes.deaths({CAMERA: epoch}, alive=[f"after {member}"])

    assert told[CAMERA] == Deaths(3, frozenset({"one", "two"}))


def test_a_look_that_came_to_an_end_is_no_death(looks: LookBus) -> None:
    epoch = take(looks)
    looks.notes.begin(CAMERA, "one", member="anna", epoch=epoch)
    looks.boxed.put(CAMERA, a_jpeg(), epoch=epoch, ttl_s=4.0)
    assert looks.notes.deaths({CAMERA: epoch}, alive=[])[CAMERA] == Deaths()

    looks.notes.begin(CAMERA, "two", member="anna", epoch=epoch)
    looks.notes.end(CAMERA, epoch=Epoch(epoch - 1))
    looks.notes.end(CAMERA, epoch=epoch)
    assert looks.notes.deaths({CAMERA: epoch}, alive=[])[CAMERA] == Deaths()


def test_who_lost_the_camera_notes_nothing(looks: LookBus) -> None:
    old = take(looks)
    epoch = hand_over(looks, old, "bert")
    with pytest.raises(LeaseLost):
        looks.notes.begin(CAMERA, "one", member="anna", epoch=old)
    assert looks.notes.deaths({CAMERA: epoch}, alive=["bert"])[CAMERA] == Deaths()


def test_cameras_are_told_apart(looks: LookBus) -> None:
    epochs = {CAMERA: take(looks), OTHER_CAMERA: take(looks, camera_id=OTHER_CAMERA)}
    looks.notes.begin(CAMERA, "one", member="gone", epoch=epochs[CAMERA])
    told = looks.notes.deaths(epochs, alive=["anna"])
    assert told == {CAMERA: Deaths(1, frozenset({"one"})), OTHER_CAMERA: Deaths()}


def test_a_deleted_camera_leaves_neither_look_nor_deaths(looks: LookBus) -> None:
    epoch = take(looks)
    looks.notes.begin(CAMERA, "one", member="anna", epoch=epoch)
    epoch = hand_over(looks, epoch, "bert")
    assert looks.notes.deaths({CAMERA: epoch}, alive=["bert"])[CAMERA].count == 1
    looks.notes.begin(CAMERA, "two", member="gone", epoch=epoch)

    # Only by who has it
    with pytest.raises(LeaseLost):
        looks.notes.clear(CAMERA, epoch=Epoch(epoch - 1))
    looks.notes.clear(CAMERA, epoch=epoch)

    assert looks.notes.deaths({CAMERA: epoch}, alive=["bert"])[CAMERA] == Deaths()
