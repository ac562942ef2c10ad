"""Stands between the packet log and the files: what are pictures there is H.264 behind it."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import structlog

from recorder.encoding.encoder import Job, PictureEncoder
from recorder.encoding.pace import KeyframePace, Thinning
from recorder.encoding.wire import Encoded, Question, Refused
from vigil.bus.packets.base import Entry, EntryId, Template, place_of
from vigil.domain.camera import CameraId
from vigil.domain.packet import Packet
from vigil.errors import MessageInvalid
from vigil.media.template import reopened, with_video_of

log = structlog.get_logger(__name__)

#: By FFmpeg's name: what is encoded.
_CODEC = "mjpeg"
#: Pictures wait for the encoder in the log, and here no more than these: they take it a second, and
#: who looks here each half second never lets it rest.
_MOST_WAITING, _MOST_WAITING_BYTES, _WAITING_S = 64, 8 * 2**20, 1.0
#: What a picture takes until that is known.
_TOOK_S = 0.05
#: A picture that was left out is spoken of for so long.
_SAID_S = 10.0
#: An encoder that answered nothing for so long is away: what is lost meanwhile is our fault.
_STUCK_S = 5.0
#: Templates are looked up soon behind the keyframe that brought them.
_KEPT_TEMPLATES = 4


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A packet in its place.

    Attributes:
        before: The place right before it in the log.
        job: None: it goes on as it came.
        template: Of the packet as it came.
    """

    entry: Entry
    before: EntryId
    job: Job | None = None
    template: Template | None = None


