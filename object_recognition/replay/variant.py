"""Settings, tried on what a detector finds in a clip."""

from object_recognition.detection import Detections
from object_recognition.explaining import Explainer
from object_recognition.recognisers import Chosen
from object_recognition.replay.begins import Begins
from object_recognition.replay.frames import REPLAY_EPOCH
from object_recognition.replay.report import Account, Comparison
from object_recognition.replay.tally import Tally
from object_recognition.seen import Seen
from object_recognition.together import DetectorGroup
from object_recognition.view import CameraView
from object_recognition.watch import RawFrame
from vigil.camera_document import CameraConfig

#: More than any detector finds in a frame: of a clip everything is explained.
_ALL = 1_000_000


class Variant:
    """One set of settings.

    Args:
        camera: With these settings.
        begins: When the clip begins.
        chosen: What looks with these settings. The variants of one replay share its looks.
    """

    def __init__(self, camera: CameraConfig, begins: Begins, chosen: Chosen) -> None:
        self._camera = camera
        self._chosen = chosen
        explainer = Explainer(every_s=0, at_most=_ALL)
        self._view = CameraView(camera.id, REPLAY_EPOCH, explainer=explainer)
        self._tally = Tally(camera, begins)

    def see(self, found: Detections, *, frame: RawFrame) -> Seen:
        """Take in what a detector found in a frame, as a worker does.

        Args:
            found: Of several detectors what each of them found.
            frame: In which.
        """
        detector = self._chosen.detector
        if isinstance(detector, DetectorGroup):
            found = detector.without_twins(found)
        seen = self._view.see(
            found,
            camera=self._camera,
            detector=detector,
            bounds=self._chosen.bounds,
            frame=frame,
            # A replayed frame is the full frame.
            picture_wh=(frame.stamp.width_px, frame.stamp.height_px),
        )
        self._tally.take(seen)
        return seen

    def account(self) -> Account:
        """Return what it came to. The clip is over then: all that is open ends."""
        self._tally.tell(self._view.close())
        return self._tally.account()


class Comparer:
    """Finds out which objects two settings share: those that have a detection in common."""

    def __init__(self) -> None:
        self._pairs: set[tuple[int, int]] = set()

    def take(self, before: Seen, after: Seen) -> None:
        """Take in what both came to in one frame."""
        numbers = {each.box: each.track for each in before.published.objects}
        for each in after.published.objects:
            one = numbers.get(each.box)
            if one is not None and each.track is not None:
                self._pairs.add((one, each.track))

    def comparison(self, before: Account, after: Account) -> Comparison:
        """Return what is seen with one of them alone."""
        shared_before = {one for one, _ in self._pairs}
        shared_after = {other for _, other in self._pairs}
        return Comparison(
            account=after,
            only_before=tuple(
                each.track for each in before.objects if each.track not in shared_before
            ),
            only_after=tuple(
                each.track for each in after.objects if each.track not in shared_after
            ),
        )
