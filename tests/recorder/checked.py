"""A volume that is checked, beside answers that the test gives in web's place."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from recorder.check.volume_check import VolumeCheck
from recorder.footage.listing import place_of
from recorder.footage.volume import PROTECTED, open_volume
from recorder.room.protections import Protections
from tests.footage import BEGAN_US, Footage
from tests.recorder.written import Written, write_segment
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.bus.known_footage.memory import MemoryKnownFootageBoard
from vigil.clock import MICROSECONDS, FakeClock
from vigil.domain.camera import CameraId
from vigil.facts import Fact, FootageCheckAsked
from vigil.footage_document import CameraProtections, ProtectedSpan
from vigil.known_footage import CameraOfFootage, KnownFootage, Place
from vigil.runtime import StopSignal

DOOR, YARD = 7, 8
DAY_US = 86_400 * MICROSECONDS


class CheckedVolume:
    """A volume, its check, and what is filed of it."""

    def __init__(self, folder: Path, sent: Footage) -> None:
        self.volume, self.sent = open_volume(folder, known=None), sent
        self.clock, self.stop = FakeClock(), StopSignal()
        self.told: list[Fact] = []
        self.when_told: Callable[[Fact], object] = lambda _: None
        self._board = MemoryKnownFootageBoard()
        self.check = self.another()
        self.filed: dict[str, bool] = {}

    def another(self) -> VolumeCheck:
        protections = Protections(self.volume, store=MemoryFootageStore(), clock=self.clock)
        return VolumeCheck(
            self.volume,
            known=self._board,
            protected=protections.of,
            say=self._say,
            stop=self.stop,
            clock=self.clock,
        )

    def protect(self, camera_id: int, since_us: int, until_us: int) -> None:
        """Let the volume say that a time of a camera is protected."""
        span = ProtectedSpan(since_us=since_us, until_us=until_us)
        document = CameraProtections(camera_id=CameraId(camera_id), revision=1, spans=(span,))
        path = self.volume.folder_of(CameraId(camera_id)) / PROTECTED
        path.write_text(document.model_dump_json())

    def _say(self, *facts: Fact) -> None:
        for fact in facts:
            self.told.append(fact)
            self.when_told(fact)

    def write(self, camera_id: int = DOOR, *, days: float = 0) -> Written:
        return write_segment(self.volume, self.sent, camera_id, BEGAN_US + round(days * DAY_US))

    def file(self, *written: Written, is_done: bool = True) -> None:
        self.filed |= {each.done.path: is_done for each in written}

    def questions(self) -> list[FootageCheckAsked]:
        return [each for each in self.told if isinstance(each, FootageCheckAsked)]

    def found(self) -> list[Fact]:
        return [each for each in self.told if not isinstance(each, FootageCheckAsked)]

    def answer(
        self,
        *,
        to: FootageCheckAsked | None = None,
        cameras: Sequence[CameraOfFootage] | None = None,
        limit: int = 1000,
    ) -> None:
        """Answer a question, else the last one, as web does."""
        asked = to or self.questions()[-1]
        here = Place(asked.from_camera, asked.from_us)
        rows = sorted((placed(path), path) for path in self.filed if placed(path) >= here)
        until = rows[limit][0] if len(rows) > limit else None
        paths = [path for place, path in rows if until is None or place < until]
        if cameras is None:
            cameras = [known(each) for each in asked.camera_ids]
        self._board.put(
            KnownFootage(
                volume=asked.volume,
                check=asked.check,
                number=asked.number,
                until=until,
                done=tuple(path for path in paths if self.filed[path]),
                growing=tuple(path for path in paths if not self.filed[path]),
                cameras=tuple(cameras),
            )
        )

    def run(self, *, limit: int = 1000, cameras: Sequence[CameraOfFootage] | None = None) -> None:
        """Check to the end, answering whatever is asked."""
        for _ in range(100):
            if self.check.is_done:
                return
            self.check.run_once()
            self.answer(limit=limit, cameras=cameras)
        raise AssertionError("it does not come to an end")

    def paths(self) -> list[str]:
        return sorted(str(each.relative_to(self.volume.path)) for each in self._files())

    def _files(self) -> Collection[Path]:
        return [each for each in self.volume.path.glob("*/*/*") if each.is_file()]


def placed(path: str) -> Place:
    place = place_of(path)
    assert place is not None
    return place


def known(camera_id: int, *, is_deleted: bool = False, since_us: int = 0) -> CameraOfFootage:
    return CameraOfFootage(camera_id=CameraId(camera_id), since_us=since_us, is_deleted=is_deleted)
