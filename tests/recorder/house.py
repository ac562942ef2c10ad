"""A volume whose room the test says, what footage lies on it, and what its retention does."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from recorder.footage.locks import share
from recorder.footage.marks import MarkFile
from recorder.footage.volume import Volume, open_volume
from recorder.room.report import FootageLimits
from recorder.room.retention import Retention
from recorder.segment import DONE
from tests.builders import a_camera
from tests.recorder.test_marks import a_mark
from vigil.bus.footage.base import FootageStore
from vigil.bus.footage.memory import MemoryFootageStore
from vigil.camera_document import CameraConfig
from vigil.clock import MICROSECONDS, FakeClock, us_from_utc
from vigil.domain.camera import CameraId
from vigil.facts import Fact, SegmentFact
from vigil.footage import SUFFIX
from vigil.footage_document import CameraProtections, ProtectedSpan
from vigil.messages import GapReason

DAY_US = 86_400 * MICROSECONDS


class House:
    """A volume whose free room the test says, and who hears what goes."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.volume = open_volume(path, known=None)
        self.told: list[Fact] = []
        #: None: nobody has said yet how they are configured.
        self.cameras: dict[CameraId, CameraConfig] | None = {}
        self.store = MemoryFootageStore()
        self._monkeypatch = monkeypatch
        self.has_free(lambda: 10**12)

    def has_free(self, free_bytes: Callable[[], int]) -> None:
        self._monkeypatch.setattr(Volume, "free_bytes", lambda _: free_bytes())

    def segment(self, camera_id: int, *, days_ago: float, size: int = 1000) -> str:
        begun_us = self.clock.utc_us() - round(days_ago * DAY_US)
        opened, path = self.volume.create_segment(CameraId(camera_id), begun_us)
        os.write(opened, b"x" * size)
        os.close(opened)
        os.utime(self.volume.path / path, (begun_us / 1e6, begun_us / 1e6))
        return str(path)

    @contextmanager
    def being_written(self, camera_id: int, *, days_ago: float, size: int = 1000) -> Iterator[str]:
        """Give a file that a recorder has open, and wrote to for the last time a while ago."""
        path = self.segment(camera_id, days_ago=days_ago, size=size)
        with (self.volume.path / path).open("r+b") as file:
            assert share(file.fileno())
            yield path

    def names_as_growing(self, path: str, *, broken_off: GapReason | None = None) -> None:
        """Write the mark of a recorder that is at a file."""
        camera_id = int(path.split("/", maxsplit=1)[0])
        mark = a_mark(1).model_copy(update={"path": path, "broken_off": broken_off})
        MarkFile(self.volume.folder_of(CameraId(camera_id))).write(mark)

    def limit(self, camera_id: int, **limits: float) -> None:
        self.cameras = {**(self.cameras or {}), CameraId(camera_id): a_camera(camera_id, **limits)}

    def protect(self, camera_id: int, revision: int, *spans: ProtectedSpan) -> None:
        """Publish what is protected of a camera, as web does."""
        document = CameraProtections(camera_id=camera_id, revision=revision, spans=spans)
        self.store.protect([document])

    def days(
        self, since_days_ago: float, until_days_ago: float, *, expires_days_ago: float | None = None
    ) -> ProtectedSpan:
        now_us = self.clock.utc_us()
        return ProtectedSpan(
            since_us=now_us - round(since_days_ago * DAY_US),
            until_us=now_us - round(until_days_ago * DAY_US),
            expires_us=None
            if expires_days_ago is None
            else now_us - round(expires_days_ago * DAY_US),
        )

    def files(self) -> set[str]:
        found = self.volume.path.rglob(f"*{SUFFIX}*")
        return {str(each.relative_to(self.volume.path)) for each in found}

    def retention(
        self,
        *,
        say: Callable[[Fact], None] | None = None,
        store: FootageStore | None = None,
        **limits: Any,
    ) -> Retention:
        return Retention(
            self.volume,
            limits=FootageLimits(**{"reserve_bytes": 0, "kept_days": 30, **limits}),
            cameras=lambda: self.cameras,
            store=store or self.store,
            say=say or self.told.append,
            clock=self.clock,
        )

    def used_bytes(self) -> int:
        return sum((self.volume.path / each).stat().st_size for each in self.files())


def run(retention: Retention) -> Retention:
    """Let it do all that is due now."""
    while retention.run_once():
        pass
    return retention


def a_segment(path: str, size_bytes: int = 1000) -> SegmentFact:
    camera_id, day, name = path.split("/")
    begun_us = us_from_utc(datetime.strptime(f"{day} {name[:15]}+0000", "%Y-%m-%d %H-%M-%S.%f%z"))
    return SegmentFact(
        camera_id=int(camera_id),
        epoch=1,
        volume=UUID(int=1),
        path=path,
        revision=DONE,
        begun_us=begun_us,
        ended_us=begun_us + MICROSECONDS,
        first_entry="1-0",
        last_entry="2-0",
        size_bytes=size_bytes,
        codec="h264",
        width_px=1920,
        height_px=1080,
    )