class EncodedPictures:
    """One camera's packets, those that are pictures encoded, all in the order in which they came.

    What waits here is in the log, and nothing is said to be safe of it: who goes on after our death
    reads it again, and begins with a keyframe, whatever this encoder had made of it.

    Args:
        camera_id: Whose.
        template_of: Gives the template of packets as they come; None: it is not there any more.

    Attributes:
        left_out: How many pictures were, since it began, but for those that came too fast.
    """

    def __init__(
        self, camera_id: CameraId, *, template_of: Callable[[CameraId, str], Template | None]
    ) -> None:
        self._camera_id, self._template_of = camera_id, template_of
        self._line = deque[_Waiting]()
        self._waiting, self._waiting_bytes = 0, 0
        self._encoder: PictureEncoder | None = None
        #: Of the pictures that come now; None: what comes are none.
        self._template: Template | None = None
        self._template_id: str | None = None
        self._keyframes, self._thinning = KeyframePace(), Thinning()
        self._newest_ms = 0
        self._made: OrderedDict[str, Template] = OrderedDict()
        #: What the last template was made of.
        self._made_of: tuple[str, bytes] | None = None
        self._made_id = ""
        self.left_out, self._reason = 0, ""
        self._now_s = self._moved_s = self._said_until_s = 0.0

    @property
    def is_used(self) -> bool:
        """Whether pictures come, or wait."""
        return self._template is not None or bool(self._line)

    @property
    def is_waiting(self) -> bool:
        """Whether packets wait here."""
        return bool(self._line)

    @property
    def is_stuck(self) -> bool:
        """Whether pictures have waited for long, and none was encoded."""
        return self.is_waiting and self._now_s - self._moved_s > _STUCK_S

    @property
    def has_room(self) -> bool:
        """Whether more are to be put here."""
        took_s = self._thinning.took_s or _TOOK_S
        return not self._waiting or (
            self._waiting < _MOST_WAITING
            and self._waiting_bytes < _MOST_WAITING_BYTES
            and self._waiting * took_s < _WAITING_S
        )

    def note_newest(self, newest: EntryId) -> None:
        """Take note of where the newest packet stands in the log."""
        self._newest_ms = place_of(newest)[0]

    @property
    def error(self) -> str | None:
        """Why pictures are missing; None: none are."""
        if not self.is_used:
            return None
        if self._encoder is not None and self._encoder.error is not None:
            return self._encoder.error
        if self._now_s < self._said_until_s:
            return f"{self.left_out} pictures were left out; of the last: {self._reason}"
        return self._thinning.words() if self._thinning.is_on else None

    def begin_gop(self) -> None:
        """Let the next picture be a keyframe."""
        self._keyframes.begin_gop()

    def concerns(self, packet: Packet) -> bool:
        """Return whether a packet is to be put here.

        Raises:
            BusUnavailable: Nobody knows yet.
        """
        is_video = packet.stream_index == 0
        if is_video and packet.is_keyframe and packet.template_id != self._template_id:
            self._look_at(packet)
        return bool(self._line) or (is_video and self._template is not None)

    def put(self, entry: Entry, before: EntryId) -> None:
        """Take a packet that concerns us.

        Args:
            entry: Behind those that were taken, as it stands in the log.
            before: The place right before it in the log.
        """
        packet = entry.packet
        if not self._line:
            self._moved_s = self._now_s
        if packet.stream_index != 0 or self._template is None:
            self._line.append(_Waiting(entry, before))
            return
        behind_s = (self._newest_ms - place_of(entry.entry_id)[0]) / 1000
        was_on = self._thinning.is_on
        is_taken = self._thinning.takes(packet.captured_at_us, behind_s=behind_s)
        if self._thinning.is_on is not was_on:
            said = self._thinning.words() if self._thinning.is_on else "all are encoded again"
            log.warning("encoder_pace_changed", camera_id=self._camera_id, reason=said)
        if not is_taken:
            return
        if self._encoder is None:
            self._encoder = PictureEncoder(self._camera_id)
        is_keyframe = self._keyframes.is_keyframe(packet.anchor_us, packet.captured_at_us)
        job = Job(Question(packet.data, is_keyframe), len(packet.data))
        self._waiting += 1
        self._waiting_bytes += job.size_bytes
        # The picture is held once, by the job, and let go of when it was answered.
        bare = replace(entry, packet=replace(packet, data=b""))
        self._line.append(_Waiting(bare, before, job, self._template))
        self._encoder.put(job)

    def ready(self, *, now_s: float) -> Iterator[tuple[Entry, EntryId]]:
        """Yield the packets that wait no longer, each with the place right before it in the log.

        Args:
            now_s: By the monotonic clock.
        """
        self._now_s = now_s
        if self._encoder is not None:
            self._encoder.require_alive()
        while self._line:
            head = self._line[0]
            if head.job is not None and head.job.answer is None:
                return
            self._line.popleft()
            self._moved_s = now_s
            entry = head.entry if head.job is None else self._encoded(head, head.job)
            if entry is not None:
                yield entry, head.before
        if self._template is None and self._encoder is not None:
            # The camera sends other video now.
            self._end_encoder()

    def template(self, template_id: str) -> Template | None:
        """Return the template of packets that were made here lately, or of others.

        Raises:
            BusUnavailable: It is of others, and could not be read.
        """
        return self._made.get(template_id) or self._template_of(self._camera_id, template_id)

    def clear(self) -> None:
        """Forget all that wait: they are read again."""
        self._line.clear()
        self._waiting = self._waiting_bytes = 0
        self._keyframes.begin_gop()
        if self._encoder is not None:
            self._encoder.clear()

    def finish(self, *, timeout_s: float) -> None:
        """Wait until all that wait here are ready, for so long at most."""
        last = next((each.job for each in reversed(self._line) if each.job is not None), None)
        if self._encoder is not None and last is not None:
            self._encoder.wait_for(last, timeout_s=timeout_s)

    def end(self) -> None:
        """Forget all, and end the encoder."""
        self.clear()
        self._end_encoder()

    def _end_encoder(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.end()

    def _look_at(self, packet: Packet) -> None:
        """Find out what video comes now."""
        template = self._template_of(self._camera_id, packet.template_id)
        self._template, self._template_id = None, None if template is None else packet.template_id
        if template is not None and _is_of_pictures(template):
            self._template = template
            self._keyframes.begin_gop()
        elif not self._line:
            self._end_encoder()

    def _encoded(self, waiting: _Waiting, job: Job) -> Entry | None:
        """Return the packet that a picture became; None: none."""
        self._waiting -= 1
        self._waiting_bytes -= job.size_bytes
        answer, template = job.answer, waiting.template
        assert template is not None
        if isinstance(answer, Encoded):
            self._thinning.note_took(answer.took_s)
            try:
                template_id = self._template_made(template, job.nut)
            except MessageInvalid as error:
                answer = Refused(str(error))
            else:
                packet = replace(
                    waiting.entry.packet,
                    data=answer.data,
                    is_keyframe=answer.is_keyframe,
                    template_id=template_id,
                )
                return replace(waiting.entry, packet=packet)
        assert isinstance(answer, Refused)
        self.left_out += 1
        if answer.reason != self._reason or self._now_s >= self._said_until_s:
            log.warning("picture_left_out", camera_id=self._camera_id, reason=answer.reason)
        self._reason, self._said_until_s = answer.reason, self._now_s + _SAID_S
        return None

    def _template_made(self, template: Template, nut: bytes) -> str:
        made_of = (template.template_id, nut)
        if made_of != self._made_of:
            made = with_video_of(template, nut)
            self._made[made.template_id] = made
            self._made_of, self._made_id = made_of, made.template_id
            while len(self._made) > _KEPT_TEMPLATES:
                self._made.popitem(last=False)
        return self._made_id


def _is_of_pictures(template: Template) -> bool:
    """Return whether the video of a template has to be encoded."""
    try:
        with reopened(template) as container:
            video = container.streams.video
            return bool(video) and video[0].codec_context.name == _CODEC
    except MessageInvalid:
        # Who opens a file with it says so.
        return False
