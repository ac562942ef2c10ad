"""``archive-check``: a recorder starts on a volume with a hundred thousand segments.

web, its writer, PostgreSQL and both Redis are real, and so are the files, but for what they show.
"""

import random
from collections.abc import Callable
from functools import partial

from bench.archive import an_archive
from bench.children import BenchFailed, python, wait_until
from bench.machine import Machine, a_machine
from bench.processes import memory_bytes
from bench.result import Bar, Part, RowResult
from bench.website import Website, a_website, call
from vigil.clock import SystemClock

NAME = "archive-check"
_CAMERAS, _MISSING, _ROUNDS = 70, 1000, 3
_LATE_S = 120.0
_CHECKED = '"footage_checked"'


def measure() -> RowResult:
    """Let recorders check a volume on which all is well, and one on which much is missing."""
    rng = random.Random(5)
    agreeing, mended, memory_mb = [], [], []
    with (
        a_machine() as machine,
        a_website(machine) as website,
        machine.service(
            python("vigil", "writer"),
            log="writer",
            environment={"DATABASE_URL": website.database_url},
        ),
    ):
        archive = an_archive(
            machine.folder / "footage",
            website.database_url,
            [website.camera_id, *(_camera(website, number) for number in range(1, _CAMERAS))],
        )
        for _ in range(_ROUNDS):
            seconds, memory = _checked(machine, lambda: True)
            agreeing.append(seconds)
            memory_mb.append(memory / 1e6)
            lost = rng.sample(sorted(archive.rows()), 2 * _MISSING)
            archive.remove_files(lost[:_MISSING])
            archive.remove_rows(lost[_MISSING:])
            files = archive.files()
            mended.append(_checked(machine, partial(archive.is_filed, len(files)))[0])
            if archive.rows() != files:
                raise BenchFailed("rows and files do not agree after the check")
    return RowResult(
        NAME,
        [
            Part("100,800 segments", "s", Bar(30.0), agreeing),
            Part("1,000 files and 1,000 rows missing", "s", Bar(30.0), mended),
            Part("recorder", "MB", None, memory_mb),
        ],
    )


def _camera(website: Website, number: int) -> int:
    body = {"name": f"camera {number}", "stream_url": "rtsp://127.0.0.1:9/"}
    camera_id: int = call(website.port, "POST", "/cameras", body=body, token=website.token)["id"]
    return camera_id


def _checked(machine: Machine, is_mended: Callable[[], bool]) -> tuple[float, int]:
    """Start a recorder; return the seconds until all is well, and its memory then."""
    log = machine.folder / "record.log"
    checks = _checks_in(log.read_text() if log.exists() else "")
    clock = SystemClock()
    begun_s = clock.monotonic_s()
    with machine.service(
        python("vigil", "record"), log="record", environment={"FOOTAGE_RESERVE_BYTES": "0"}
    ) as recorder:
        wait_until(
            lambda: _checks_in(log.read_text()) > checks and is_mended(),
            what="the check",
            timeout_s=_LATE_S,
        )
        return clock.monotonic_s() - begun_s, memory_bytes([recorder])


def _checks_in(text: str) -> int:
    return text.count(_CHECKED)
