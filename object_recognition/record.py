"""What happened on one camera since a worker took it."""

from dataclasses import dataclass, field

from object_recognition.attention import Attention
from object_recognition.seen import Seen
from object_recognition.view import CameraView
from vigil.domain.camera import Epoch
from vigil.domain.interval import IntervalMeter
from vigil.messages import RecognitionStatus


@dataclass(slots=True)
class CameraRecord:
    """What a worker knows of one camera, and counts until it says so."""

    view: CameraView
    said_s: float
    attention: Attention
    #: What the last look came to; None before the first.
    seen: Seen | None = None
    looks: int = 0
    busy_s: float = 0.0
    skipped: int = 0
    error: str | None = None
    recogniser: str = ""
    #: Of the camera's pictures, by when they were captured.
    interval: IntervalMeter = field(default_factory=IntervalMeter)
    #: Looks a second, of late; brought up to date once a second.
    looked_fps: float = 0.0

    @property
    def epoch(self) -> Epoch:
        """Under which lease it is looked at."""
        return self.view.epoch

    def note_look(self, now_s: float, *, busy_s: float) -> None:
        """Count a look that took so long."""
        self.attention.note_look(now_s)
        self.busy_s += busy_s
        self.looks += 1

    def status(self, now_s: float, *, owner: str, in_quarantine: str | None) -> RecognitionStatus:
        """Return what is to be said of it.

        Args:
            now_s: By the monotonic clock.
            owner: Who looks.
            in_quarantine: What people should know of its quarantine; None: it is in none.
        """
        return RecognitionStatus(
            owner=owner,
            epoch=self.epoch,
            recogniser=self.recogniser,
            looked_fps=round(self.looks / (now_s - self.said_s), 2),
            inference_ms=round(1e3 * self.busy_s / self.looks, 1) if self.looks else 0.0,
            counts={} if self.seen is None else self.seen.published.counts,
            skipped=self.skipped,
            is_quarantined=in_quarantine is not None,
            error=self.error or in_quarantine,
        )

    def begin_anew(self, now_s: float) -> None:
        """Count from now on: all until now was said."""
        self.said_s, self.looks, self.busy_s = now_s, 0, 0.0
        self.looked_fps = self.attention.looked_fps()
