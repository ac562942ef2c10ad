"""Where results of exports lie: a folder of a volume, beside the footage.

A result is there once its file and what is said of it are; both are written whole or not at all.
Who makes one works in a folder of its own, which nobody else takes meanwhile.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from recorder.exports.clip import sync_file
from recorder.footage.volume import Volume
from vigil.clock import MICROSECONDS, Clock
from vigil.durable_file import sync_folder, write_atomically
from vigil.errors import MessageInvalid, VolumeUnavailable
from vigil.exports import FOLDER
from vigil.facts import ExportGap, ExportResult
from vigil.messages import decode

log = structlog.get_logger(__name__)

_SAID = ".json"
#: Read at once, where a file is hashed.
_CHUNK_BYTES = 2**20
#: What nobody finished for so long is what a kill left.
_ABANDONED_S = 3600.0


class WorkedOn(VolumeUnavailable):
    """Somebody else makes this very export."""


class Kept(NamedTuple):
    """A result that is there."""

    export: UUID
    result: ExportResult


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made, before it is a result.

    Attributes:
        path: Where it is; its suffix stays.
        begun_us, ended_us: Of which time it is.
        gaps: What is missing of what was asked for.
    """

    path: Path
    begun_us: int
    ended_us: int
    gaps: Sequence[ExportGap]


class Shelf:
    """The results on a volume.

    Args:
        volume: It.
        kept: How long a result stays.
        clock: Judges that.
    """

    def __init__(self, volume: Volume, *, kept: timedelta, clock: Clock) -> None:
        self._volume, self._kept, self._clock = volume, kept, clock
        self._folder = volume.path / FOLDER

    @contextmanager
    def working_on(self, export: UUID) -> Iterator[Path]:
        """Give an empty folder for an export, for us alone; it goes when all is done.

        Raises:
            WorkedOn: Somebody else works on it.
            VolumeUnavailable: The disk does not take it.
        """
        self._volume.require_mounted()
        folder = self._folder / f".{export}"
        with _translated(folder):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if not _is_taken_alone(descriptor, folder):
                raise WorkedOn(f"export {export} is being made by somebody else")
            try:
                with _translated(folder):
                    _empty(folder)
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)

    def put(self, export: UUID, made: Made) -> ExportResult:
        """Make a file a result, which survives a power cut.

        Raises:
            VolumeUnavailable: The disk does not take it.
        """
        sync_file(made.path)
        with _translated(made.path):
            digest = _sha256(made.path)
            path = self._folder / f"{export}{made.path.suffix}"
            kept_us = round(self._kept.total_seconds() * MICROSECONDS)
            result = ExportResult(
                volume=self._volume.volume_id,
                path=f"{FOLDER}/{path.name}",
                size_bytes=made.path.stat().st_size,
                sha256=digest,
                begun_us=made.begun_us,
                ended_us=made.ended_us,
                gaps=tuple(made.gaps),
                expires_us=self._clock.utc_us() + kept_us,
            )
            write_atomically(self._said_of(export), result.model_dump_json().encode())
            made.path.replace(path)
            sync_folder(self._folder)
        return result

    def find(self, export: UUID) -> ExportResult | None:
        """Return the result of an export; None: there is none, or not all of it.

        Raises:
            VolumeUnavailable: The disk is not there, or cannot be read.
        """
        self._volume.require_mounted()
        with _translated(self._folder):
            try:
                result = decode(ExportResult, self._said_of(export).read_bytes())
                size_bytes = (self._volume.path / result.path).stat().st_size
            except (FileNotFoundError, MessageInvalid):
                return None
        return result if size_bytes == result.size_bytes else None

    def results(self) -> list[Kept]:
        """Return all results, those that go first first.

        Raises:
            VolumeUnavailable: The disk is not there, or cannot be read.
        """
        self._volume.require_mounted()
        found = []
        for path in self._files():
            export = _named(path.stem) if path.suffix == _SAID else None
            result = None if export is None else self.find(export)
            if export is not None and result is not None:
                found.append(Kept(export, result))
        return sorted(found, key=lambda each: each.result.expires_us)

    def remove(self, export: UUID) -> None:
        """Remove all that there is of an export: the file first, then what is said of it.

        What somebody works on stays with them.

        Raises:
            VolumeUnavailable: The disk is not there, or does not do it.
        """
        self._volume.require_mounted()
        with _translated(self._folder):
            found = [
                path for path in self._files() if str(export) in path.name and not path.is_dir()
            ]
            for path in sorted(found, key=lambda path: path.suffix == _SAID):
                path.unlink(missing_ok=True)
            worked_on = self._folder / f".{export}"
            if worked_on.exists() and not _is_worked_on(worked_on):
                shutil.rmtree(worked_on, ignore_errors=True)
            if self._folder.exists():
                sync_folder(self._folder)

    def unfinished(self) -> list[UUID]:
        """Return the exports of which there is something, and no result, and nobody works on it.

        Raises:
            VolumeUnavailable: The disk is not there, or cannot be read.
        """
        finished = {each.export for each in self.results()}
        found = set()
        for path in self._files():
            export = _named(path.name.removeprefix(".").partition(".")[0])
            if export is not None and export not in finished and not _is_worked_on(path):
                found.add(export)
        return sorted(found)

    def is_abandoned(self, export: UUID) -> bool:
        """Return whether nothing was done for long about an export that is not finished."""
        since_s = self._clock.utc_us() / MICROSECONDS - _ABANDONED_S
        for path in self._files():
            if str(export) in path.name:
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime > since_s:
                        return False
        return True

    def _files(self) -> list[Path]:
        with _translated(self._folder):
            return list(self._folder.iterdir()) if self._folder.exists() else []

    def _said_of(self, export: UUID) -> Path:
        return self._folder / f"{export}{_SAID}"


def _named(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _is_taken_alone(descriptor: int, folder: Path) -> bool:
    """Return whether a folder is ours until it is closed, and still the one at its path."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except FileNotFoundError:
        return False


def _is_worked_on(path: Path) -> bool:
    if not path.is_dir():
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _is_taken_alone(descriptor, path)
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VolumeUnavailable(f"{path.name}: {error.strerror}") from error
