"""People without a model file: what moves in the picture, and whether it has a person's shape.

Moving regions come from a learned background. Each is followed over frames, and now and then its
shape is scored; the mean of the scores decides, so that no single frame does. Where people walk
into one region, each is found again by shape around the place it should be at.
"""

import numpy as np

from object_recognition.basic.association import associate
from object_recognition.basic.background import Background
from object_recognition.basic.silhouette import Silhouettes, SilhouetteScorer
from object_recognition.basic.tracks import CONFIRM, Track
from object_recognition.boxes import (
    Boxes,
    areas_of,
    groups_of,
    iou_of,
    overlaps_of,
    stack,
    union_of,
)
from object_recognition.detection import Detections, ImageBgr

PERSON, MOVING = 0, 1
LABELS = ("person", "moving")

#: Looks at shapes in one frame, at about 1.5 ms each: what bounds the time for a crowd.
_LOOKS_PER_FRAME = 8
#: Groups of pieces looked at in one frame, on top.
_GROUPS_PER_FRAME = 2
#: Frames after which a person is looked at again, though nothing is unclear.
_REVIEW_FRAMES = 4
#: Frames for which a person and a thing are remembered though nothing moves there.
_REMEMBER_PERSON = 20
_REMEMBER_THING = 2
#: Frames for which a shape is held where nothing moves at all: a pole that somebody passed looks
#: like a person for ever.
_MAX_STILL_FRAMES = 300
#: Frames in which a thing was found before it is told of.
_MIN_SEEN = 3
#: A score that lets a shape begin a track within a region, or hold a person who stands still;
#: and one that holds a person among others who move.
_SURE = 1.0
_HELD = 0.5
#: What a region says in which no window fits.
_NO_SHAPE = -1.0
#: A window is about a track when they overlap this much.
_NEAR_IOU = 0.35
#: Two tracks that overlap this much are one.
_SAME_IOU = 0.6
#: A region wider than this share of its height may hold several people.
_WIDE = 0.75
#: Share of a person that lies in the region that holds them.
_INSIDE = 0.7
#: Looks after which a thing that is no person may wait for its turn.
_SETTLED_LOOKS = 6
_MIN_HEIGHT_PX = 16
_MAX_TRACKS = 64


