"""The process of ``mjpeg_camera`` and ``still_camera``: numbered test cards over HTTP."""

import asyncio
import functools
import random
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from standalone.demo.counter import draw_test_card
from standalone.demo.rtsp.auth import Credentials, Gate, Scheme
from tests.cameras.faults import DROP_ONE_IN, Fault, StandIn
from tests.cameras.stage import Config, Show, perform

_BOUNDARY = "frame"
_MAX_UNSENT_BYTES = 4 * 1024 * 1024


class HttpCamera:
    """Shows test cards, each with the next number, to all clients the same.

    Args:
        size_wh: Of the pictures, in pixels.
        fps: Pictures a second.
        credentials: Asked for by Basic; None: nobody is asked.
    """

    def __init__(
        self, *, size_wh: tuple[int, int], fps: float, credentials: Credentials | None
    ) -> None:
        self._size_wh = size_wh
        self._fps = fps
        self._credentials = self._own_credentials = credentials
        self._fault = Fault.NONE
        self._begun_s = time.monotonic()
        self._random = random.Random(1)
        self._writers: set[asyncio.StreamWriter] = set()
        # All clients see the same pictures: each is encoded once.
        self._jpeg: Callable[[int], bytes] = functools.lru_cache(maxsize=32)(self._encode)

    async def serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer one request, as every connection has one here."""
        self._writers.add(writer)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def drop_clients(self) -> None:
        """Close all connections at once."""
        for writer in self._writers:
            writer.transport.abort()

    def misbehave(self, fault: Fault) -> None:
        """Take up the camera's own part of a fault."""
        self._fault = fault
        self._credentials = self._own_credentials
        if fault is Fault.DENY:
            self._credentials = Credentials(
                secrets.token_hex(8), secrets.token_hex(8), Scheme.BASIC
            )

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, authorization = _parse(await reader.readuntil(b"\r\n\r\n"))
        gate = Gate(self._credentials)
        if not gate.admits("GET", authorization):
            _head(writer, "401 Unauthorized", {"WWW-Authenticate": gate.challenge()})
        elif path == "/video.mjpg":
            kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
            _head(writer, "200 OK", {"Content-Type": kind, "Cache-Control": "no-store"})
            await self._stream(writer)
        elif path == "/still.jpg":
            jpeg = self._picture(self._number())
            if jpeg is None:
                # A frozen camera takes the question, and leaves it open until the client goes.
                await reader.read()
                return
            size = {"Content-Type": "image/jpeg", "Content-Length": str(len(jpeg))}
            _head(writer, "200 OK", size)
            writer.write(jpeg)
        else:
            _head(writer, "404 Not Found", {"Content-Length": "0"})
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        number = self._number()
        while writer.transport.get_write_buffer_size() < _MAX_UNSENT_BYTES:
            due_s = self._begun_s + number / self._fps
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            if writer.is_closing():
                return
            jpeg = self._picture(number)
            number += 1
            if jpeg is None:
                continue
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
            writer.write(f"{head}\r\n".encode() + jpeg + b"\r\n")

    def _number(self) -> int:
        return int((time.monotonic() - self._begun_s) * self._fps)

    def _picture(self, number: int) -> bytes | None:
        """Return what the fault leaves of a picture; None: nothing."""
        jpeg = self._jpeg(number)
        match self._fault:
            case Fault.FREEZE | Fault.SILENT:
                return None
            case Fault.DROP:
                return jpeg if self._random.randrange(DROP_ONE_IN) else None
            case Fault.GARBAGE:
                return jpeg[:2] + self._random.randbytes(len(jpeg) - 2)
            case _:
                return jpeg

    def _encode(self, number: int) -> bytes:
        done, jpeg = cv2.imencode(".jpg", draw_test_card(number, self._size_wh))
        assert done
        return jpeg.tobytes()


def _parse(head: bytes) -> tuple[str, str]:
    """Return the path of a GET, and the value of its Authorization header; empty where none is."""
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in lines)}
    return first.removeprefix("GET ").partition(" ")[0], headers.get("authorization", "")


def _head(writer: asyncio.StreamWriter, status: str, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())


def _build(config: Config) -> tuple[StandIn, Show]:
    credentials = None
    if config["auth"] is not None:
        user, password = config["auth"]
        credentials = Credentials(user, password, Scheme.BASIC)
    width, height = config["size_wh"]
    camera = HttpCamera(size_wh=(width, height), fps=config["fps"], credentials=credentials)

    def show(clip: Path) -> None:
        raise ValueError(f"{clip}: this camera shows test cards alone")

    return camera, show


if __name__ == "__main__":
    perform(_build)
