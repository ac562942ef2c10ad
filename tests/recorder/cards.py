"""Numbered pictures as a camera sends them, and which of them are in a file."""

import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from recorder.recorded_camera import RecordedCamera
from standalone.demo.counter import draw_test_card, read_counter
from tests.footage import BEGAN_US, Footage
from tests.recorder.studio import NOW_S, Studio
from tests.waiting import wait_until
from vigil.bus.packets.base import Entry, EntryId, Template
from vigil.clock import MICROSECONDS
from vigil.domain.packet import Packet
from vigil.media.template import MediaStream, template_of

CARD_WH, CARD_FPS = (160, 120), 10.0
#: In which arrivals are counted.
_TIME_BASE = Fraction(1, 90_000)


def card(number: int, size_wh: tuple[int, int] = CARD_WH) -> bytes:
    """Return a JPEG that shows a number."""
    done, jpeg = cv2.imencode(".jpg", draw_test_card(number, size_wh))
    assert done
    return jpeg.tobytes()


def template_of_cards(jpeg: bytes, *more: MediaStream) -> Template:
    with closing(av.open(io.BytesIO(jpeg), format="mjpeg")) as container:
        return template_of([container.streams.video[0], *more], jpeg)


def cards(
    count: int,
    *,
    first: int = 0,
    fps: float = CARD_FPS,
    size_wh: tuple[int, int] = CARD_WH,
    from_s: float | None = None,
) -> Footage:
    """Return numbered pictures that come evenly.

    Args:
        count: How many.
        first: The number that the first shows, and its place in the log.
        fps: Pictures a second.
        size_wh: Of each.
        from_s: When the first comes; None: where it would be had all before come as these do.
    """
    template = template_of_cards(card(0, size_wh))
    began_s = first / fps if from_s is None else from_s
    return Footage(
        template,
        [
            card_entry(number, template, began_s + (number - first) / fps, card(number, size_wh))
            for number in range(first, first + count)
        ],
    )


def card_entry(number: int, template: Template, at_s: float, jpeg: bytes) -> Entry:
    """Return a picture that comes so long after the first, in the log and by its times."""
    at_us = round(at_s * MICROSECONDS)
    packet = Packet(
        stream_index=0,
        pts=round(at_s / _TIME_BASE),
        dts=round(at_s / _TIME_BASE),
        duration=0,
        time_base=_TIME_BASE,
        is_keyframe=True,
        template_id=template.template_id,
        anchor_us=BEGAN_US,
        captured_at_us=BEGAN_US + at_us,
        data=jpeg,
    )
    return Entry(EntryId(f"{(BEGAN_US + at_us) // 1000}-{number}"), packet)


def numbers_in(path: Path) -> list[int | None]:
    """Return what each picture of a file shows, of a file that must have no error."""
    with av.open(path) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        return [
            read_counter(frame.to_ndarray(format="bgr24").astype(np.uint8))
            for frame in container.decode(video=0)
        ]


def shown_at_s(path: Path) -> list[float]:
    """Return when each picture of a file is shown, in seconds of it."""
    with av.open(path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return [float((packet.pts or 0) * packet.time_base) for packet in packets]


def keyframes_of(path: Path) -> list[int]:
    """Return which packets of a file are keyframes."""
    with av.open(path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return [number for number, packet in enumerate(packets) if packet.is_keyframe]


def taken(camera: RecordedCamera, entries: Sequence[Entry], *, now_s: float = NOW_S) -> None:
    """Have a camera record pictures, as its recorder would: what has no room is read again."""
    left = list(entries)

    def are_encoded() -> bool:
        if left and camera.pictures.has_room:
            camera.take(left, now_s=now_s)
            places = [each.entry_id for each in left]
            if camera.position in places:
                del left[: places.index(camera.position) + 1]
        camera.take_encoded(now_s=now_s)
        return not left and not camera.pictures.is_waiting

    wait_until(are_encoded, timeout_s=60)


@contextmanager
def recording(studio: Studio, *, segment_s: float = 60) -> Iterator[RecordedCamera]:
    """Give a camera whose encoder ends with the test."""
    camera = studio.camera(segment_s=segment_s)
    try:
        yield camera
    finally:
        # No more: as who was killed it touches no file.
        camera.pictures.end()
