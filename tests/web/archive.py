"""Footage of a camera as recorders tell of it, and as people are shown it."""

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import sessionmaker

from tests.web.worlds import Caller, World
from vigil.bus.facts.redis import RedisFactInbox, RedisFactLog
from vigil.bus.known_footage.redis import RedisKnownFootageBoard
from vigil.facts import Fact, SegmentFact
from vigil.footage import MARKER
from web.database import db
from web.facts.writer import FactWriter

VOLUME = UUID(int=1)
#: 2026-09-21 14:13:20 UTC.
BEGAN_US = 1_790_000_000_000_000
S = 1_000_000


class Archive:
    """A writer over a world's servers, a camera, and a volume with its files."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.camera = world.camera()
        self.log = RedisFactLog(world.queue)
        with world.app.app_context():
            sessions = sessionmaker(db.engine)
        inbox = RedisFactInbox(world.queue, member="writer")
        self.known = RedisKnownFootageBoard(world.queue)
        self.writer = FactWriter(
            inbox,
            sessions,
            known=self.known,
            exports=world.wiring.exports,
            clock=world.clock,
            kept_days=30,
        )
        self.folder: Path = world.wiring.settings.footage_folder()
        self.folder.mkdir(parents=True)
        (self.folder / MARKER).write_text(str(VOLUME))

    def file(self, *facts: Fact) -> None:
        self.log.append([fact.model_dump_json().encode() for fact in facts])
        self.writer.run_once()

    def segment(self, begun_s: float, ended_s: float | None, **changes: Any) -> SegmentFact:
        fields: dict[str, Any] = {
            "camera_id": self.camera,
            "epoch": 5,
            "volume": VOLUME,
            "path": f"{self.camera}/2026-09-21/{begun_s}.mp4",
            "revision": 1 if ended_s is None else 2,
            "begun_us": BEGAN_US + round(begun_s * S),
            "ended_us": None if ended_s is None else BEGAN_US + round(ended_s * S),
            "first_entry": "1-0",
            "last_entry": None if ended_s is None else "2-0",
            "size_bytes": 0 if ended_s is None else 1000,
            "codec": "h264",
            "width_px": 1920,
            "height_px": 1080,
        }
        return SegmentFact(**fields | changes)

    def content(self, fact: SegmentFact, content: bytes) -> None:
        path = self.folder / fact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def listed(self, query: str = "", by: Caller | None = None) -> list[dict[str, Any]]:
        answer = (by or self.world.admin()).get(f"/recordings{query}")
        assert answer.status_code == 200, answer.json
        found: list[dict[str, Any]] = answer.json
        return found

    def availability(self, query: str = "") -> Any:
        answer = self.world.admin().get(f"/recordings/{self.camera}/availability{query}")
        assert answer.status_code == 200, answer.json
        return answer.json


def at(seconds: float) -> str:
    """Return the time so many seconds behind BEGAN_US, as the API writes it."""
    minute, second = divmod(20 + round(seconds), 60)
    return f"2026-09-21T14:{13 + minute:02}:{second:02}+00:00"
