"""Model files on disk: each named by the content that was given, each whole and checked.

models/<sha256>.onnx           a file, read-only, never changed; .zip: an archive of OpenVINO's two;
                               of a checkpoint (.pt) what it was converted to, by its own SHA-256
models/urls/<hash of url>      which file a URL, or a path of this machine, last gave
models/part/<hash of url>      what came of a download so far; .lock: who downloads it
"""

import fcntl
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import BinaryIO

import structlog

from object_recognition.checkpoints.convert import MISNAMED, CheckpointConverter, is_checkpoint
from object_recognition.ir_archive import is_archive, write_archive
from object_recognition.models.download import Downloader, discard
from object_recognition.models.source import ModelSource
from vigil.domain.model_name import names_checkpoint
from vigil.durable_file import sync_folder, write_atomically
from vigil.errors import MessageInvalid, ModelInvalid, ModelUnavailable
from vigil.masking import redact
from vigil.messages import Document, decode

log = structlog.get_logger(__name__)

#: Least free bytes that a download leaves on the disk, which recording needs too.
_KEEP_FREE_BYTES = 256 * 1024**2
_CHUNK_BYTES = 1024**2
#: Fewer digits of a number name no model.
_LEAST_PREFIX = 6
_NAME = re.compile(r"[0-9a-f]{64}\.(onnx|zip)")


class _Origin(Document):
    """Which file a URL gave."""

    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A model that is kept.

    Attributes:
        path: Its file, named by its SHA-256.
        origins: The URLs and paths that it came from, secrets masked.
    """

    path: Path
    origins: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name for people: that of the file it came from, or how its number begins."""
        return PurePosixPath(self.origins[0]).stem if self.origins else self.path.stem[:12]

    def is_called(self, text: str) -> bool:
        """Return whether text is its name, or how its number begins."""
        is_number = len(text) >= _LEAST_PREFIX and self.path.stem.startswith(text)
        return is_number or any(PurePosixPath(each).stem == text for each in self.origins)


