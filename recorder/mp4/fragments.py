"""A fragmented MP4 in the making, which says of which packets it is whole already."""

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer

from recorder.mp4.boxes import samples_of
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.media.template import reopened
from vigil.mp4.boxes import boxes_in
from vigil.mp4.fragments import VideoTrack, fragment_of, video_track
from vigil.mp4.index import mfra

#: A fragment begins at each keyframe, and half a second after the one before. The index comes with
#: the first fragment, when all that stands in it is known.
_OPTIONS = {
    "movflags": "frag_keyframe+delay_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
#: The largest piece in which the muxer hands on what it made.
_BUFFER_BYTES = 2**20


class _Sink:
    """What the muxer takes for a file."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, piece: bytes) -> int:
        """Take a piece."""
        self.content += piece
        return len(piece)


class FragmentMuxer:
    """Makes one file of packets of video that share a template. Times begin at the first's dts.

    Args:
        template: Of all packets.
        write: Takes whole fragments, one after the other; the first with the file's head.
        label: What the head is to say of the file; see `recorder.mp4.head`.

    Attributes:
        whole_until: The newest packet up to which all are in whole fragments; None: none is.

    Raises:
        MessageInvalid: FFmpeg cannot read the template.
        av.error.FFmpegError: MP4 takes no such codec.
    """

    def __init__(
        self, template: Template, *, write: Callable[[bytes], None], label: str = ""
    ) -> None:
        self._write = write
        self._sink = _Sink()
        self._opened = ExitStack()
        with self._opened:
            source = self._opened.enter_context(reopened(template))
            self._output: OutputContainer = av.open(
                self._sink, "w", format="mp4", options=_OPTIONS, buffer_size=_BUFFER_BYTES
            )
            self._output.metadata["comment"] = label
            self._opened.callback(self._output.close)
            self._stream = self._output.add_stream_from_template(
                source.streams.video[0], opaque=True
            )
            self._opened = self._opened.pop_all()
        #: What was given to the muxer and is in no whole fragment yet.
        self._pending: deque[EntryId] = deque()
        self._base_s: Fraction | None = None
        self._last_dts = -1
        self._handed_bytes = 0
        self._track: VideoTrack | None = None
        #: When each keyframe is shown, and where in the file its fragment begins.
        self._gops: list[tuple[int, int]] = []
        self.whole_until: EntryId | None = None

    def add(self, entry: Entry) -> None:
        """Take a packet, behind those that were taken.

        Raises:
            OSError: The fragment that it completes cannot be written.
            av.error.FFmpegError: The muxer does not take it.
        """
        packet = entry.packet
        if self._base_s is None:
            self._base_s = packet.dts * packet.time_base
        base = round(self._base_s / packet.time_base)
        # In a file dts must grow, whatever the camera's do.
        dts = self._last_dts = max(packet.dts - base, self._last_dts + 1)
        made: av.Packet[Any] = av.Packet(packet.data)
        made.stream = self._stream
        made.time_base = packet.time_base
        made.dts, made.pts = dts, max(dts, packet.pts - base)
        made.duration = packet.duration
        made.is_keyframe = packet.is_keyframe
        self._pending.append(entry.entry_id)
        self._output.mux(made)
        self._hand_on()

    def close(self) -> None:
        """Complete the file.

        Raises:
            OSError: Its end cannot be written.
        """
        self._opened.close()
        self._hand_on()
        # FFmpeg's index names every fragment; who seeks wants those that can be decoded alone.
        self._sink.content.clear()
        if self._track is not None:
            self._write(mfra(self._track.number, self._gops))

    def _hand_on(self) -> None:
        """Write the fragments that are whole by now."""
        content, end, count, samples = self._sink.content, 0, 0, 0
        gops = list[tuple[int, int]]()
        for box in boxes_in(content, 0, len(content)):
            if box.kind == b"moov":
                self._track = video_track(content, box)
            elif box.kind == b"moof":
                samples = samples_of(content, box)
                fragment = self._track and fragment_of(content, box, self._track)
                if fragment is not None and fragment.is_keyframe:
                    gops.append((fragment.shown_at, self._handed_bytes + box.begin))
            elif box.kind == b"mdat":
                end = box.end
                count += samples
                self._gops += gops
                gops.clear()
        if not end:
            return
        self._write(bytes(content[:end]))
        del content[:end]
        self._handed_bytes += end
        for _ in range(count):
            self.whole_until = self._pending.popleft()
