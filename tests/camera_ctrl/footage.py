"""Pictures and files that tests of sources serve."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2

from standalone.demo.counter import draw_test_card

MULTIPART = "multipart/x-mixed-replace; boundary=frame"


def a_jpeg(number: int = 1, size_wh: tuple[int, int] = (320, 180)) -> bytes:
    """Return a numbered test card."""
    done, jpeg = cv2.imencode(".jpg", draw_test_card(number, size_wh))
    assert done
    return jpeg.tobytes()


def part(jpeg: bytes) -> bytes:
    """Return one part of a multipart stream."""
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"


def parts(wait: Callable[[float], bool], jpeg: bytes) -> Iterator[bytes]:
    """Yield the parts of a multipart stream, ten a second, until wait says that it is over."""
    while not wait(0.1):
        yield part(jpeg)


def titled(clip: Path, path: Path, title: bytes) -> Path:
    """Write a clip's video into another container under a title of any encoding."""
    with (
        av.open(clip) as source,
        av.open(path, "w", metadata_encoding="latin-1") as target,
    ):
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        target.metadata["title"] = copy.metadata["title"] = title.decode("latin-1")
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return path


def remuxed(clip: Path, path: Path, *kinds: str) -> Path:
    """Write a clip's streams of some kinds, or its video alone, into another container."""
    with av.open(clip) as source, av.open(path, "w") as target:
        copies = {
            stream.index: target.add_stream_from_template(stream)
            for stream in source.streams
            if stream.type in (kinds or ("video",))
        }
        for packet in source.demux():
            if packet.dts is not None and packet.stream_index in copies:
                packet.stream = copies[packet.stream_index]
                target.mux(packet)
    return path
