"""``export-copy``: ten minutes of footage as one clip, against FFmpeg's concatenation.

Both read the same files of a minute, copy each packet, and write an MP4 with its index at the
beginning; ours looks besides whether all is in it. An export is done when it is on the disk, too:
that is told beside it, with what the disk takes.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av

from bench.children import BenchFailed
from bench.clips import best_footage, clip
from bench.result import Bar, Part, RowResult
from recorder.exports.clip import sync_file
from recorder.exports.copying import Source, StreamCopy
from recorder.exports.footage_file import FootageFile
from recorder.exports.selection import files_within
from recorder.exports.spans import Span
from recorder.footage.volume import open_volume
from recorder.recorded_camera import RecordedCamera
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.clock import MICROSECONDS, SystemClock
from vigil.domain.camera import CameraId, Epoch
from vigil.domain.packet import Packet
from vigil.media.template import template_of

NAME = "export-copy"
_LENGTH_S, _SEGMENT_S, _ROUNDS = 600, 60, 7
_CAMERA = CameraId(1)
_BEGAN_US = 1_790_000_000 * MICROSECONDS


def measure() -> RowResult:
    """Let both make the same clip, in turns."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return RowResult(NAME, [], missing="the baseline needs ffmpeg on the PATH")
    ours, synced, baseline, disk = [], [], [], []
    clock = SystemClock()
    with TemporaryDirectory(prefix="vigil-bench-") as name:
        folder = Path(name)
        files = _recorded(folder / "footage")
        for _ in range(_ROUNDS):
            os.sync()
            begun_s = clock.monotonic_s()
            made = _copied(files, folder)
            copied_s = clock.monotonic_s()
            sync_file(made)
            synced_s = clock.monotonic_s()
            ours.append(_LENGTH_S / (copied_s - begun_s))
            synced.append(_LENGTH_S / (synced_s - begun_s))
            disk.append(made.stat().st_size / 1e6 / (synced_s - begun_s))
            begun_s = clock.monotonic_s()
            _concatenated(ffmpeg, files, folder)
            baseline.append(_LENGTH_S / (clock.monotonic_s() - begun_s))
    unit = "times real time"
    return RowResult(
        NAME,
        [
            Part("", unit, Bar(at_least=500), ours, baseline),
            Part("until it is on the disk", unit, None, synced),
            Part("what is written to the disk", "MB/s", None, disk),
        ],
    )


def _copied(files: Sequence[FootageFile], folder: Path) -> Path:
    source = Source(files, _BEGAN_US, _BEGAN_US + _LENGTH_S * MICROSECONDS, "Yard")
    [made] = StreamCopy(source, path_of=lambda _: folder / "ours.mp4", is_one=True).run()
    return made.path


def _concatenated(ffmpeg: str, files: Sequence[FootageFile], folder: Path) -> None:
    names = folder / "names.txt"
    names.write_text("".join(f"file '{each.path}'\n" for each in files))
    command = [ffmpeg, "-nostdin", "-v", "error", "-y", "-f", "concat", "-safe", "0"]
    into = ["-c", "copy", "-movflags", "+faststart", str(folder / "theirs.mp4")]
    done = subprocess.run([*command, "-i", str(names), *into], check=False, capture_output=True)
    if done.returncode:
        raise BenchFailed(f"ffmpeg: {done.stderr.decode(errors='replace')}")


def _recorded(folder: Path) -> Sequence[FootageFile]:
    """Record a clip over and over, as a recorder does; return the files."""
    volume = open_volume(folder, known=None)
    template, entries = _ten_minutes(clip(best_footage()))
    camera = RecordedCamera(
        _CAMERA,
        Epoch(1),
        volume=volume,
        mark=None,
        segment_s=_SEGMENT_S,
        template_of=lambda _, __: template,
        say=lambda _: None,
    )
    camera.take(list(entries), now_s=0.0)
    camera.close()
    span = Span(_BEGAN_US, _BEGAN_US + _LENGTH_S * MICROSECONDS)
    files = list(files_within(volume, _CAMERA, span))
    if len(files) < _LENGTH_S // _SEGMENT_S - 1:
        raise BenchFailed(f"{len(files)} files of footage")
    return files


def _ten_minutes(path: Path) -> tuple[Template, Iterator[Entry]]:
    with closing(av.open(path)) as container:
        video = container.streams.video[0]
        packets = [each for each in container.demux(video) if each.pts is not None]
        template = template_of([video], bytes(packets[0]))
        assert video.time_base is not None
        return template, _looped(packets, video.time_base, template.template_id)


def _looped(
    packets: Sequence["av.Packet[Any]"], time_base: Fraction, template_id: str
) -> Iterator[Entry]:
    begun, step = packets[0].pts or 0, packets[0].duration or 1
    for number in range(round(_LENGTH_S / (step * time_base))):
        turn, at = divmod(number, len(packets))
        packet = packets[at]
        shift = turn * len(packets) * step - begun
        pts, dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
        yield Entry(
            EntryId(f"{number + 1}-0"),
            Packet(
                stream_index=0,
                pts=pts,
                dts=dts,
                duration=step,
                time_base=time_base,
                is_keyframe=packet.is_keyframe,
                template_id=template_id,
                anchor_us=_BEGAN_US,
                captured_at_us=_BEGAN_US + round(pts * time_base * MICROSECONDS),
                data=bytes(packet),
            ),
        )
