"""The cameras that speak HTTP, against plain sockets and FFmpeg."""

import base64
import http.client
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
import pytest

from standalone.demo.counter import read_counter
from tests.cameras import CameraProcess, Fault, mjpeg_camera, still_camera
from tests.cameras.viewer import numbers, watching

MakeCamera = Callable[..., AbstractContextManager[CameraProcess]]


@contextmanager
def get(camera: CameraProcess, *, auth: str | None = None) -> Iterator[http.client.HTTPResponse]:
    address = urlsplit(camera.bare_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=1.0)
    headers = {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"} if auth else {}
    with closing(connection):
        connection.request("GET", address.path, headers=headers)
        with connection.getresponse() as response:
            yield response


def number_in(jpeg: bytes) -> int | None:
    image_bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return None if image_bgr is None else read_counter(image_bgr.astype(np.uint8, copy=False))


def part(response: http.client.HTTPResponse) -> bytes:
    """Return the JPEG of the next part of a multipart stream."""
    assert response.readline() == b"--frame\r\n"
    assert response.readline() == b"Content-Type: image/jpeg\r\n"
    size = int(response.readline().removeprefix(b"Content-Length: "))
    assert response.readline() == b"\r\n"
    jpeg = response.read(size)
    assert response.readline() == b"\r\n"
    return jpeg


def test_each_part_is_a_whole_jpeg_with_the_next_number() -> None:
    with mjpeg_camera(fps=50) as camera, get(camera) as response:
        assert response.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
        came = [number_in(part(response)) for _ in range(20)]

    assert came[0] is not None
    assert came == [came[0] + n for n in range(20)]


def test_ffmpeg_plays_the_parts() -> None:
    with mjpeg_camera(size_wh=(320, 180), fps=50) as camera, watching(camera.url) as stream:
        came = numbers(stream, 10)
        assert stream.streams.video[0].width == 320

    assert came[0] is not None
    assert came == [came[0] + n for n in range(10)]


def test_stills_show_what_is_now() -> None:
    with still_camera(fps=200) as camera, get(camera) as first, get(camera) as second:
        shown = [number_in(first.read()), number_in(second.read())]

    assert shown[0] is not None
    assert shown[1] is not None
    assert shown[0] <= shown[1]


@pytest.mark.parametrize("make", [mjpeg_camera, still_camera])
def test_asks_for_user_and_password(make: MakeCamera) -> None:
    with make(auth=("user", "se:cret")) as camera:
        for auth, status in (("user:se:cret", 200), ("user:wrong", 401), (None, 401)):
            with get(camera, auth=auth) as response:
                assert response.status == status

        camera.fault(Fault.DENY)
        with get(camera, auth="user:se:cret") as response:
            assert response.status == 401
            assert response.getheader("WWW-Authenticate") == 'Basic realm="Vigil"'


def test_ffmpeg_is_refused_with_a_wrong_password() -> None:
    with mjpeg_camera(auth=("user", "secret")) as camera:
        with watching(camera.url) as stream:
            assert None not in numbers(stream, 2)
        with (
            pytest.raises(av.error.HTTPUnauthorizedError),
            watching(camera.url_for("user", "wrong")),
        ):
            pass


def test_a_frozen_stream_stands_open_and_still() -> None:
    with mjpeg_camera(fps=50) as camera, get(camera) as response:
        before = number_in(part(response))
        camera.fault(Fault.FREEZE)
        # What was under way when the fault began still comes, on a busy machine, and no more.
        rest = iter(lambda: number_in(part(response)), None)
        late: list[int] = []
        with pytest.raises(TimeoutError):
            late.extend(rest)

    assert before is not None
    assert late == list(range(before + 1, before + 1 + len(late)))
    assert len(late) < 10


@pytest.mark.parametrize("make", [mjpeg_camera, still_camera])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SILENT, TimeoutError),
        (Fault.REFUSE, ConnectionRefusedError),
        (Fault.BABBLE, http.client.BadStatusLine),
    ],
)
def test_who_comes_during_a_fault_is_told_so_and_served_after_it(
    make: MakeCamera, fault: Fault, error: type[Exception]
) -> None:
    with make() as camera:
        camera.fault(fault)
        with pytest.raises(error), get(camera):
            pass

        camera.fault(Fault.NONE)
        with get(camera) as response:
            assert response.status == 200


def test_garbage_begins_as_a_jpeg_and_is_none() -> None:
    with still_camera() as camera:
        camera.fault(Fault.GARBAGE)
        with get(camera) as response:
            spoilt = response.read()

    assert spoilt.startswith(b"\xff\xd8")
    assert number_in(spoilt) is None


def test_lost_parts_leave_gaps_in_the_numbers() -> None:
    with mjpeg_camera(fps=100) as camera:
        camera.fault(Fault.DROP)
        with get(camera) as response:
            came = [number_in(part(response)) for _ in range(30)]

    assert None not in came
    assert len(set(came)) == 30
    first, last = came[0], came[-1]
    assert first is not None
    assert last is not None
    assert last - first > 30
