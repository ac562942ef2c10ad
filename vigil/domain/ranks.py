"""Which member each camera would like best: the ranks of rendezvous hashing, all at once."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from vigil.domain.camera import CameraId


def by_rank(
    cameras: Sequence[CameraId], members: Sequence[str], capacity_of: Sequence[int]
) -> list[int]:
    """Return the pairs, each as ``camera * len(members) + member``, the highest rank first."""
    of_cameras = np.array([_hash(f"camera {each}") for each in cameras], np.uint64)
    of_members = np.array([_hash(f"member {each}") for each in members], np.uint64)
    mixed = _mixed(of_cameras[:, None] ^ of_members[None, :])
    # Above 0 and below 1. Two that lie closer than logarithms of two machines differ do not occur.
    drawn = ((mixed >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52
    # The time until a member rings first, where each rings as often as it has capacity.
    waits = -np.log(drawn) / np.array(capacity_of, np.float64)
    order: list[int] = np.argsort(waits, axis=None, kind="stable").tolist()
    return order


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64 of each key: a hash of the pair, a thousand times as fast as blake2b."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
