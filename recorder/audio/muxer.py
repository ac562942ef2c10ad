"""A fragmented MP4 of video and audio: FFmpeg's of the video, with fragments of audio between."""

import struct
from collections import deque
from collections.abc import Callable
from fractions import Fraction

from recorder.audio.decoder import AudioDecoder
from recorder.audio.track import AudioTrack
from recorder.mp4.audio_boxes import fragments_in, index_of_fragments, with_audio_track
from recorder.mp4.fragments import FragmentMuxer
from vigil.bus.packets.base import Entry, EntryId, Template, place_of
from vigil.media.template import AudioParameters
from vigil.mp4.boxes import boxes_in

#: Behind the header of a moof and of its mfhd, and a version: the number of the fragment.
_NUMBER_AT = 8 + 8 + 4


class TwoTrackMuxer:
    """Makes one file of packets of video and audio. Times begin at the first video packet's dts.

    Args:
        template: Of all packets.
        audio: What it says of the audio.
        decoder: Of the camera's audio.
        first: The keyframe with which the file begins.
        write: Takes whole fragments, one after the other; the first with the file's head.
        label: What the head is to say of the file; see `recorder.mp4.head`.

    Attributes:
        track: The audio.
        whole_until: The newest packet up to which all that were added are in whole fragments, in
            the order in which they were; None: none is.

    Raises:
        MessageInvalid: FFmpeg cannot read the template, or such audio is not recorded.
        av.error.FFmpegError: MP4 takes no such video.
    """

    def __init__(
        self,
        template: Template,
        audio: AudioParameters,
        decoder: AudioDecoder,
        *,
        first: Entry,
        write: Callable[[bytes], None],
        label: str = "",
    ) -> None:
        packet = first.packet
        self._base_s = packet.dts * packet.time_base
        self._shown_s = packet.pts * packet.time_base - self._base_s
        self.track = AudioTrack(audio, decoder, begins_s=self._shown_s)
        self._write = write
        self._video = FragmentMuxer(template, write=self._weave, label=label)
        self.whole_until: EntryId | None = None
        #: What was added and is in no whole fragment yet, and whether it is audio.
        self._pending: deque[tuple[EntryId, bool]] = deque()
        self._audio_done = 0
        #: Bytes of FFmpeg's file, and of ours.
        self._given = self._written = 0
        self._number = 0
        #: Where fragments of video begin: in ours, by where they do in FFmpeg's.
        self._moved: dict[int, int] = {}
        #: When fragments of audio begin, and where.
        self._audio_places: list[tuple[int, int]] = []

    def add(self, entry: Entry) -> None:
        """Take a packet of video; raises as `FragmentMuxer.add`."""
        packet = entry.packet
        self._shown_s = packet.pts * packet.time_base - self._base_s
        self._pending.append((entry.entry_id, False))
        self._video.add(entry)
        self._note_whole()

    def add_audio(self, entry: Entry) -> None:
        """Take a packet of audio, or leave it out (see `AudioTrack.error`)."""
        packet = entry.packet
        at_s: Fraction = packet.pts * packet.time_base - self._base_s
        self._pending.append((entry.entry_id, True))
        self.track.add(entry, at_s, shown_s=self._shown_s)

    def close(self) -> None:
        """Complete the file.

        Raises:
            OSError: Its end cannot be written.
        """
        self.track.finish()
        self._video.close()
        self._note_whole()

    def _weave(self, piece: bytes) -> None:
        """Write what FFmpeg made, and the audio of that time behind it."""
        if piece[4:8] == b"mfra":
            self._hand_on(self._audio_fragment())
            self._hand_on(self._index(piece))
            return
        made = bytearray(piece)
        if not self._given:
            form = self.track.form()
            made = made if form is None else bytearray(with_audio_track(piece, form))
        moved = len(made) - len(piece)
        for at in fragments_in(made):
            self._number += 1
            struct.pack_into(">I", made, at + _NUMBER_AT, self._number)
            self._moved[self._given + at - moved] = self._written + at
        self._given += len(piece)
        audio = self._audio_fragment(behind=len(made))
        # As one: what is cut off lacks both, or the audio alone.
        self._hand_on(bytes(made) + audio)

    def _audio_fragment(self, *, behind: int = 0) -> bytes:
        fragment, done, begins = self.track.fragment(self._number + 1)
        self._audio_done += done
        if fragment:
            self._number += 1
            self._audio_places.append((begins, self._written + behind))
        return fragment

    def _hand_on(self, content: bytes) -> None:
        if content:
            self._write(content)
            self._written += len(content)

    def _note_whole(self) -> None:
        """Note how far all is whole, by what FFmpeg has of the video, and what the audio has."""
        video = self._video.whole_until
        if video is None:
            return
        until = place_of(video)
        while self._pending:
            entry_id, is_audio = self._pending[0]
            if is_audio and not self._audio_done:
                return
            if not is_audio and place_of(entry_id) > until:
                return
            self._audio_done -= is_audio
            self.whole_until = self._pending.popleft()[0]

    def _index(self, mfra: bytes) -> bytes:
        """Return FFmpeg's index of fragments with where they are now, and ours beside it."""
        made = bytearray()
        for box in boxes_in(mfra, 8, len(mfra)):
            content = bytearray(mfra[box.begin : box.end])
            if box.kind == b"tfra":
                _move_places(content, self._moved)
            elif box.kind == b"mfro":
                made += index_of_fragments(self._audio_places)
                # It says how large the whole is.
                struct.pack_into(">I", content, len(content) - 4, 8 + len(made) + len(content))
            made += content
        return struct.pack(">I4s", 8 + len(made), b"mfra") + bytes(made)


def _move_places(tfra: bytearray, moved: dict[int, int]) -> None:
    """Correct where the fragments of a track begin; FFmpeg writes 64 bits, and numbers of one."""
    if tfra[8] != 1 or struct.unpack_from(">I", tfra, 16)[0] & 0x3F:
        return
    (count,) = struct.unpack_from(">I", tfra, 20)
    for at in range(24, 24 + count * 19, 19):
        time, place = struct.unpack_from(">QQ", tfra, at)
        struct.pack_into(">QQ", tfra, at, time, moved.get(place, place))
