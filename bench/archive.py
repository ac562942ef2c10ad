"""An archive that was not recorded: many small files of footage, and their rows."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from io import BytesIO, StringIO
from pathlib import Path
from uuid import UUID

import av
import numpy as np
import psycopg2
from av.video.stream import VideoStream

from recorder.footage.label import FileLabel
from recorder.footage.volume import open_volume
from vigil.domain.camera import CameraId, Epoch

#: One a minute of a day.
FILES_OF_A_CAMERA = 1440
_WIDTH, _HEIGHT, _FPS = 64, 48, 5
_EPOCH = 1_790_000_000_000
_FIRST_ENTRY = "1790000000000-0"
_COLUMNS = (
    "camera_id, epoch, volume, path, revision, begun_at, ended_at, first_entry, last_entry, "
    "size_bytes, codec, width_px, height_px"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """A volume with a day of files of each camera, all of them filed.

    Attributes:
        paths: Of all files, within the volume.
    """

    folder: Path
    volume_id: UUID
    paths: Sequence[str]
    database_url: str

    def remove_files(self, paths: Sequence[str]) -> None:
        """Remove files whose rows stay."""
        for path in paths:
            (self.folder / path).unlink()

    def remove_rows(self, paths: Sequence[str]) -> None:
        """Remove rows whose files stay."""
        with _connected(self.database_url) as cursor:
            cursor.execute("DELETE FROM segments WHERE path = ANY(%s)", (list(paths),))

    def files(self) -> set[str]:
        """Return what lies there, within the volume."""
        found = self.folder.glob("*/*/*.mp4")
        return {str(path.relative_to(self.folder)) for path in found}

    def is_filed(self, count: int) -> bool:
        """Return whether so many files are filed."""
        with _connected(self.database_url) as cursor:
            cursor.execute("SELECT count(*) FROM segments")
            return cursor.fetchone() == (count,)

    def rows(self) -> set[str]:
        """Return what is filed, within the volume."""
        with _connected(self.database_url) as cursor:
            cursor.execute("SELECT path FROM segments")
            return {path for (path,) in cursor.fetchall()}


def an_archive(folder: Path, database_url: str, camera_ids: Sequence[int]) -> Archive:
    """Write a day of files a camera, and their rows.

    Args:
        folder: Of the volume, which is made.
        database_url: Of a PostgreSQL in which the cameras are.
        camera_ids: They.
    """
    volume = open_volume(folder, known=None)
    day = (datetime.now(UTC) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    paths, rows = [], StringIO()
    for camera_id in camera_ids:
        content = _a_file(camera_id)
        within = f"{camera_id}/{day:%Y-%m-%d}"
        (folder / within).mkdir(parents=True)
        for minute in range(FILES_OF_A_CAMERA):
            begun = day + timedelta(minutes=minute)
            path = f"{within}/{begun:%H-%M-%S.%f}Z.mp4"
            (folder / path).write_bytes(content)
            ended = begun + timedelta(seconds=1)
            told = [camera_id, _EPOCH, volume.volume_id, path, 3, begun, ended]
            row = [*told, _FIRST_ENTRY, _FIRST_ENTRY, len(content), "h264", _WIDTH, _HEIGHT]
            rows.write("\t".join(map(str, row)) + "\n")
            paths.append(path)
    rows.seek(0)
    with _connected(database_url) as cursor:
        # Footage that is older than its camera would be another's.
        cursor.execute("UPDATE cameras SET created_at = created_at - interval '30 days'")
        cursor.copy_expert(f"COPY segments ({_COLUMNS}) FROM STDIN", rows)
        cursor.execute("ANALYZE segments")
    return Archive(folder, volume.volume_id, paths, database_url)


def _a_file(camera_id: int) -> bytes:
    """Return a second of video, in fragments, with the label of a camera."""
    label = FileLabel(
        kind="vigil_segment",
        camera_id=CameraId(camera_id),
        epoch=Epoch(_EPOCH),
        first_entry=_FIRST_ENTRY,
    )
    content = BytesIO()
    options = {"movflags": "frag_keyframe+delay_moov+default_base_moof"}
    with closing(av.open(content, "w", format="mp4", options=options)) as container:
        container.metadata["comment"] = label.model_dump_json()
        stream = container.add_stream("libx264", rate=_FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, _FPS)
        for number in range(_FPS):
            picture = np.full((_HEIGHT, _WIDTH, 3), 40 * number, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return content.getvalue()


@contextmanager
def _connected(url: str) -> "Iterator[psycopg2.extensions.cursor]":
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        yield cursor
