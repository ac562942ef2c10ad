"""Valid objects for tests, of which a test names only what it is about."""

from fractions import Fraction
from typing import Any
from uuid import UUID

from vigil.bus.packets.base import EntryId, Template
from vigil.camera_document import CameraConfig, ModelUse
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.frame import FrameStamp, stamped
from vigil.domain.packet import Packet
from vigil.exports import ExportedCamera, ExportKind, ExportOrder
from vigil.facts import TrackFact
from vigil.messages import CameraState, CameraStatus

CAMERA = CameraId(7)
OTHER_CAMERA = CameraId(8)
#: Before the oldest packet of any log.
BEGINNING = EntryId("0-0")
A_TEMPLATE = Template("00112233aabbccdd", b"nut of the first")
ANOTHER_TEMPLATE = Template("ffeeddccbbaa9988", b"nut of the second")


def a_packet(pts: int = 0, *, is_keyframe: bool = False, **changes: Any) -> Packet:
    fields: dict[str, Any] = {
        "stream_index": 0,
        "pts": pts,
        "dts": pts,
        "duration": 3600,
        "time_base": Fraction(1, 90_000),
        "is_keyframe": is_keyframe,
        "template_id": A_TEMPLATE.template_id,
        "anchor_us": 1_790_000_000_000_000,
        "captured_at_us": 1_790_000_000_000_000 + pts * 100 // 9,
        "data": f"packet {pts}".encode(),
    }
    return Packet(**fields | changes)


def a_jpeg(
    sequence: int = 1, *, epoch: int = 5, captured_at_us: int = 1_790_000_000_000_000
) -> bytes:
    """Return the shell of a JPEG with a stamp: enough for all who do not decode it."""
    stamp = FrameStamp(sequence, captured_at_us, Epoch(epoch), 1920, 1080)
    return stamped(b"\xff\xd8\xff\xdb picture \xff\xd9", stamp)


def a_camera(camera_id: int = CAMERA, **changes: Any) -> CameraConfig:
    """Return a camera that nobody can connect to, unless its ``sealed_url`` is given.

    Args:
        camera_id: Its number.
        changes: Fields by name; ``recognition`` for short: the one model that looks, or ``off``.
    """
    if (model := changes.pop("recognition", None)) is not None:
        changes["models"] = () if model == "off" else (ModelUse(model=model),)
    fields: dict[str, Any] = {
        "id": camera_id,
        "revision": 1,
        "name": f"camera {camera_id}",
        "sealed_url": "sealed",
    }
    return CameraConfig(**fields | changes)


def a_status(**changes: Any) -> CameraStatus:
    fields: dict[str, Any] = {
        "state": CameraState.ACTIVE,
        "owner": "host:1:abc",
        "epoch": 5,
        "since_us": 1_790_000_000_000_000,
    }
    return CameraStatus(**fields | changes)


def a_track(track: int = 1, *, revision: int = 1, **changes: Any) -> TrackFact:
    """Return a person who was seen for a second."""
    fields: dict[str, Any] = {
        "camera_id": CAMERA,
        "epoch": 1_790_000_000_000,
        "track": track,
        "revision": revision,
        "label": "person",
        "confidence": 0.75,
        "opened_us": 1_790_000_001_000_000,
        "seen_us": 1_790_000_002_000_000,
        "looks": 5,
        "first_box": (10.0, 20.0, 50.0, 120.0),
        "last_box": (30.0, 20.0, 70.0, 120.0),
    }
    return TrackFact(**fields | changes)


def an_order(export: UUID, **changes: Any) -> ExportOrder:
    """Return an order of a minute of one camera."""
    camera = ExportedCamera(camera_id=CameraId(7), name="Yard", since_us=0)
    fields: dict[str, Any] = {
        "export": export,
        "kind": ExportKind.MP4,
        "cameras": (camera,),
        "since_us": 1_790_000_000_000_000,
        "until_us": 1_790_000_060_000_000,
    }
    return ExportOrder(**fields | changes)
