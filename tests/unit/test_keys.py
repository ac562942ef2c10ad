"""The name space: what one script touches lies in one slot."""

from collections.abc import Callable

import pytest
from redis.crc import key_slot

from vigil import keys
from vigil.domain.camera import CameraId, Stream

CAMERA = CameraId(7)


def test_the_contracts_keys_are_the_contracts() -> None:
    assert keys.latest_frame(CAMERA) == "camera_7_latest_frame"
    assert keys.boxed_image(CAMERA) == "camera_7_boxed_image"


@pytest.mark.parametrize("camera_id", [1, 7, 12_345])
@pytest.mark.parametrize(
    "name",
    [
        keys.packets,
        keys.packet_bytes,
        keys.gops,
        keys.templates,
        lambda camera_id: keys.packets(camera_id, Stream.SUB),
        lambda camera_id: keys.packet_bytes(camera_id, Stream.SUB),
        lambda camera_id: keys.gops(camera_id, Stream.SUB),
        lambda camera_id: keys.templates(camera_id, Stream.SUB),
        lambda camera_id: keys.status(camera_id, keys.Role.INGEST),
        lambda camera_id: keys.lease(camera_id, keys.Role.INGEST),
        lambda camera_id: keys.frame_bell(camera_id, keys.FrameKind.RAW),
    ],
)
def test_what_ingest_writes_lies_in_the_slot_of_the_latest_frame(
    name: Callable[[CameraId], str], camera_id: int
) -> None:
    slot = key_slot(keys.latest_frame(CameraId(camera_id)).encode())

    assert key_slot(name(CameraId(camera_id)).encode()) == slot


@pytest.mark.parametrize("camera_id", [1, 7, 12_345])
@pytest.mark.parametrize(
    "name",
    [
        lambda camera_id: keys.status(camera_id, keys.Role.RECOGNITION),
        lambda camera_id: keys.lease(camera_id, keys.Role.RECOGNITION),
        lambda camera_id: keys.frame_bell(camera_id, keys.FrameKind.BOXED),
    ],
)
def test_what_recognition_writes_lies_in_the_slot_of_the_boxed_image(
    name: Callable[[CameraId], str], camera_id: int
) -> None:
    slot = key_slot(keys.boxed_image(CameraId(camera_id)).encode())

    assert key_slot(name(CameraId(camera_id)).encode()) == slot


def test_no_two_names_of_two_cameras_are_one() -> None:
    names = [
        name
        for camera_id in map(CameraId, (1, 11, 111))
        for name in (
            keys.latest_frame(camera_id),
            keys.boxed_image(camera_id),
            keys.look(camera_id),
            keys.deaths(camera_id),
            *(keys.packets(camera_id, stream) for stream in Stream),
            *(keys.packet_bytes(camera_id, stream) for stream in Stream),
            *(keys.gops(camera_id, stream) for stream in Stream),
            *(keys.templates(camera_id, stream) for stream in Stream),
            keys.camera_config(camera_id),
            *(keys.status(camera_id, role) for role in keys.Role),
            *(keys.lease(camera_id, role) for role in keys.Role),
            *(keys.frame_bell(camera_id, kind) for kind in keys.FrameKind),
        )
    ]
    names += [keys.members(role) for role in keys.Role]
    names += [keys.member_reports(role) for role in keys.Role]
    names += [keys.camera_config_head(), keys.camera_config_bell()]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", list(keys.FrameKind))
def test_a_picture_is_guarded_by_the_lease_in_its_slot(kind: keys.FrameKind) -> None:
    lease = keys.lease(CAMERA, keys.GUARD_OF[kind])

    assert key_slot(lease.encode()) == key_slot(keys.frame(CAMERA, kind).encode())
