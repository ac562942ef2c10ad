"""What is remembered of something that moves: where it is, and how much it looks like a person."""

from dataclasses import dataclass, field

import numpy as np

from object_recognition.basic.boxes import Boxes

#: Evidence at which something is called a person, and at which it no longer is: two thresholds,
#: so that a label does not flicker.
CONFIRM = 0.7
DOUBT = 0.2
#: Looks at its shape before which nothing is called a person.
_MIN_LOOKS = 2
#: Share of the newest score in the evidence.
_LEARN = 0.25
#: One look says no more than this, either way.
_SCORE_LIMITS = (-1.5, 2.5)
#: Share of the newest position and size in the remembered ones.
_FOLLOW_PLACE = 0.7
_FOLLOW_SIZE = 0.3


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
        is_person: Whether it is called a person now.
    """

    xyxy: Boxes
    velocity_xy: Boxes = field(default_factory=lambda: np.zeros(2, np.float32))
    evidence: float = 0.0
    looks: int = 0
    unlooked: int = 0
    seen: int = 1
    missed: int = 0
    is_person: bool = False

    @property
    def height_px(self) -> float:
        """How tall it is, in pixels of the frame."""
        return float(self.xyxy[3] - self.xyxy[1])

    @property
    def width_px(self) -> float:
        """How wide it is, in pixels of the frame."""
        return float(self.xyxy[2] - self.xyxy[0])

    def predict(self) -> None:
        """Move on by one frame, as it moved until now."""
        self.xyxy = self.xyxy + np.tile(self.velocity_xy, 2)
        self.unlooked += 1

    def follow(self, xyxy: Boxes) -> None:
        """Take a found box as where it is now."""
        old_centre, old_size = _centre_and_size(self.xyxy)
        centre, size = _centre_and_size(xyxy)
        step = (centre - old_centre) * np.float32(_FOLLOW_PLACE)
        size = old_size + (size - old_size) * np.float32(_FOLLOW_SIZE)
        # The prediction was already added: what is left is the error of the velocity.
        self.velocity_xy = self.velocity_xy + step * np.float32(0.4)
        centre = old_centre + step
        self.xyxy = np.concatenate([centre - size / 2, centre + size / 2])
        self.seen += 1
        self.missed = 0

    def miss(self) -> None:
        """Note that it was not found, and slow down."""
        self.missed += 1
        self.velocity_xy = self.velocity_xy * np.float32(0.8)

    def weigh(self, score: float) -> None:
        """Take in how much it looked like a person just now."""
        score = min(max(score, _SCORE_LIMITS[0]), _SCORE_LIMITS[1])
        self.looks += 1
        self.unlooked = 0
        # A plain mean at first, so that the first look does not weigh for ever.
        share = max(_LEARN, 1 / self.looks)
        self.evidence += (score - self.evidence) * share
        least = DOUBT if self.is_person else CONFIRM
        self.is_person = self.looks >= _MIN_LOOKS and self.evidence >= least


def _centre_and_size(xyxy: Boxes) -> tuple[Boxes, Boxes]:
    return (xyxy[:2] + xyxy[2:]) / 2, xyxy[2:] - xyxy[:2]
