"""What every PacketLog promises."""

from collections.abc import Sequence

import pytest

from tests.builders import A_TEMPLATE, ANOTHER_TEMPLATE, BEGINNING, CAMERA, OTHER_CAMERA, a_packet
from tests.contract.conftest import MediaBus
from vigil.bus.packets.base import BacklogLimits, PacketLog
from vigil.clock import SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.errors import LeaseLost

ROOMY = BacklogLimits()


def take(bus: MediaBus, camera_id: CameraId = CAMERA) -> Epoch:
    epoch = bus.leases.acquire(camera_id, "anna", ttl_s=30.0, last_seen=Epoch(0))
    assert epoch is not None
    return epoch


def held(log: PacketLog, camera_id: CameraId = CAMERA) -> Sequence[Packet]:
    entries = log.read({camera_id: BEGINNING}, limit=1000).get(camera_id, [])
    return [entry.packet for entry in entries]


def a_gop(first_pts: int, length: int, *, size_bytes: int = 10, **changes: object) -> list[Packet]:
    return [
        a_packet(first_pts + n, is_keyframe=n == 0, data=b"x" * size_bytes, **changes)
        for n in range(length)
    ]


def test_packets_come_back_as_they_were_in_their_order(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    video = a_gop(0, 3)
    audio = a_packet(5, is_keyframe=True, stream_index=1, data=b"\x00\xff" * 50)
    log.append(CAMERA, video, template=A_TEMPLATE, epoch=epoch)
    log.append(CAMERA, [audio], template=A_TEMPLATE, epoch=epoch)
    assert held(log) == [*video, audio]


def test_reading_goes_on_behind_a_position(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    log.append(CAMERA, a_gop(0, 5), template=A_TEMPLATE, epoch=epoch)
    first = log.read({CAMERA: BEGINNING}, limit=2)[CAMERA]
    rest = log.read({CAMERA: first[-1].entry_id}, limit=10)[CAMERA]
    assert [entry.packet.pts for entry in first] == [0, 1]
    assert [entry.packet.pts for entry in rest] == [2, 3, 4]
    assert log.read({CAMERA: rest[-1].entry_id}, limit=10) == {}


def test_many_cameras_are_read_at_once(bus: MediaBus) -> None:
    log = bus.packets(ROOMY)
    for camera_id in (CAMERA, OTHER_CAMERA):
        log.append(camera_id, a_gop(camera_id, 1), template=A_TEMPLATE, epoch=take(bus, camera_id))
    read = log.read({CAMERA: BEGINNING, OTHER_CAMERA: BEGINNING, CameraId(9): BEGINNING}, limit=9)
    assert {camera_id: entries[0].packet.pts for camera_id, entries in read.items()} == {
        CAMERA: 7,
        OTHER_CAMERA: 8,
    }


def test_whole_gops_older_than_the_backlog_are_dropped(bus: MediaBus) -> None:
    clock = SystemClock()
    log, epoch = bus.packets(BacklogLimits(seconds=0.1)), take(bus)
    log.append(CAMERA, a_gop(0, 3), template=A_TEMPLATE, epoch=epoch)
    begun_s = clock.monotonic_s()
    log.append(CAMERA, a_gop(10, 3), template=A_TEMPLATE, epoch=epoch)
    bus.let_pass(0.12)
    backlog = log.append(CAMERA, a_gop(20, 1), template=A_TEMPLATE, epoch=epoch)
    # A busy machine lets more time pass than it was asked to; a twin's clock lets just that.
    past_s = max(0.12, clock.monotonic_s() - begun_s)
    # The first GOP is not needed for 0.1 s any more; the second still covers them.
    assert [packet.pts for packet in held(log)] == [10, 11, 12, 20]
    assert 0.11 <= backlog.seconds <= past_s + 0.005
    assert backlog.size_bytes == 40


def test_a_backlog_that_is_too_large_loses_its_oldest_gops(bus: MediaBus) -> None:
    log, epoch = bus.packets(BacklogLimits(max_bytes=250)), take(bus)
    for start in (0, 10, 20):
        backlog = log.append(
            CAMERA, a_gop(start, 2, size_bytes=50), template=A_TEMPLATE, epoch=epoch
        )
    assert [packet.pts for packet in held(log)] == [10, 11, 20, 21]
    assert backlog.size_bytes == 200


def test_the_last_gop_stays_even_when_it_is_large(bus: MediaBus) -> None:
    log, epoch = bus.packets(BacklogLimits(max_bytes=100)), take(bus)
    log.append(CAMERA, a_gop(0, 5, size_bytes=50), template=A_TEMPLATE, epoch=epoch)
    assert len(held(log)) == 5


def test_a_gop_without_end_is_cut(bus: MediaBus) -> None:
    limits = BacklogLimits(max_bytes=100, max_gop_bytes=300)
    log, epoch = bus.packets(limits), take(bus)
    most = 0
    for pts in range(40):
        backlog = log.append(
            CAMERA,
            [a_packet(pts, is_keyframe=pts == 0, data=b"x" * 50)],
            template=A_TEMPLATE,
            epoch=epoch,
        )
        most = max(most, backlog.size_bytes)
    assert most <= 400
    assert held(log)[-1].pts == 39


def test_a_reader_joins_at_the_newest_keyframe(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    assert log.last_keyframe(CAMERA) is None
    log.append(CAMERA, [*a_gop(0, 3), *a_gop(10, 2)], template=A_TEMPLATE, epoch=epoch)
    position = log.last_keyframe(CAMERA)
    assert position is not None
    entries = log.read({CAMERA: position}, limit=10)[CAMERA]
    assert [entry.packet.pts for entry in entries] == [10, 11]


def test_the_newest_packet_has_a_place(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    assert log.last_entry(CAMERA) is None
    log.append(CAMERA, a_gop(0, 3), template=A_TEMPLATE, epoch=epoch)
    assert log.last_entry(CAMERA) == log.read({CAMERA: BEGINNING}, limit=9)[CAMERA][-1].entry_id


def test_a_reader_joins_so_long_before_the_newest_keyframe(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    assert log.last_keyframe(CAMERA, before_s=1.0) is None
    for first_pts in (0, 10, 20):
        log.append(CAMERA, a_gop(first_pts, 2), template=A_TEMPLATE, epoch=epoch)
        bus.let_pass(0.2)

    def joins_at(before_s: float) -> int:
        position = log.last_keyframe(CAMERA, before_s=before_s)
        assert position is not None
        return log.read({CAMERA: position}, limit=1)[CAMERA][0].packet.pts

    assert [joins_at(each) for each in (0.0, 0.1, 0.3, 60.0)] == [20, 10, 0, 0]


def test_a_template_lives_as_long_as_its_packets(bus: MediaBus) -> None:
    log, epoch = bus.packets(BacklogLimits(max_bytes=25)), take(bus)
    log.append(CAMERA, a_gop(0, 2), template=A_TEMPLATE, epoch=epoch)
    other = ANOTHER_TEMPLATE.template_id
    log.append(CAMERA, a_gop(10, 2, template_id=other), template=ANOTHER_TEMPLATE, epoch=epoch)
    assert log.template(CAMERA, other) == ANOTHER_TEMPLATE
    assert log.template(CAMERA, A_TEMPLATE.template_id) is None


def test_an_emptied_redis_learns_the_template_in_the_middle_of_a_gop(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    log.append(CAMERA, a_gop(0, 2), template=A_TEMPLATE, epoch=epoch)
    bus.empty()
    again = bus.leases.acquire(CAMERA, "anna", ttl_s=30.0, last_seen=epoch)
    assert again is not None
    log.append(CAMERA, [a_packet(2)], template=A_TEMPLATE, epoch=again)
    assert log.template(CAMERA, A_TEMPLATE.template_id) == A_TEMPLATE
    assert held(log)[-1].pts == 2


def test_a_write_of_an_old_epoch_is_refused_and_changes_nothing(bus: MediaBus) -> None:
    log, old = bus.packets(ROOMY), take(bus)
    bus.leases.release(CAMERA, epoch=old)
    new = take(bus)
    log.append(CAMERA, a_gop(0, 2), template=A_TEMPLATE, epoch=new)
    with pytest.raises(LeaseLost):
        log.append(CAMERA, [a_packet(99)], template=A_TEMPLATE, epoch=old)
    with pytest.raises(LeaseLost):
        log.clear(CAMERA, epoch=old)
    assert [packet.pts for packet in held(log)] == [0, 1]


def test_a_deleted_camera_leaves_no_packets(bus: MediaBus) -> None:
    log, epoch = bus.packets(ROOMY), take(bus)
    log.append(CAMERA, a_gop(0, 2), template=A_TEMPLATE, epoch=epoch)
    log.clear(CAMERA, epoch=epoch)
    assert held(log) == []
    assert log.template(CAMERA, A_TEMPLATE.template_id) is None


def test_a_sub_stream_is_kept_apart_within_limits_of_its_own_under_the_same_lease(
    bus: MediaBus,
) -> None:
    log, sub, epoch = bus.packets(ROOMY), bus.sub_packets(BacklogLimits(max_bytes=25)), take(bus)
    other = ANOTHER_TEMPLATE.template_id
    for start in (0, 10):
        log.append(CAMERA, a_gop(start, 2), template=A_TEMPLATE, epoch=epoch)
        smaller = a_gop(start + 100, 2, template_id=other)
        sub.append(CAMERA, smaller, template=ANOTHER_TEMPLATE, epoch=epoch)

    assert [packet.pts for packet in held(log)] == [0, 1, 10, 11]
    assert [packet.pts for packet in held(sub)] == [110, 111]
    assert log.template(CAMERA, other) is None
    assert sub.template(CAMERA, other) == ANOTHER_TEMPLATE
    position = sub.last_keyframe(CAMERA)
    assert position is not None
    assert [each.packet.pts for each in sub.read({CAMERA: position}, limit=9)[CAMERA]] == [110, 111]

    sub.clear(CAMERA, epoch=epoch)
    assert (held(sub), len(held(log))) == ([], 4)
    bus.leases.release(CAMERA, epoch=epoch)
    assert bus.leases.acquire(CAMERA, "berta", ttl_s=30.0, last_seen=epoch) is not None
    with pytest.raises(LeaseLost):
        sub.append(CAMERA, smaller, template=ANOTHER_TEMPLATE, epoch=epoch)
