"""Pictures of moments, each made once for all who look."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TypeAlias

from web.errors import NotFound
from web.playback.service import Moment
from web.playback.thumbnails.decoder import KeyframeDecoder
from web.playback.thumbnails.keyframe import read_keyframe
from web.recordings.service import FootageNotFound

#: What pictures that were made are kept in, in bytes, and what each counts beside its own.
KEPT_BYTES, _EACH_BYTES = 16 * 2**20, 256

#: A file, a place in it, a width.
_Key: TypeAlias = tuple[int, int, int]


class KeyframeUndecodable(NotFound):
    """There is footage, and no picture can be made of it."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of a moment.

    Attributes:
        captured_at: When it was captured.
        is_final: Whether the same question will always have it as its answer.
    """

    jpeg: bytes
    captured_at: datetime
    is_final: bool


class Thumbnails:
    """Small pictures of moments.

    Args:
        decoder: Makes them.
        kept_bytes: How much of those that were made is kept.
    """

    def __init__(self, decoder: KeyframeDecoder, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._decoder, self._most = decoder, kept_bytes
        self._kept_bytes = 0
        #: None: what is there cannot be decoded, so nobody tries again.
        self._made: OrderedDict[_Key, bytes | None] = OrderedDict()
        self._lock = Lock()

    def of(self, moment: Moment, *, width_px: int) -> Thumbnail:
        """Return the picture of a moment.

        Raises:
            FootageNotFound: The file was just deleted.
            KeyframeUndecodable: No picture can be made of it.
            DecoderBusy: Too many are asked for at once.
        """
        place = moment.file.gops.places[moment.number]
        key = (moment.segment_id, place, width_px)
        with self._lock:
            is_known, jpeg = key in self._made, self._made.get(key)
            if is_known:
                self._made.move_to_end(key)
        if not is_known:
            jpeg = self._decoded(moment, width_px)
            self._keep(key, jpeg)
        if jpeg is None:
            raise KeyframeUndecodable(
                f"The keyframe of {moment.captured_at.isoformat()} cannot be decoded."
            )
        return Thumbnail(jpeg, moment.captured_at, moment.is_final)

    def close(self) -> None:
        """End the processes that decode."""
        self._decoder.close()

    def _decoded(self, moment: Moment, width_px: int) -> bytes | None:
        try:
            keyframe = read_keyframe(moment.path, moment.file.gops, moment.number)
        except OSError:
            raise FootageNotFound(f"Footage {moment.segment_id} was just deleted.") from None
        return keyframe and self._decoder.picture_of(keyframe, width_px=width_px)

    def _keep(self, key: _Key, jpeg: bytes | None) -> None:
        with self._lock:
            replaced = self._made.pop(key, b"")
            self._made[key] = jpeg
            self._kept_bytes += _counts(jpeg) - (_counts(replaced) if replaced != b"" else 0)
            while self._kept_bytes > self._most and len(self._made) > 1:
                self._kept_bytes -= _counts(self._made.popitem(last=False)[1])


def _counts(jpeg: bytes | None) -> int:
    return _EACH_BYTES + len(jpeg or b"")
