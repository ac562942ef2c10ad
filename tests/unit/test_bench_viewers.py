import pytest

from bench.programs.viewers import Viewer
from tests.builders import a_jpeg
from web.live.parts import part

CAPTURED_US = 1_790_000_000_000_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"


def a_stream(*sequences: int, is_chunked: bool) -> bytes:
    parts = [part(a_jpeg(each, captured_at_us=CAPTURED_US)) for each in sequences]
    if is_chunked:
        parts = [f"{len(each):x}\r\n".encode() + each + b"\r\n" for each in parts]
    return HEAD + b"".join(parts)


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("piece_bytes", [1, 7, 60, 100_000])
def test_each_part_is_timed_by_its_stamp_however_it_comes(
    piece_bytes: int, *, is_chunked: bool
) -> None:
    viewer, stream = Viewer(), a_stream(4, 5, 6, is_chunked=is_chunked)

    for begin in range(0, len(stream), piece_bytes):
        viewer.feed(stream[begin : begin + piece_bytes], now_us=CAPTURED_US + 12_000)

    assert viewer.late_us == [12_000, 12_000, 12_000]
    assert viewer.missed == 0


def test_pictures_that_were_never_sent_are_missed() -> None:
    viewer = Viewer()

    viewer.feed(a_stream(4, 5, 9, is_chunked=True), now_us=CAPTURED_US)

    assert viewer.missed == 3
