"""The pool of recognition workers, as they say themselves, and who is to have which camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigil.bus.answers import Answers
from vigil.bus.leases.base import Leases
from vigil.bus.status.base import StatusBoard
from vigil.clock import utc_from_us
from vigil.domain.assignment import assign
from vigil.domain.camera import CameraId
from vigil.messages import MemberReport, RecognitionStatus
from web.cameras.models import Camera
from web.cameras.recognition import OFF
from web.status.service import UNREAD

NOBODY_LOOKS = "No worker looks at it."


@dataclass(frozen=True, slots=True)
class RecognitionPool:
    """What workers put on the bus: their list, and a status of each camera."""

    leases: Leases
    statuses: StatusBoard[RecognitionStatus]


def described(pool: RecognitionPool, cameras: Sequence[Camera]) -> dict[str, Any]:
    """Return every worker, and of each camera that is to be looked at who does, and who should.

    Raises:
        BusUnavailable: Redis does not answer, so nobody knows.
    """
    wanted = {
        CameraId(each.id): each for each in cameras if each.enabled and each.recognition != OFF
    }
    members, said = pool.leases.members(), pool.statuses.read(wanted)
    # As each of them computes it: where another has it, it is on its way.
    assigned = assign(
        {camera_id: camera.frame_fps for camera_id, camera in wanted.items()},
        {name: report.capacity_fps for name, report in members.items()},
    )
    return {
        "workers": [_worker(name, members[name], said) for name in sorted(members)],
        "cameras": [_camera(each, said, assigned) for each in wanted.values()],
    }


def _worker(
    name: str, report: MemberReport, said: Mapping[CameraId, RecognitionStatus]
) -> dict[str, Any]:
    host, _, rest = name.partition(":")
    capacity_fps = report.capacity_fps
    return {
        "name": name,
        "host": host,
        "pid": int(pid) if (pid := rest.partition(":")[0]).isdecimal() else None,
        "since": utc_from_us(report.since_us),
        "recognisers": list(report.recognisers),
        "camera_ids": sorted(each for each, status in said.items() if status.owner == name),
        "capacity_fps": capacity_fps,
        "wanted_fps": report.wanted_fps,
        "looked_fps": report.looked_fps,
        "load_ratio": None if capacity_fps is None else round(report.wanted_fps / capacity_fps, 3),
    }


def _camera(
    camera: Camera,
    said: Answers[RecognitionStatus],
    assigned: Mapping[CameraId, str],
) -> dict[str, Any]:
    camera_id = CameraId(camera.id)
    known = {
        "id": camera.id,
        "name": camera.name,
        "wanted_fps": camera.frame_fps,
        "assigned_to": assigned.get(camera_id),
    }
    status = said.get(camera_id)
    if status is None:
        error = UNREAD if camera_id in said.unread else NOBODY_LOOKS
        return {**known, "worker": None, "is_quarantined": False, "error": error}
    return {
        **known,
        "worker": status.owner,
        "recogniser": status.recogniser,
        "looked_fps": status.looked_fps,
        "inference_ms": status.inference_ms,
        "counts": dict(status.counts),
        "is_quarantined": status.is_quarantined,
        "error": status.error,
    }
