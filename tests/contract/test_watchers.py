"""What every adapter promises of who is watched."""

from tests.builders import A_TEMPLATE, BEGINNING, CAMERA, OTHER_CAMERA, a_packet
from tests.contract.conftest import MediaBus
from vigil import keys
from vigil.bus.packets.base import BacklogLimits
from vigil.domain.camera import CameraId, Epoch

THIRD_CAMERA = CameraId(9)


def test_a_camera_is_watched_for_a_while_after_it_was_said(bus: MediaBus) -> None:
    assert bus.watchers.watched([CAMERA]) == frozenset()

    bus.watchers.say_watched([CAMERA, OTHER_CAMERA])

    assert bus.watchers.watched([CAMERA, THIRD_CAMERA]) == {CAMERA}
    bus.let_pass(keys.WATCHED_TTL_S + 0.05)
    assert bus.watchers.watched([CAMERA, OTHER_CAMERA]) == frozenset()


def test_who_reads_packets_learns_who_is_watched(bus: MediaBus) -> None:
    log = bus.packets(BacklogLimits())
    epoch = bus.leases.acquire(CAMERA, "me", ttl_s=3.0, last_seen=Epoch(0))
    assert epoch is not None
    packet = a_packet(is_keyframe=True)
    log.append(CAMERA, [packet], template=A_TEMPLATE, epoch=epoch)
    bus.watchers.say_watched([CAMERA, OTHER_CAMERA])

    # Of a camera with packets, of one without, of one that was not asked about
    reading = log.read({CAMERA: BEGINNING, OTHER_CAMERA: BEGINNING}, limit=9, asking=[CAMERA])
    assert [entry.packet for entry in reading[CAMERA]] == [packet]
    assert reading.watched == {CAMERA}
    everybody = [CAMERA, OTHER_CAMERA, THIRD_CAMERA]
    assert log.read({}, limit=9, asking=everybody).watched == {CAMERA, OTHER_CAMERA}
    assert log.read({CAMERA: BEGINNING}, limit=9).watched == frozenset()
