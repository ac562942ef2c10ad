"""What footage takes is known to a byte, whatever is written meanwhile."""

import threading

from recorder.room.inventory import ALL_EVERY_S, NEWEST_EVERY_S, Inventory
from recorder.room.protections import Protections
from tests.recorder.house import House, a_segment
from vigil.domain.camera import CameraId
from vigil.messages import GapReason

CAMERA = CameraId(7)


def an_inventory(house: House) -> Inventory:
    protections = Protections(house.volume, store=house.store, clock=house.clock)
    return Inventory(house.volume, protections=protections, clock=house.clock)


def counted(inventory: Inventory) -> tuple[int, int]:
    """Let it count what is due; return files and bytes."""
    while inventory.keep_up():
        pass
    whole = inventory.tally.of(CAMERA)
    return whole.files, whole.size_bytes


def test_a_folder_is_counted_at_a_turn(house: House) -> None:
    for days in range(1, 4):
        house.segment(7, days_ago=days)
    inventory = an_inventory(house)

    turns = [inventory.keep_up() for _ in range(3)]

    assert turns == [True, True, False]
    assert inventory.is_counted
    assert counted(inventory) == (3, 3000)


def test_what_grows_counts_once_it_is_done(house: House) -> None:
    house.segment(7, days_ago=2)
    grows = house.segment(7, days_ago=0)
    house.names_as_growing(grows)
    inventory = an_inventory(house)
    assert counted(inventory) == (1, 1000)

    # It is done, and finished once more after a restart
    for size_bytes in (1000, 1000, 900):
        inventory.heard(a_segment(grows, size_bytes))
    assert counted(inventory) == (2, 1900)

    # The mark still names it: its camera sends nothing
    house.clock.advance(NEWEST_EVERY_S)
    assert counted(inventory) == (2, 2000)


def test_what_was_counted_as_done_is_not_counted_again_when_it_is_finished(house: House) -> None:
    done = house.segment(7, days_ago=0)
    house.names_as_growing(done, broken_off=GapReason.SWITCHED_OFF)
    inventory = an_inventory(house)
    assert counted(inventory) == (1, 1000)

    inventory.heard(a_segment(done))

    assert counted(inventory) == (1, 1000)


def test_what_somebody_deleted_by_hand_is_noticed(house: House) -> None:
    gone, _, newest = (house.segment(7, days_ago=days) for days in (3, 2, 1))
    inventory = an_inventory(house)
    assert counted(inventory) == (3, 3000)
    (house.volume.path / gone).unlink()
    (house.volume.path / newest).unlink()

    house.clock.advance(NEWEST_EVERY_S)
    assert counted(inventory) == (2, 2000)
    house.clock.advance(ALL_EVERY_S)
    assert counted(inventory) == (1, 1000)


def test_a_stray_file_is_no_footage(house: House) -> None:
    path = house.segment(7, days_ago=1)
    (house.volume.path / "99").write_bytes(b"not a folder")
    (house.volume.path / "7" / "2026-01-01").write_bytes(b"nor this")
    (house.volume.path / path).with_name("holiday.mp4").write_bytes(b"nor this")

    assert counted(an_inventory(house)) == (1, 1000)


def test_what_is_begun_while_files_are_looked_through_is_no_file_that_may_go(house: House) -> None:
    done = [house.segment(7, days_ago=days) for days in (2, 0.1)]
    files = an_inventory(house).stored()[CAMERA]
    found = [next(files)]

    with house.being_written(7, days_ago=0) as grows:
        found.extend(files)

    assert [each.path for each in found if each.is_growing] == [grows]
    assert [each.path for each in found if not each.is_growing] == done


def test_counting_beside_a_recorder_is_exact(house: House) -> None:
    inventory = an_inventory(house)
    written: list[str] = []

    def record() -> None:
        """Write files as a recorder does: made, named in the mark, written, done, told."""
        for number in range(400):
            path = house.segment(7, days_ago=1 - number / 86_400, size=0)
            house.names_as_growing(path)
            for _ in range(10):
                with (house.volume.path / path).open("ab") as file:
                    file.write(b"x" * 10)
            inventory.heard(a_segment(path, 100))
            written.append(path)

    recorder = threading.Thread(target=record)
    recorder.start()
    while recorder.is_alive():
        house.clock.advance(NEWEST_EVERY_S)
        counted(inventory)
    recorder.join()

    assert counted(inventory) == (400, 40_000)
    assert sum((house.volume.path / path).stat().st_size for path in written) == 40_000
