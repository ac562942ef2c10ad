"""Looks at a clip as a worker looks at a camera, once for all settings that are asked about."""

from collections.abc import Sequence

from object_recognition.canvas import Canvas
from object_recognition.detection import Detector
from object_recognition.overlay import draw
from object_recognition.picture import decoded
from object_recognition.replay.begins import Begins
from object_recognition.replay.clip import Clip
from object_recognition.replay.frames import FrameMaker
from object_recognition.replay.progress import Progress
from object_recognition.replay.variant import Comparer, Variant
from object_recognition.replay.video import AnnotatedVideo
from object_recognition.together import DetectorGroup
from object_recognition.watch import RawFrame
from vigil.runtime import StopSignal


class Replay:
    """Replays one clip.

    Args:
        clip: It.
        begins: When it begins.
        maker: Makes frames of it.
        detector: Looks at them.
        variants: The settings: the first are drawn, and others are compared with them.
        video: Where what is drawn goes; None: nowhere.
        progress: Who is told how far it came.
        stop: Ends it before its time.

    Attributes:
        looks: How many frames were looked at.
        size_wh: Of the first of them, in pixels.
        is_whole: Whether it came to its end.
    """

    def __init__(
        self,
        *,
        clip: Clip,
        begins: Begins,
        maker: FrameMaker,
        detector: Detector,
        variants: Sequence[Variant],
        video: AnnotatedVideo | None,
        progress: Progress,
        stop: StopSignal,
    ) -> None:
        self._clip = clip
        self._begins = begins
        self._maker = maker
        self._detector = detector
        self._variants = variants
        self._video = video
        self._progress = progress
        self._stop = stop
        self.comparer = Comparer()
        self.looks = 0
        self.size_wh = (0, 0)
        self.is_whole = False

    def run(self) -> None:
        """Look at all of it, or until it is stopped.

        Raises:
            ModelInvalid: The model does not run on its frames.
        """
        for frame in self._maker.made(self._clip, is_over=self._stop.is_set):
            self._look(frame)
            self._progress.note(self._clip)
        self.is_whole = not self._stop.is_set()
        self._progress.end(self._clip)

    def _look(self, frame: RawFrame) -> None:
        image_bgr = decoded(frame.jpeg)
        if not self.looks:
            self.size_wh = (frame.stamp.width_px, frame.stamp.height_px)
        self.looks += 1
        detector = self._detector
        # Which of two twins stays depends on the settings.
        found = (
            detector.detect_twins(image_bgr)
            if isinstance(detector, DetectorGroup)
            else detector.detect(image_bgr)
        )
        all_seen = [variant.see(found, frame=frame) for variant in self._variants]
        for other in all_seen[1:]:
            self.comparer.take(all_seen[0], other)
        if self._video is None:
            return
        captured_at_us = frame.stamp.captured_at_us
        draw(
            Canvas(image_bgr),
            all_seen[0],
            labels=detector.labels,
            captured_at=self._begins.shown(captured_at_us - self._begins.us),
        )
        self._video.add(image_bgr, captured_at_us)