class BasicRecogniser:
    """Sees people among what moves before one static camera. Make one for each camera.

    What moves and is not recognised is ``moving``. What does not move is not seen, except a person
    who just stopped.
    """

    name = "basic recogniser"
    labels = LABELS

    def __init__(self) -> None:
        self._background = Background()
        self._scorer = SilhouetteScorer()
        self._tracks: list[Track] = []
        self._turn = 0
        self._frame_wh = (0, 0)

    def detect(self, image_bgr: ImageBgr) -> Detections:
        """Return the people and the other moving things of the camera's next frame."""
        frame_wh = (image_bgr.shape[1], image_bgr.shape[0])
        if frame_wh != self._frame_wh:
            self._frame_wh = frame_wh
            self._tracks = []
        regions = self._background.moving_regions(image_bgr)
        if regions is None:
            self._tracks = []
            return Detections.none()
        for track in self._tracks:
            track.predict()
        found = associate(self._tracks, regions)
        for track, xyxy in found.followed:
            track.follow(xyxy)
        for track in found.lost:
            track.miss()
        for track in self._tracks:
            track.still = track.still + 1 if any(track is one for one in found.unmoved) else 0
        looks_left = _LOOKS_PER_FRAME - self._seek(image_bgr, found.sought + found.unmoved)
        self._examine(image_bgr, [track for track, _ in found.followed], looks_left)
        self._drop(found.absorbed)
        self._gather(image_bgr)
        self._begin(found.new)
        self._forget()
        return self._told()

    def _seek(self, image_bgr: ImageBgr, tracks: list[Track]) -> int:
        """Find people by shape where they should be now; return how many were looked for."""
        # Those unlooked for longest come first, so that a crowd takes turns.
        tracks.sort(key=lambda track: -track.unlooked)
        for track in tracks[:_LOOKS_PER_FRAME]:
            seen = self._scorer.score(image_bgr, track.xyxy, height_px=track.height_px)
            closeness = iou_of(seen.xyxy, track.xyxy[None])[:, 0]
            near = np.flatnonzero(closeness > _NEAR_IOU)
            best = near[np.argmax(seen.score[near] + closeness[near])] if len(near) else None
            score = float(seen.score[best]) if best is not None else 0.0
            if best is None or score < (_SURE if track.still else _HELD):
                track.miss()
            elif track.still:
                track.hold()
            else:
                track.follow(seen.xyxy[best])
            track.weigh(score)
        for track in tracks[_LOOKS_PER_FRAME:]:
            track.miss()
        return min(len(tracks), _LOOKS_PER_FRAME)

    def _examine(self, image_bgr: ImageBgr, tracks: list[Track], looks_left: int) -> None:
        """Look at the shapes of what was followed: the unclear first, people now and then."""
        due = [t for t in tracks if not t.is_person or t.unlooked >= _REVIEW_FRAMES]
        due.sort(key=lambda track: (track.looks >= _SETTLED_LOOKS, -track.unlooked))
        for track in due[: max(0, looks_left)]:
            seen = self._scorer.score(image_bgr, track.xyxy, height_px=track.height_px)
            if track.width_px > _WIDE * track.height_px and self._split(track, seen):
                continue
            near = seen.score[iou_of(seen.xyxy, track.xyxy[None])[:, 0] > _NEAR_IOU]
            track.weigh(float(near.max()) if len(near) else _NO_SHAPE)

    def _split(self, track: Track, seen: Silhouettes) -> bool:
        """Begin a track for each person in a region too wide for one; return whether any was."""
        rows = np.flatnonzero(seen.score >= _SURE)[:_MAX_TRACKS]
        others = [other.xyxy for other in self._tracks if other is not track]
        begun = 0
        for row in rows:
            # The region that they stand in goes for the first of them.
            if len(self._tracks) > _MAX_TRACKS:
                break
            xyxy = seen.xyxy[row]
            inside = overlaps_of(xyxy[None], track.xyxy[None]) / areas_of(xyxy[None])
            if inside[0, 0] < _INSIDE or (iou_of(xyxy[None], stack(others)) > _SAME_IOU).any():
                continue
            person = Track(xyxy)
            person.weigh(float(seen.score[row]))
            others.append(xyxy)
            self._tracks.append(person)
            begun += 1
        if begun:
            self._drop([track])
        return begun > 0

    def _gather(self, image_bgr: ImageBgr) -> None:
        """Look whether pieces that move near each other are one person, such as arms and feet."""
        pieces = [track for track in self._tracks if not track.is_likely and track.missed == 0]
        groups = groups_of(stack([track.xyxy for track in pieces]))
        self._turn += 1
        for shift in range(min(len(groups), _GROUPS_PER_FRAME)):
            members = [pieces[i] for i in groups[(self._turn + shift) % len(groups)]]
            union = union_of(stack([track.xyxy for track in members]))
            width, height = union[2:] - union[:2]
            if height < max(_MIN_HEIGHT_PX, width):
                continue
            whole = Track(union)
            seen = self._scorer.score(image_bgr, union, height_px=whole.height_px)
            near = np.flatnonzero(iou_of(seen.xyxy, union[None])[:, 0] > _NEAR_IOU)
            if len(near) and seen.score[near[0]] >= _SURE:
                whole.xyxy = seen.xyxy[near[0]]
                whole.weigh(float(seen.score[near[0]]))
                self._drop(members)
                self._tracks.append(whole)

    def _drop(self, tracks: list[Track]) -> None:
        self._tracks = [kept for kept in self._tracks if not any(kept is t for t in tracks)]

    def _begin(self, regions: list[Boxes]) -> None:
        for xyxy in regions[: max(0, _MAX_TRACKS - len(self._tracks))]:
            if xyxy[3] - xyxy[1] >= _MIN_HEIGHT_PX:
                self._tracks.append(Track(xyxy))

    def _forget(self) -> None:
        """Drop what was not found for long, what left the frame, and who is there twice."""
        limit = np.array(self._frame_wh)
        kept: list[Track] = []
        for track in sorted(self._tracks, key=lambda t: (-t.is_person, -t.evidence)):
            centre = track.centre_xy
            patience = _REMEMBER_PERSON if track.is_person else _REMEMBER_THING
            gone = track.missed > patience or track.still > _MAX_STILL_FRAMES
            gone = gone or bool((centre < 0).any() or (centre > limit).any())
            places = stack([other.xyxy for other in kept])
            if not gone and not (iou_of(track.xyxy[None], places) > _SAME_IOU).any():
                kept.append(track)
        self._tracks = kept

    def _told(self) -> Detections:
        people = [track for track in self._tracks if track.is_person]
        places = stack([track.xyxy for track in people])
        things = [
            track
            for track in self._tracks
            if not track.is_person
            and track.seen >= _MIN_SEEN
            and track.missed == 0
            and overlaps_of(track.xyxy[None], places).sum() < 0.5 * areas_of(track.xyxy[None])[0]
        ]
        told = [*people, *things]
        if not told:
            return Detections.none()
        limit = np.array([*self._frame_wh, *self._frame_wh], np.float32)
        return Detections(
            np.clip(stack([track.xyxy for track in told]), 0, limit),
            np.array([_confidence(track) for track in told], np.float32),
            np.array([PERSON] * len(people) + [MOVING] * len(things), np.int64),
        )


def _confidence(track: Track) -> float:
    """Return how sure a label is, in 0..1; 0.4 and more for whatever is told of."""
    if track.is_person:
        return min(0.95, max(0.4, 0.5 + (track.evidence - CONFIRM) / 4))
    return min(0.9, 0.3 + 0.1 * track.seen)
