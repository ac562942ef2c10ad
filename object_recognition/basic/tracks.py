"""What is remembered of something that moves: where it is, and how much it looks like a person."""

from dataclasses import dataclass, field

import numpy as np

from object_recognition.boxes import Boxes

#: Evidence at which what has come some way is called a person.
CONFIRM = 0.7
#: The same for what has not: a road marking in changing light moves in place too.
_CONFIRM_IN_PLACE = 1.1
#: Evidence below which a person no longer is one: less, so that a label does not flicker.
_DOUBT = 0.2
#: Heights of its own that something must have come to count as travelled.
_TRAVELLED_HEIGHTS = 0.4
#: Looks at its shape before which nothing is called a person.
_MIN_LOOKS = 2
#: Share of the newest score in the evidence; a person who bends or sits stays one for a while.
_LEARN = 0.25
_LEARN_PERSON = 0.15
#: One look says no more than this, either way.
_SCORE_LIMITS = (-1.5, 2.5)
#: Share of the newest position and size in the remembered ones. The size of a person changes
#: slowly, whatever their silhouette does.
_FOLLOW_PLACE = 0.7
_FOLLOW_SIZE = 0.3
_FOLLOW_SIZE_THING = 0.7
_FOLLOW_VELOCITY = 0.4
#: Share of its speed that something keeps in each frame in which it is not found.
_COAST = 0.8


@dataclass(slots=True, eq=False)
class Track:
    """One moving thing over frames.

    Attributes:
        xyxy: ``(4,)`` float32. Where it is, in pixels of the frame.
        velocity_xy: ``(2,)`` float32. Pixels of the frame a look.
        evidence: Running mean of the silhouette scores, limited.
        looks: How often its shape was looked at.
        unlooked: Frames since then.
        seen: Frames in which it was found.
        missed: Frames in a row in which it was not.
        still: Frames in a row in which nothing moved where it is.
        is_person: Whether it is called a person now.
        origin_xy: ``(2,)`` float32. Where its centre was when it was first seen.
    """

    xyxy: Boxes
    velocity_xy: Boxes = field(default_factory=lambda: np.zeros(2, np.float32))
    evidence: float = 0.0
    looks: int = 0
    unlooked: int = 0
    seen: int = 1
    missed: int = 0
    still: int = 0
    is_person: bool = False
    origin_xy: Boxes = field(init=False)

    def __post_init__(self) -> None:
        self.origin_xy = self.centre_xy

    @property
    def centre_xy(self) -> Boxes:
        """Its middle ``(2,)``, in pixels of the frame."""
        return (self.xyxy[:2] + self.xyxy[2:]) * np.float32(0.5)

    @property
    def height_px(self) -> float:
        """How tall it is, in pixels of the frame."""
        return float(self.xyxy[3] - self.xyxy[1])

    @property
    def width_px(self) -> float:
        """How wide it is, in pixels of the frame."""
        return float(self.xyxy[2] - self.xyxy[0])

    @property
    def is_likely(self) -> bool:
        """Whether it is a person, or may be confirmed as one by the next look."""
        return self.is_person or (self.looks > 0 and self.evidence >= self._needed())

    def predict(self) -> None:
        """Move on by one frame, as it moved until now."""
        self.xyxy = self.xyxy + np.tile(self.velocity_xy, 2)
        self.unlooked += 1

    def follow(self, xyxy: Boxes) -> None:
        """Take a found box as where it is now."""
        centre = self.centre_xy
        size = self.xyxy[2:] - self.xyxy[:2]
        # The prediction was already added: what is left is the error of the velocity.
        error_xy = (xyxy[:2] + xyxy[2:]) * np.float32(0.5) - centre
        step_xy = error_xy * np.float32(_FOLLOW_PLACE)
        self.velocity_xy = self.velocity_xy + step_xy * np.float32(_FOLLOW_VELOCITY)
        growth = _FOLLOW_SIZE if self.is_likely else _FOLLOW_SIZE_THING
        half = (size + (xyxy[2:] - xyxy[:2] - size) * np.float32(growth)) * np.float32(0.5)
        self.xyxy = np.concatenate([centre + step_xy - half, centre + step_xy + half])
        self.seen += 1
        self.missed = 0

    def hold(self) -> None:
        """Take it as being where it was: nothing moves there, but its shape is there."""
        self.xyxy = self.xyxy - np.tile(self.velocity_xy, 2)
        self.velocity_xy = np.zeros(2, np.float32)
        self.seen += 1
        self.missed = 0

    def miss(self) -> None:
        """Note that it was not found, and slow down."""
        self.missed += 1
        self.velocity_xy = self.velocity_xy * np.float32(_COAST)

    def weigh(self, score: float) -> None:
        """Take in how much it looked like a person just now."""
        score = min(max(score, _SCORE_LIMITS[0]), _SCORE_LIMITS[1])
        self.looks += 1
        self.unlooked = 0
        # A plain mean at first, so that the first look does not weigh for ever.
        share = max(_LEARN_PERSON if self.is_person else _LEARN, 1 / self.looks)
        self.evidence += (score - self.evidence) * share
        least = _DOUBT if self.is_person else self._needed()
        self.is_person = self.looks >= _MIN_LOOKS and self.evidence >= least

    def _needed(self) -> float:
        """Return the evidence at which it is called a person."""
        way_px = float(np.hypot(*(self.centre_xy - self.origin_xy)))
        return CONFIRM if way_px > _TRAVELLED_HEIGHTS * self.height_px else _CONFIRM_IN_PLACE
