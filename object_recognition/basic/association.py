"""Which moving region is which remembered thing."""

from dataclasses import dataclass, field

import numpy as np

from object_recognition.basic.tracks import Track
from object_recognition.boxes import Boxes, areas_of, overlaps_of, stack, union_of

#: A track and a region belong together when they share this much of either.
_SHARE_OF_TRACK = 0.3
_SHARE_OF_REGION = 0.5
#: A person does not grow more than this from one frame to the next: others joined the region.
_MAX_GROWTH_HEIGHT = 1.45
_MAX_GROWTH_WIDTH = 1.8
_MIN_GROWTH_HEIGHT = 0.6
#: Share of a thing's box that its pieces cover.
_MIN_FILL = 0.4


@dataclass(slots=True)
class Association:
    """What became of the tracks in one frame.

    Attributes:
        followed: Tracks with a region of their own, and its box.
        sought: People in a region that is not theirs alone.
        unmoved: People whom no region shows: standing still, or gone.
        lost: Things that no region shows.
        absorbed: Things in a region that others explain.
        new: Boxes of regions that belong to no track.
    """

    followed: list[tuple[Track, Boxes]] = field(default_factory=list)
    sought: list[Track] = field(default_factory=list)
    unmoved: list[Track] = field(default_factory=list)
    lost: list[Track] = field(default_factory=list)
    absorbed: list[Track] = field(default_factory=list)
    new: list[Boxes] = field(default_factory=list)


def associate(tracks: list[Track], regions: Boxes) -> Association:
    """Return which tracks the regions ``(n, 4)`` show, and which regions are new."""
    result = Association()
    places = stack([track.xyxy for track in tracks])
    common = overlaps_of(places, regions)
    of_track = common / np.maximum(areas_of(places)[:, None], 1)
    of_region = common / np.maximum(areas_of(regions)[None], 1)
    linked = (of_track > _SHARE_OF_TRACK) | (of_region > _SHARE_OF_REGION)
    result.new = list(regions[~linked.any(axis=0)])
    shared = linked.sum(axis=0) > 1
    owners = _owners(tracks, linked & shared)
    for number, track in enumerate(tracks):
        mine = linked[number] & ~shared
        if not linked[number].any():
            (result.unmoved if track.is_likely else result.lost).append(track)
        elif mine.any():
            union = union_of(regions[mine])
            if not track.is_likely:
                kept = _one_or_all(regions[mine], common[number][mine])
                result.followed.append((track, kept[0]))
                result.new.extend(kept[1])
            elif _is_plausible(track, union):
                result.followed.append((track, union))
            else:
                result.sought.append(track)
        elif track.is_likely:
            result.sought.append(track)
        elif number in owners:
            result.followed.append((track, union_of(regions[owners[number]])))
        else:
            result.absorbed.append(track)
    return result


def _owners(tracks: list[Track], shared: np.ndarray) -> dict[int, np.ndarray]:
    """Return, for regions that several things and no person share, the thing that keeps each."""
    owners: dict[int, np.ndarray] = {}
    for region in np.flatnonzero(shared.any(axis=0)):
        numbers = np.flatnonzero(shared[:, region])
        if not any(tracks[number].is_likely for number in numbers):
            oldest = max(numbers, key=lambda number: tracks[number].seen)
            kept = owners.setdefault(int(oldest), np.zeros(shared.shape[1], bool))
            kept[region] = True
    return owners


def _one_or_all(regions: Boxes, common: Boxes) -> tuple[Boxes, list[Boxes]]:
    """Return where a thing in several regions is, and the regions that it leaves to others.

    Pieces of one thing fill its box; people who met and part leave it empty between them.
    """
    union = union_of(regions)
    if areas_of(regions).sum() >= _MIN_FILL * areas_of(union[None])[0]:
        return union, []
    best = int(np.argmax(common))
    return regions[best], [box for row, box in enumerate(regions) if row != best]


def _is_plausible(track: Track, xyxy: Boxes) -> bool:
    width, height = xyxy[2:] - xyxy[:2]
    grown = height / max(track.height_px, 1)
    widened = width / max(float(track.xyxy[2] - track.xyxy[0]), 1)
    return bool(_MIN_GROWTH_HEIGHT < grown < _MAX_GROWTH_HEIGHT and widened < _MAX_GROWTH_WIDTH)
