"""Shards in which native code crashes, or never returns, at a camera when a test says so.

The shards, their threads and their ends are real; a camera's bytes alone are not at fault.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from camera_ctrl.decode.decoder import CameraDecoder
from camera_ctrl.ingest.pump import PacketPump
from camera_ctrl.notes import Notes
from camera_ctrl.settings import CameraSettings
from camera_ctrl.shards import decode, ingest
from vigil.bus.packets.base import Entry
from vigil.domain.camera import CameraId, Epoch

CRASH, HANG = "crash", "hang"


@dataclass(frozen=True, slots=True)
class Trap:
    """Lies in wait for the next thread that is at a camera, in whatever process.

    Attributes:
        folder: In which a file stands for each trap that is set.
    """

    folder: Path

    def set(self, camera_id: CameraId, what: str) -> None:
        (self.folder / f"{camera_id}").write_text(what)

    def is_set(self, camera_id: CameraId) -> bool:
        return (self.folder / f"{camera_id}").exists()

    def spring(self, camera_id: CameraId) -> None:
        """Do what was set for the camera, once."""
        if not self.is_set(camera_id):
            return
        what = (self.folder / f"{camera_id}").read_text()
        (self.folder / f"{camera_id}").unlink()
        if what == CRASH:
            ctypes.string_at(0)
        while what == HANG:
            ctypes.CDLL(None).pause()


def ingest_main(pipe: Connection, notes: Notes, settings: CameraSettings, trap: Trap) -> None:
    put = PacketPump.put

    def trapped(self: PacketPump, packet: Any) -> bool:
        trap.spring(self._camera_id)
        return put(self, packet)

    PacketPump.put = trapped  # type: ignore[method-assign]
    ingest.main(pipe, notes, settings)


def decode_main(pipe: Connection, notes: Notes, settings: CameraSettings, trap: Trap) -> None:
    newest_picture = CameraDecoder.newest_picture

    def trapped(self: CameraDecoder, entries: Sequence[Entry], *, epoch: Epoch) -> bytes | None:
        trap.spring(self._camera_id)
        return newest_picture(self, entries, epoch=epoch)

    CameraDecoder.newest_picture = trapped  # type: ignore[method-assign]
    decode.main(pipe, notes, settings)
