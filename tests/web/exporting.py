"""A world in which footage is exported: who asks, who makes exports, and who files."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import sessionmaker

from tests.web.worlds import Caller, World
from vigil import keys
from vigil.bus.exports.redis import RedisExportQueue
from vigil.bus.facts.redis import RedisFactInbox, RedisFactLog
from vigil.bus.known_footage.memory import MemoryKnownFootageBoard
from vigil.exports import ExportOrder, ExportState
from vigil.facts import ExportFact, ExportGap, ExportResult
from vigil.footage import MARKER
from vigil.messages import decode
from web.database import db
from web.exports.models import Export
from web.facts.writer import FactWriter

VOLUME = UUID(int=1)
#: 2026-09-21 14:13:20 UTC.
BEGAN_US = 1_790_000_000_000_000
S = 1_000_000


class Office:
    """A world with a camera, a volume, a writer, and who makes exports."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.camera = world.camera()
        self.queue = RedisExportQueue(world.queue, clock=world.clock)
        with world.app.app_context():
            self.sessions = sessionmaker(db.engine)
        self.writer = FactWriter(
            RedisFactInbox(world.queue, member="writer"),
            self.sessions,
            known=MemoryKnownFootageBoard(),
            exports=self.queue,
            clock=world.clock,
            kept_days=30,
        )
        self.folder: Path = world.wiring.settings.footage_folder()
        (self.folder / "exports").mkdir(parents=True)
        (self.folder / MARKER).write_text(str(VOLUME))

    def body(self, **changes: Any) -> dict[str, Any]:
        times = {"since": "2026-09-21T14:13:20Z", "until": "2026-09-21T14:15:00Z"}
        return {"camera_ids": [self.camera], **times, **changes}

    def ask(self, by: Caller | None = None, **changes: Any) -> dict[str, Any]:
        answer = (by or self.world.admin()).post("/exports", self.body(**changes))
        assert answer.status_code == 201, answer.json
        asked: dict[str, Any] = answer.json
        return asked

    def orders(self) -> list[ExportOrder]:
        """Return what the jobs find in their queue."""
        raws: Any = self.world.queue.hvals(keys.job_messages(keys.EXPORT_JOBS))
        return [decode(ExportOrder, message_argument(raw)) for raw in raws]

    def export(self, export_id: int) -> UUID:
        with self.sessions() as session:
            found = session.get_one(Export, export_id)
            return found.export

    def tell(self, export: UUID, state: ExportState, **fields: Any) -> None:
        fact = ExportFact(export=export, state=state, **fields)
        RedisFactLog(self.world.queue).append([fact.model_dump_json().encode()])
        self.writer.run_once()

    def finish(self, export_id: int, content: bytes = b"a clip", suffix: str = "mp4") -> UUID:
        """Make the file of an export, and tell of it."""
        export = self.export(export_id)
        path = f"exports/{export}.{suffix}"
        (self.folder / path).write_bytes(content)
        self.tell(export, ExportState.DONE, progress=1.0, result=a_result(path, len(content)))
        return export

    def shown(self, export_id: int, by: Caller | None = None) -> dict[str, Any]:
        answer = (by or self.world.admin()).get(f"/exports/{export_id}")
        assert answer.status_code == 200, answer.json
        found: dict[str, Any] = answer.json
        return found


def message_argument(raw: bytes) -> str:
    argument: str = json.loads(raw)["args"][0]
    return argument


def a_result(path: str, size_bytes: int) -> ExportResult:
    return ExportResult(
        volume=VOLUME,
        path=path,
        size_bytes=size_bytes,
        sha256="5" * 64,
        begun_us=BEGAN_US - S,
        ended_us=BEGAN_US + 100 * S,
        gaps=(ExportGap(camera_id=1, begun_us=BEGAN_US + S, ended_us=BEGAN_US + 3 * S),),
        expires_us=BEGAN_US + 3 * 86_400 * S,
    )
