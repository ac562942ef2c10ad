"""A volume without a bus, cameras that are recorded on it, and what is told of them."""

from pathlib import Path

from recorder.footage.volume import Volume, open_volume
from recorder.recorded_camera import RecordedCamera
from tests.footage import Footage
from tests.recorder.clips import payloads_of
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.domain.camera import CameraId, Epoch
from vigil.errors import BusUnavailable
from vigil.facts import Fact, GapFact, SegmentFact
from vigil.messages import RecordingMark

CAMERA = CameraId(7)
BEFORE = EntryId("1-0")
NOW_S = 1000.0


class Studio:
    """A volume, and what recorders on it tell."""

    def __init__(self, path: Path, sent: Footage) -> None:
        self.volume: Volume = open_volume(path, known=None)
        self.sent = sent
        self.told: list[Fact] = []
        #: Beside that of what is sent.
        self.templates: dict[str, Template] = {}
        #: Whether Redis answers nothing.
        self.is_away = False

    def camera(self, *, mark: RecordingMark | None = None, segment_s: float = 3) -> RecordedCamera:
        camera = RecordedCamera(
            CAMERA,
            Epoch(5),
            volume=self.volume,
            mark=mark,
            segment_s=segment_s,
            template_of=lambda _, name: self._template_of(name),
            say=self.told.append,
        )
        if camera.position is None:
            camera.position = BEFORE
        return camera

    def _template_of(self, name: str) -> Template:
        if self.is_away:
            raise BusUnavailable("redis")
        return self.templates.get(name, self.sent.template)

    def behind(self, position: EntryId | None) -> list[Entry]:
        """Return what a read of the log would."""
        ids = [BEFORE, *(entry.entry_id for entry in self.sent.entries)]
        assert position is not None
        return list(self.sent.entries[ids.index(position) :])

    def files(self) -> list[Path]:
        return sorted(self.volume.path.rglob("*.mp4"))

    def recorded(self) -> list[bytes]:
        return [payload for path in self.files() for payload in payloads_of(path)]

    def segments(self) -> list[SegmentFact]:
        return [fact for fact in self.told if isinstance(fact, SegmentFact)]

    def gaps(self) -> list[GapFact]:
        return [fact for fact in self.told if isinstance(fact, GapFact)]
