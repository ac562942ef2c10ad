"""Who serves which camera: every member computes the same answer, and nobody has to ask.

Rendezvous hashing with bounded load. Each pair of a camera and a member has a rank, drawn from
their names and weighted by the member's capacity (Thaler and Ravishankar, 1998); from the highest
rank down, a camera goes to the member unless that has its share already (Mirrokni, Thorup and
Zadimoghaddam, 2018). Why so, and what moves when: docs/adr/0009.
"""

from collections.abc import Mapping, Sequence
from statistics import median_low

from vigil.domain.camera import CameraId

#: What costs and capacities are counted in: sums of whole numbers are the same on every machine.
_UNITS = 1000


def assign(
    costs: Mapping[CameraId, float], capacities: Mapping[str, float | None]
) -> dict[CameraId, str]:
    """Return which member each camera belongs to; of no members, nobody has any.

    A member's fair share is its part of all costs, by capacity. It is given cameras until it has
    that: so less than its fair share and one camera more.

    Args:
        costs: Of each camera of the role, such as the looks a second that it wants; above 0.
        capacities: Of each member, in any unit that all share; None: as the middle one of those
            that are known.
    """
    if not costs or not capacities:
        return {}
    cameras, members = sorted(costs), sorted(capacities)
    if len(members) == 1:
        return dict.fromkeys(cameras, members[0])
    # It takes NumPy, so 12 MB, of which a controller that has no other beside it has no use.
    from vigil.domain.ranks import by_rank  # noqa: PLC0415

    cost_of = [_in_units(costs[each]) for each in cameras]
    capacity_of = _known([capacities[each] for each in members])
    total_cost, total_capacity = sum(cost_of), sum(capacity_of)
    # A member is full when its load, times total_capacity, reaches this.
    full = [total_cost * each for each in capacity_of]
    load, owner = [0] * len(members), [-1] * len(cameras)
    left = len(cameras)
    for pair in by_rank(cameras, members, capacity_of):
        camera, member = divmod(pair, len(members))
        if owner[camera] < 0 and load[member] * total_capacity < full[member]:
            owner[camera] = member
            load[member] += cost_of[camera]
            left -= 1
            if not left:
                break
    return {camera_id: members[at] for camera_id, at in zip(cameras, owner, strict=True)}


def _known(capacities: Sequence[float | None]) -> list[int]:
    known = [_in_units(each) for each in capacities if each is not None]
    middle = median_low(known) if known else _UNITS
    return [middle if each is None else _in_units(each) for each in capacities]


def _in_units(value: float) -> int:
    return max(1, round(value * _UNITS))
