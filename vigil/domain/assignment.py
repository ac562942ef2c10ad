"""Who serves which camera: every member computes the same answer, and nobody has to ask.

Rendezvous hashing (Thaler and Ravishankar, 1998): a camera belongs to the member with the highest
hash of the pair. When a member leaves, only its cameras move; when one joins, only those it wins.
"""

from collections.abc import Collection, Iterable
from hashlib import blake2b

from vigil.domain.camera import CameraId


def owner_of(camera_id: CameraId, members: Collection[str]) -> str | None:
    """Return the member that camera_id belongs to, or None when there are no members."""
    return max(members, key=lambda member: _weight(camera_id, member), default=None)


def share_of(
    member: str, camera_ids: Iterable[CameraId], members: Collection[str]
) -> frozenset[CameraId]:
    """Return which of camera_ids belong to member.

    Args:
        member: Counted in even where members does not name it yet.
        camera_ids: All cameras of the role.
        members: All members of the role.
    """
    everybody = {member, *members}
    return frozenset(
        camera_id for camera_id in camera_ids if owner_of(camera_id, everybody) == member
    )


def _weight(camera_id: CameraId, member: str) -> tuple[bytes, str]:
    # The name breaks a tie, so that members that see the pair in another order agree.
    digest = blake2b(f"{camera_id}\0{member}".encode(), digest_size=8).digest()
    return digest, member
