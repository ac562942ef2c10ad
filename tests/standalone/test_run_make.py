"""``make`` is the door: it says what there is, and what it lacks."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.standalone.processes import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def test_without_a_target_it_names_them_all() -> None:
    done = _make()
    assert done.returncode == 0
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    named = {line.split()[0] for line in done.stdout.splitlines()[2:]}
    assert named == set(phony[1].split())


def test_without_a_python_it_says_which_it_needs(tmp_path: Path) -> None:
    # Given a machine with make and a shell, and a Python that is too old
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make", "touch"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    done = _make("run", f"VENV={tmp_path / 'venv'}", path=str(programs))

    assert done.returncode == 2
    assert "Vigil needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_works_is_never_cleared(tmp_path: Path) -> None:
    # Given an environment of somebody's own, with uv in it
    programs = tmp_path / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "uv"):
        (programs / name).touch(mode=0o755)

    done = _make("--dry-run", "run", f"VENV={tmp_path / 'venv'}")

    assert "--clear" not in done.stdout
    assert "uv sync" in done.stdout


def _make(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    assert make is not None
    # Not what an outer `make test` hands down to its children.
    around = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        [make, "--no-print-directory", *arguments],
        cwd=ROOT,
        env=around if path is None else {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
