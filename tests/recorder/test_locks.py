"""Where a file system has no locks, a file's age protects it."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from recorder.footage.locks import GROWS_S, share, take_alone


@pytest.mark.parametrize(("age_s", "is_ours"), [(GROWS_S / 2, False), (GROWS_S * 2, True)])
def test_without_locks_what_is_young_is_somebodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, *, is_ours: bool
) -> None:
    def has_none(_: int, __: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", has_none)
    path = tmp_path / "segment.mp4"
    path.write_bytes(b"x")
    written_s = path.stat().st_mtime - age_s
    os.utime(path, (written_s, written_s))

    with path.open("r+b") as file:
        assert take_alone(file.fileno()) == is_ours
        # Who must write does
        assert share(file.fileno())
