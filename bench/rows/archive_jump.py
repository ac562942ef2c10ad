"""``archive-jump``: from asking for a moment of a day of footage to the first byte of its media.

A jump is what a player does: it asks for the playlist, then for the head of the file in which the
moment is, then for its piece. All of it by one connection, as a browser keeps one.
"""

import http.client
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from statistics import quantiles
from urllib.parse import urljoin

import redis

from bench.children import BenchFailed, python, wait_until
from bench.day import FILE_S, FILES, make_day
from bench.machine import a_machine
from bench.processes import memory_bytes
from bench.result import Bar, Part, RowResult
from bench.website import Website, a_website, call
from standalone.processes.ports import LOOPBACK
from vigil.clock import MICROSECONDS, SystemClock, utc_from_us

NAME = "archive-jump"
_ROUNDS, _JUMPS = 5, 100
#: How much is asked for around a moment, where not all of the day is.
_AROUND_S = 60
_FILED_S, _TIMEOUT_S = 60.0, 20.0
_PIECE = re.compile(r"#EXTINF:([0-9.]+),\n#EXT-X-BYTERANGE:([0-9]+)@([0-9]+)\n(.+)")
_FILE = re.compile(r'#EXT-X-MAP:URI=".+",BYTERANGE="([0-9]+)@0"\n#EXT-X-PROGRAM-DATE-TIME:(.+)')


def measure() -> RowResult:
    """Jump about in a day that nobody looked at yet, and then once more."""
    with a_day() as (website, began, files):
        day = (began, began + timedelta(seconds=FILES * FILE_S))
        draw = random.Random(5)

        def moment() -> datetime:
            return began + timedelta(seconds=draw.uniform(0, FILES * FILE_S - 1))

        with closing(http.client.HTTPConnection(LOOPBACK, website.port, timeout=_TIMEOUT_S)) as web:
            caller = _Caller(web, website)
            _forget(files)
            unread = [_timed_ms(lambda: caller.jump(moment(), *day))]
            of_day, around, thumbnails = [], [], []
            for _ in range(_ROUNDS):
                of_day.append(_p95_ms(lambda: caller.jump(moment(), *day), _JUMPS // 5))
                around.append(_p95_ms(lambda: caller.jump_near(moment()), _JUMPS))
                thumbnails.append(_p95_ms(lambda: caller.thumbnail(moment()), _JUMPS))
            memory_mb = memory_bytes([website.pids[0]]) / 1e6
    return RowResult(
        NAME,
        [
            Part("a minute's playlist", "ms p95", Bar(150.0), around),
            Part("the day's playlist", "ms p95", Bar(150.0), of_day),
            Part("of a day that was never read", "ms", None, unread),
            Part("thumbnail", "ms p95", None, thumbnails),
            Part("web", "MB", None, [memory_mb]),
        ],
    )


@contextmanager
def a_day() -> Iterator[tuple[Website, datetime, Sequence[Path]]]:
    """Give web with a day of footage, when that began, and its files."""
    with a_machine() as machine, a_website(machine) as website:
        begun_us = SystemClock().utc_us() - (FILES + 60) * FILE_S * MICROSECONDS
        with (
            redis.Redis.from_url(machine.queue.url) as queue,
            machine.service(
                python("vigil", "writer"),
                log="writer",
                environment={"DATABASE_URL": website.database_url},
            ),
        ):
            folder = machine.folder / "footage"
            files = make_day(folder, queue, website.camera_id, begun_us=begun_us)
            newest = f"/recordings?camera_id={website.camera_id}&limit=1"
            last = utc_from_us(begun_us + (FILES - 1) * FILE_S * MICROSECONDS).isoformat()

            def are_filed() -> bool:
                found = call(website.port, "GET", newest, token=website.token)
                return bool(found) and bool(found[0]["begun_at"] == last)

            wait_until(are_filed, what="a row of each file", timeout_s=_FILED_S)
            yield website, utc_from_us(begun_us), files


class _Caller:
    """A player, with a connection that it keeps."""

    def __init__(self, web: http.client.HTTPConnection, website: Website) -> None:
        self._web = web
        self._headers = {"Authorization": f"Bearer {website.token}"}
        self._folder = f"/recordings/{website.camera_id}/"

    def jump_near(self, moment: datetime) -> http.client.HTTPResponse:
        """Jump by a playlist that begins with the moment; return the rest of its media."""
        return self.jump(moment, moment, moment + timedelta(seconds=_AROUND_S))

    def jump(self, moment: datetime, since: datetime, until: datetime) -> http.client.HTTPResponse:
        """Jump to a moment by a playlist of some time; return its media behind the first byte."""
        span = f"since={_in_words(since)}&until={_in_words(until)}"
        address = f"{self._folder}playlist.m3u8?{span}"
        text = self._read(address).decode()
        uri, head_bytes, size_bytes, place = _piece_at(text, moment)
        path = urljoin(address, uri)
        self._read(path, f"bytes=0-{head_bytes - 1}")
        media = self._asked(path, f"bytes={place}-{place + size_bytes - 1}")
        if not media.read(1):
            raise BenchFailed(f"{path}: nothing came")
        return media

    def thumbnail(self, moment: datetime) -> http.client.HTTPResponse:
        """Ask for the picture of a moment; return what comes behind its first byte."""
        answer = self._asked(f"{self._folder}thumbnail?at={_in_words(moment)}")
        answer.read(1)
        return answer

    def _read(self, path: str, part: str | None = None) -> bytes:
        return self._asked(path, part).read()

    def _asked(self, path: str, part: str | None = None) -> http.client.HTTPResponse:
        ranges = {} if part is None else {"Range": part}
        self._web.request("GET", path, headers=self._headers | ranges)
        answer = self._web.getresponse()
        if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise BenchFailed(f"{path}: {answer.status} {answer.read(200)!r}")
        return answer


def _piece_at(text: str, moment: datetime) -> tuple[str, int, int, int]:
    """Return where the piece of a moment lies: its file, the length of its head, size, place."""
    for file in reversed(text.split("#EXT-X-DISCONTINUITY\n")):
        match = _FILE.search(file)
        assert match is not None
        at = datetime.fromisoformat(match[2])
        # Milliseconds are all that a playlist says.
        if at > moment + timedelta(milliseconds=1):
            continue
        for piece in _PIECE.finditer(file):
            at += timedelta(seconds=float(piece[1]))
            if at > moment:
                return piece[4], int(match[1]), int(piece[2]), int(piece[3])
    raise BenchFailed(f"nothing of {moment} in {text[:500]}")


def _forget(files: Sequence[Path]) -> None:
    """Have the kernel forget what it read of files, as after a night."""
    for path in files:
        file = os.open(path, os.O_RDONLY)
        os.fdatasync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def _p95_ms(call_once: Callable[[], http.client.HTTPResponse], count: int) -> float:
    samples = [_timed_ms(call_once) for _ in range(count)]
    return quantiles(samples, n=20, method="inclusive")[-1]


def _timed_ms(call_once: Callable[[], http.client.HTTPResponse]) -> float:
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    answer = call_once()
    took_s = clock.monotonic_s() - begun_s
    # The connection is for the next one.
    answer.read()
    return 1e3 * took_s


def _in_words(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
