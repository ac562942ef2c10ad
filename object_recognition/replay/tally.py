"""Counts what a camera's view shows, and what it does not, over all frames of a clip."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from object_recognition.replay.begins import Begins
from object_recognition.replay.changes import OFF, described
from object_recognition.replay.report import Account, Dropped, NearestDrop, SeenObject
from object_recognition.seen import Seen
from vigil.camera_document import CameraConfig
from vigil.clock import MICROSECONDS
from vigil.domain.explanation import DropReason
from vigil.facts import TrackFact
from vigil.messages import Drop, DroppedObject

#: Of these the value grows until it reaches its limit. All others are told of by confidence.
_GROWING = frozenset({DropReason.CONFIDENCE, DropReason.ZONE})


@dataclass(frozen=True, slots=True)
class _Kept:
    """A detection that was kept out, and one of the reasons."""

    drop: Drop
    it: DroppedObject
    captured_at_us: int

    @property
    def is_alone(self) -> bool:
        """Whether nothing else kept it out."""
        return len(self.it.drops) == 1

    @property
    def nearness(self) -> tuple[bool, float]:
        """What the nearest to being shown has the greatest of."""
        is_growing = self.drop.reason in _GROWING
        return self.is_alone, float(self.drop.value) if is_growing else self.it.confidence


@dataclass(slots=True)
class _Second:
    """What one setting kept out of one label in a second."""

    nearest: _Kept
    detections: int = 0
    alone: int = 0


class Tally:
    """What one set of settings comes to.

    Args:
        camera: With these settings.
        begins: When the clip begins.
    """

    def __init__(self, camera: CameraConfig, begins: Begins) -> None:
        self._camera = camera
        self._begins = begins
        #: The newest fact of each track.
        self._tracks: dict[int, TrackFact] = {}
        self._unnumbered: Counter[str] = Counter()
        #: By reason and label, and by the second: a night has too many to keep each.
        self._seconds: dict[tuple[DropReason, str], dict[int, _Second]] = {}

    def take(self, seen: Seen) -> None:
        """Take in what a look came to. Each is to be explained."""
        self.tell(seen.facts)
        self._unnumbered.update(each.label for each in seen.published.objects if each.track is None)
        if seen.explanation is None:
            return
        for dropped in seen.explanation.objects:
            for drop in dropped.drops:
                self._keep(_Kept(drop, dropped, seen.explanation.captured_at_us))

    def tell(self, facts: Iterable[TrackFact]) -> None:
        """Take in what is told of tracks."""
        self._tracks |= {fact.track: fact for fact in facts}

    def account(self) -> Account:
        """Return what all of it came to."""
        objects = tuple(map(self._seen_object, sorted(self._tracks.values(), key=_order)))
        dropped = [self._dropped(*each) for each in self._seconds.items()]
        return Account(
            settings=described(self._camera),
            objects=objects,
            counts=dict(Counter(each.label for each in objects).most_common()),
            unnumbered=dict(self._unnumbered.most_common()),
            dropped=tuple(sorted(dropped, key=_rank, reverse=True)),
        )

    def _keep(self, kept: _Kept) -> None:
        seconds = self._seconds.setdefault((kept.drop.reason, kept.it.label), {})
        second = seconds.setdefault(kept.captured_at_us // MICROSECONDS, _Second(kept))
        second.detections += 1
        second.alone += kept.is_alone
        if kept.nearness > second.nearest.nearness:
            second.nearest = kept

    def _dropped(
        self, key: tuple[DropReason, str], seconds_by_number: Mapping[int, "_Second"]
    ) -> Dropped:
        (reason, label), seconds = key, seconds_by_number.values()
        missed = [each for each in seconds if not self._is_beside(label, each.nearest)]
        nearest = max((each.nearest for each in missed or seconds), key=lambda kept: kept.nearness)
        return Dropped(
            reason=reason,
            label=label,
            detections=sum(each.detections for each in seconds),
            alone=sum(each.alone for each in seconds),
            missed=sum(each.detections for each in missed),
            nearest=NearestDrop(
                value=nearest.drop.value,
                limit=nearest.drop.limit,
                at_s=self._at_s(nearest.captured_at_us),
                confidence=nearest.it.confidence,
                box=nearest.it.box,
                also=tuple(each.reason for each in nearest.it.drops if each is not nearest.drop),
                try_set=_what_shows(nearest.it.drops, self._camera),
            ),
        )

    def _is_beside(self, label: str, kept: _Kept) -> bool:
        """Return whether an object of the label was there at about the same time."""
        at_us = kept.captured_at_us
        return any(
            fact.opened_us - MICROSECONDS <= at_us <= fact.seen_us + MICROSECONDS
            for fact in self._tracks.values()
            if fact.label == label
        )

    def _seen_object(self, fact: TrackFact) -> SeenObject:
        return SeenObject(
            track=fact.track,
            label=fact.label,
            from_s=self._at_s(fact.opened_us),
            to_s=self._at_s(fact.seen_us),
            from_at=self._begins.iso(fact.opened_us - self._begins.us),
            to_at=self._begins.iso(fact.seen_us - self._begins.us),
            looks=fact.looks,
            confidence=fact.confidence,
            zones=fact.zones,
            first_box=fact.first_box,
            last_box=fact.last_box,
        )

    def _at_s(self, captured_at_us: int) -> float:
        return round((captured_at_us - self._begins.us) / MICROSECONDS, 3)


def _order(fact: TrackFact) -> tuple[int, int]:
    return fact.opened_us, fact.track


def _rank(dropped: Dropped) -> tuple[bool, bool, float]:
    """Return what is told of first: who was missed, by one setting, and nearly not."""
    nearest = dropped.nearest
    return dropped.missed > 0, not nearest.also, nearest.confidence


def _what_shows(drops: Sequence[Drop], camera: CameraConfig) -> tuple[str, ...]:
    """Return the settings with which a detection is shown; none: no setting of ours does that."""
    wanted = dict.fromkeys(_what_lets_by(drop, camera) for drop in drops)
    known = [each for each in wanted if each is not None]
    return tuple(known) if len(known) == len(wanted) else ()


def _what_lets_by(drop: Drop, camera: CameraConfig) -> str | None:
    # A bound of a zone's own goes with the zone; one of a model's own is no setting of ours,
    # nor is one of which nobody can tell whose it is.
    if drop.zone is not None:
        return f"zones={OFF}"
    of_models = {use.min_confidence for use in camera.models}
    is_cameras = (
        drop.limit == f"{camera.min_confidence:g}" and camera.min_confidence not in of_models
    )
    if drop.reason is DropReason.CONFIDENCE and is_cameras:
        return f"min_confidence={_just_below(float(drop.value)):g}"
    return None


def _just_below(value: float) -> float:
    """Return a number of three digits that is no greater than what was rounded to four."""
    return max(0.0, math.floor((value - 0.00005) * 1000) / 1000)
