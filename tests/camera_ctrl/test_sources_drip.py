"""Cameras over HTTP that answer drop by drop: each drop comes in time, and the whole never."""

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from camera_ctrl.ingest import http_camera
from camera_ctrl.ingest.session import OPENING_S
from tests.camera_ctrl.sessions import watched
from tests.waiting import wait_until

#: Before the first drop; a drop; and what a camera that does so is said to be.
DRIPS = {
    "a status line": (b"", b"H", "no answer in time"),
    "a header": (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x", "no answer in time"),
    "preliminary answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "no answer in time"),
    "a picture": (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n\xff\xd8",
        b"x",
        "its picture takes too long to come",
    ),
    "the length of a piece of a picture": (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        b"x",
        "its picture takes too long to come",
    ),
}


class DrippingCamera:
    """Takes connections one by one, and lets each have a drop at a time until it is gone."""

    def __init__(self, first: bytes, drop: bytes) -> None:
        self._first, self._drop = first, drop
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/still.jpg"
        #: Connections that the client gave up.
        self.given_up = 0
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        # Wakes whoever accepts.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while not self._stopped.is_set():
                connection, _ = self._socket.accept()
                with connection:
                    self._drip(connection)

    def _drip(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self._first)
            for _ in itertools.count():
                if self._stopped.wait(0.02):
                    return
                connection.sendall(self._drop)
        except OSError:
            self.given_up += 1


@contextmanager
def dripping_camera(first: bytes, drop: bytes) -> Iterator[DrippingCamera]:
    camera = DrippingCamera(first, drop)
    try:
        yield camera
    finally:
        camera.close()


@pytest.mark.parametrize("kind", DRIPS)
def test_a_camera_that_answers_drop_by_drop_is_given_up_and_asked_again(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_camera, "HEAD_TIMEOUT_S", 0.5)
    monkeypatch.setattr(http_camera, "FETCH_TIMEOUT_S", 0.5)
    first, drop, words = DRIPS[kind]
    with dripping_camera(first, drop) as camera, watched(camera.url) as watch:
        # Or the thread would be overdue, its shard killed, and the shard's other cameras with it
        wait_until(lambda: camera.given_up >= 2, timeout_s=30)
        assert watch.wait_for_error() == words
        assert watch.packets() == []


def test_all_that_a_still_may_take_to_open_is_less_than_what_its_shard_waits() -> None:
    opening_s = 2 * http_camera.HEAD_TIMEOUT_S + http_camera.FETCH_TIMEOUT_S
    assert opening_s < OPENING_S
