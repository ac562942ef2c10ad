"""Clips of several cameras as a ZIP, with what it holds and by which sums that is proved."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from recorder.exports.copying import Clip
from vigil.clock import utc_from_us
from vigil.errors import VolumeUnavailable
from vigil.exports import ExportedCamera, ExportOrder
from vigil.facts import ExportGap

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
_CHUNK_BYTES = 2**20
#: What a name of a folder may hold, on any system.
_UNFIT = re.compile(r"""[\x00-\x1f\x7f/\\:*?"<>|.]+""")
_NAME_LENGTH = 60


class Bundle:
    """A ZIP in the making. Nothing is compressed: video does not shrink.

    Args:
        path: Of the file.
        order: What it is for.
    """

    def __init__(self, path: Path, order: ExportOrder) -> None:
        self.path, self._order = path, order
        self._cameras: list[dict[str, Any]] = []
        self._sums: list[str] = []
        self._file: ZipFile | None = None

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            VolumeUnavailable: The disk does not take it.
        """
        try:
            self._file = ZipFile(self.path, "w", ZIP_STORED)
        except OSError as error:
            raise _translated(self.path, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it, as it is."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as failed:
            # What was wrong before that says more.
            if error is None:
                raise _translated(self.path, failed) from failed

    def add(self, camera: ExportedCamera, clips: Sequence[Clip], gaps: Sequence[ExportGap]) -> None:
        """Move the clips of a camera into it.

        Raises:
            VolumeUnavailable: The disk does not take them.
        """
        folder, files = folder_of(camera), []
        for clip in clips:
            name = f"{folder}/{utc_from_us(clip.spans[0].begun_us):%Y-%m-%d_%H-%M-%S}Z.mp4"
            files.append(
                {
                    "path": name,
                    "size_bytes": clip.path.stat().st_size,
                    "sha256": self._move(clip, name),
                    "tracks": [str(each) for each in clip.tracks],
                    "spans": [_times(each.begun_us, each.ended_us) for each in clip.spans],
                }
            )
        self._cameras.append(
            {
                "camera_id": camera.camera_id,
                "name": camera.name,
                "files": files,
                "gaps": [_times(each.begun_us, each.ended_us) for each in gaps],
            }
        )

    def finish(self) -> None:
        """Add what tells of the rest.

        Raises:
            VolumeUnavailable: The disk does not take it.
        """
        manifest = {
            "kind": "vigil_export",
            "version": 1,
            "export": str(self._order.export),
            "asked": _times(self._order.since_us, self._order.until_us),
            "exact": self._order.is_exact,
            "cameras": self._cameras,
        }
        content = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
        self._sums.append(f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n")
        try:
            assert self._file is not None
            self._file.writestr(_entry(MANIFEST), content)
            self._file.writestr(_entry(SUMS), "".join(self._sums).encode())
        except OSError as error:
            raise _translated(self.path, error) from error

    def _move(self, clip: Clip, name: str) -> str:
        digest = hashlib.sha256()
        try:
            assert self._file is not None
            with (
                clip.path.open("rb") as source,
                self._file.open(_entry(name), "w", force_zip64=True) as target,
            ):
                while chunk := source.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
            clip.path.unlink()
        except OSError as error:
            raise _translated(self.path, error) from error
        self._sums.append(f"{digest.hexdigest()}  {name}\n")
        return digest.hexdigest()


def folder_of(camera: ExportedCamera) -> str:
    """Return the folder of a camera within a ZIP: its name, as far as it fits, and its number."""
    name = _UNFIT.sub("_", camera.name).strip(" _")[:_NAME_LENGTH].strip()
    return f"{name or 'camera'}-{camera.camera_id}"


def _entry(name: str) -> ZipInfo:
    # As old as ZIP can say: when it was made stands in the row, and says nothing of the footage.
    entry = ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


def _times(begun_us: int, ended_us: int) -> dict[str, str]:
    return {
        "begun_at": utc_from_us(begun_us).isoformat(),
        "ended_at": utc_from_us(ended_us).isoformat(),
    }


def _translated(path: Path, error: OSError) -> VolumeUnavailable:
    return VolumeUnavailable(f"{path.name}: {error.strerror}")
