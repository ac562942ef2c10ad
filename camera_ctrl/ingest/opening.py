"""A camera's stream, opened by FFmpeg under bounds, with errors in its owner's words."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError

from camera_ctrl.ingest.keyframe import STREAM_OPTIONS
from camera_ctrl.ingest.source import (
    OPEN_TIMEOUT_S,
    SCHEMES,
    Source,
    ffmpeg_demuxer,
    ffmpeg_name,
    ffmpeg_options,
)
from camera_ctrl.ingest.words import in_words
from vigil.errors import CameraUnavailable


@contextmanager
def opened(
    source: Source, *, read_timeout_s: float, demuxer: str | None = None
) -> Iterator[InputContainer]:
    """Open a camera's stream for demuxing.

    Args:
        source: Where it is.
        read_timeout_s: FFmpeg's limit on silence, once it is open.
        demuxer: The only one that may read it; None: what its scheme allows.

    Raises:
        CameraUnavailable: It cannot be opened, or broke; the message is for the camera's owner.
    """
    if source.scheme not in SCHEMES:
        raise CameraUnavailable(
            f"'{source.scheme}' is no scheme that we open; use {', '.join(SCHEMES)}"
        )
    try:
        if source.scheme == "file":
            _require_file(Path(source.path))
        with _container(source, read_timeout_s, demuxer) as container:
            yield container
    except (FFmpegError, OSError) as error:
        raise CameraUnavailable(in_words(error, source)) from error


def _container(source: Source, read_timeout_s: float, demuxer: str | None) -> InputContainer:
    try:
        return av.open(
            ffmpeg_name(source),
            format=demuxer or ffmpeg_demuxer(source),
            options=ffmpeg_options(source),
            stream_options=STREAM_OPTIONS,
            # Titles come in any encoding, and nobody reads them here.
            metadata_errors="replace",
            timeout=(OPEN_TIMEOUT_S, read_timeout_s),
        )
    except FFmpegError:
        # Some are ValueErrors too.
        raise
    except ValueError as error:
        # PyAV can set no bounds on streams that a container names only as they come.
        raise CameraUnavailable("does not say first what streams it has, as FLV does") from error


def _require_file(path: Path) -> None:
    """Refuse what is no file on a disk: FFmpeg would wait for a pipe's writer for ever."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise CameraUnavailable("it is no file: a device is given as device:///dev/video0")