class ModelStore:
    """Holds models by the SHA-256 of their content, so that no two share a name.

    Several processes may use one folder.

    Args:
        folder: Where they are kept.
        downloader: Fetches what is not there.
        check: Says whether a file can be used, by raising ModelInvalid; it may cost seconds.
        converter: Makes ONNX files of checkpoints.
        max_bytes: A larger file of this machine is refused.
    """

    def __init__(
        self,
        folder: Path,
        *,
        downloader: Downloader,
        check: Callable[[Path], None],
        converter: CheckpointConverter,
        max_bytes: int,
    ) -> None:
        self._folder = folder
        self._downloader = downloader
        self._check = check
        self._converter = converter
        self._max_bytes = max_bytes

    def find(self, source: ModelSource) -> Path | None:
        """Return the file that a source gave before, or None; asks no network."""
        sha256 = source.sha256 or self._last_of(source.url)
        path = self._path_of(sha256) if sha256 is not None else None
        return path if path is not None and path.is_file() else None

    def stored(self) -> list[Stored]:
        """Return all models that are kept, by their file's name."""
        origins: dict[str, list[str]] = {}
        for path in sorted((self._folder / "urls").glob("*")):
            with suppress(MessageInvalid, OSError):
                origin = decode(_Origin, path.read_bytes())
                origins.setdefault(origin.sha256, []).append(origin.url)
        kept = sorted(path for path in self._folder.glob("*.*") if _NAME.fullmatch(path.name))
        return [Stored(path, tuple(origins.get(path.stem, ()))) for path in kept]

    def called(self, text: str) -> Stored:
        """Return the model that somebody names as the list of them shows it.

        Raises:
            ModelInvalid: None is called so, or several are.
        """
        found = [each for each in self.stored() if each.is_called(text)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelInvalid(
                f"'{text}' may be {len(found)} models; say more digits of its number"
            )
        raise ModelInvalid(
            f"'{text}' is no file, no URL and no model that is kept; "
            "'vigil models list' shows those"
        )

    def fetch(self, source: ModelSource) -> Path:
        """Return the file of a source, downloaded and checked unless it is there.

        Raises:
            ModelUnavailable: It did not come; what came is kept, and asking again goes on.
            ModelInvalid: It is not what was expected, or no model; any earlier one stays.
        """
        with _kept_on_disk():
            found = self.find(source)
            if found is not None:
                return found
            if names_checkpoint(source.url):
                # Before it is downloaded in vain.
                self._converter.require()
            part = self._folder / "part" / _hash_of(source.url)
            part.parent.mkdir(parents=True, exist_ok=True)
            with _locked(part.with_suffix(".lock")):
                # Whoever held the lock may have fetched it.
                return self.find(source) or self._download(source, part)

    def add_file(self, path: Path) -> Path:
        """Return the store's own copy of a file that is on this machine.

        Raises:
            ModelInvalid: It cannot be read, is too large, or is no model.
            ModelUnavailable: It cannot be kept just now, or another process is copying it.
        """
        with _kept_on_disk(), self._as_one_file(path) as whole, _opened(whole) as original:
            kept = self._add(original, is_checkpoint_named=names_checkpoint(str(path)))
            self._remember(str(path), kept.stem)
            return kept

    @contextmanager
    def _as_one_file(self, path: Path) -> Iterator[Path]:
        """Yield the file, or an archive of it where it is the first of OpenVINO's two."""
        if path.suffix != ".xml":
            yield path
            return
        folder = self._folder / "part"
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, suffix=".zip") as archive:
            write_archive(path, Path(archive.name))
            yield Path(archive.name)

    def _add(self, original: BinaryIO, *, is_checkpoint_named: bool) -> Path:
        sha256 = self._digest_of(original)
        if self._path_of(sha256).is_file():
            return self._path_of(sha256)
        part = self._folder / "part" / sha256
        part.parent.mkdir(parents=True, exist_ok=True)
        with _locked(part.with_suffix(".lock")):
            self._check_room(original.tell())
            # The copy is what is checked: the original may change meanwhile.
            self._copy(original, part)
            sha256 = _digest(part)
            self._accept(part, sha256, expected=None, is_checkpoint_named=is_checkpoint_named)
            return self._keep(part, sha256)

    def _digest_of(self, original: BinaryIO) -> str:
        digest = hashlib.sha256()
        for chunk in _chunks(original, max_bytes=self._max_bytes):
            digest.update(chunk)
        return digest.hexdigest()

    def _copy(self, original: BinaryIO, part: Path) -> None:
        original.seek(0)
        discard(part)
        try:
            with part.open("wb") as file:
                for chunk in _chunks(original, max_bytes=self._max_bytes):
                    file.write(chunk)
        except (OSError, ModelInvalid):
            discard(part)
            raise

    def _download(self, source: ModelSource, part: Path) -> Path:
        self._check_room(source.size_bytes or 0)
        log.info("model_download_begun", url=redact(source.url))
        was_pieced = self._downloader.download(source.url, part, size_bytes=source.size_bytes)
        sha256 = _digest(part)
        kept = self._path_of(sha256)
        if source.sha256 is not None or not kept.is_file():
            kept = self._accepted(source, part, sha256, was_pieced=was_pieced)
        discard(part)
        self._remember(source.url, sha256)
        log.info("model_downloaded", url=redact(source.url), sha256=sha256)
        return kept

    def _accepted(self, source: ModelSource, part: Path, sha256: str, *, was_pieced: bool) -> Path:
        named = names_checkpoint(source.url)
        try:
            self._accept(part, sha256, expected=source.sha256, is_checkpoint_named=named)
        except ModelInvalid as error:
            if was_pieced:
                # Some servers glue another file onto ours: judge only what came in one piece.
                raise ModelUnavailable("the pieces do not fit: begin again") from error
            raise
        return self._keep(part, sha256)

    def _accept(
        self, part: Path, sha256: str, *, expected: str | None, is_checkpoint_named: bool
    ) -> None:
        """Check a whole file, which is ONNX then; one that fails is removed."""
        try:
            _check_digest(sha256, expected)
            if is_checkpoint(part):
                self._convert(part, is_named=is_checkpoint_named)
            self._check(part)
        except ModelInvalid:
            discard(part)
            raise

    def _convert(self, part: Path, *, is_named: bool) -> None:
        if not is_named:
            raise ModelInvalid(MISNAMED)
        converted = part.with_suffix(".converted")
        try:
            self._converter.convert(part, converted)
            converted.replace(part)
        finally:
            converted.unlink(missing_ok=True)

    def _check_room(self, size_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes - size_bytes < _KEEP_FREE_BYTES:
            raise ModelUnavailable(f"only {free_bytes} bytes are free on the disk of the models")

    def _keep(self, part: Path, sha256: str) -> Path:
        """Give a checked file its name, in one step that a power cut does not halve."""
        kept = self._folder / f"{sha256}{'.zip' if is_archive(part) else '.onnx'}"
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.chmod(0o444)
        part.replace(kept)
        sync_folder(self._folder)
        return kept

    def _remember(self, url: str, sha256: str) -> None:
        origin = _Origin(url=redact(url), sha256=sha256)
        write_atomically(self._origin_path(url), origin.model_dump_json().encode())

    def _last_of(self, url: str) -> str | None:
        try:
            return decode(_Origin, self._origin_path(url).read_bytes()).sha256
        except FileNotFoundError:
            return None
        except MessageInvalid as error:
            log.warning("model_origin_unreadable", url=redact(url), error=str(error))
            return None

    def _path_of(self, sha256: str) -> Path:
        archive = self._folder / f"{sha256}.zip"
        return archive if archive.is_file() else archive.with_suffix(".onnx")

    def _origin_path(self, url: str) -> Path:
        return self._folder / "urls" / _hash_of(url)


def _check_digest(found: str, expected: str | None) -> None:
    if expected not in {None, found}:
        raise ModelInvalid(f"the file's SHA-256 is {found}, expected is {expected}")


def _hash_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file that an operator named, which may be anything.

    Raises:
        ModelInvalid: It is no regular file, or is not for us.
    """
    try:
        # Without O_NONBLOCK a pipe that nobody writes would hold us here for good.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise ModelInvalid(f"the file cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ModelInvalid(f"no file can be called so: {error}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ModelInvalid("it is no file, but a folder, a device or a pipe")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _chunks(file: BinaryIO, *, max_bytes: int) -> Iterator[bytes]:
    """Read a file to its end.

    Raises:
        ModelInvalid: It has more than max_bytes. Counted, as it may grow, and /proc lies.
    """
    # What it says is asked first, so as not to read gigabytes only to refuse them.
    read_bytes = 0
    said_bytes = os.fstat(file.fileno()).st_size
    while max(read_bytes, said_bytes) <= max_bytes:
        chunk = file.read(_CHUNK_BYTES)
        if not chunk:
            return
        read_bytes += len(chunk)
        yield chunk
    raise ModelInvalid(f"the file has more than {max_bytes} bytes")


@contextmanager
def _kept_on_disk() -> Iterator[None]:
    """Turn what a disk refuses into what the shelf waits out.

    Raises:
        ModelUnavailable: The disk is full, broken or not writable.
    """
    try:
        yield
    except OSError as error:
        raise ModelUnavailable(f"it cannot be kept: {error.strerror or error}") from error


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Hold a lock that dies with the process.

    Raises:
        ModelUnavailable: Another process holds it.
    """
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelUnavailable("another process is fetching it") from error
        yield file
