"""The operator's .env: fresh secrets once, and nothing of his own touched."""

import os
import subprocess
from pathlib import Path

from tests.containers.compose import ROOT


def test_makes_every_secret_and_keeps_it(tmp_path: Path) -> None:
    # When it is run twice
    path = tmp_path / ".env"
    _make(path)
    first = path.read_text()
    _make(path)

    # Then each secret is long, unlike the others, for its owner alone, and stays
    values = [line.partition("=")[2] for line in first.splitlines()]
    assert len(values) == len(set(values)) == 7
    assert all(len(value) == 64 and value.isalnum() for value in values)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == first


def test_fills_a_copied_example_and_leaves_the_rest(tmp_path: Path) -> None:
    # Given a copy in which a line was changed, without an end to its last line
    path = tmp_path / ".env"
    example = (ROOT / ".env.example").read_text()
    path.write_text(example + "SITE_TIME_ZONE=Asia/Taipei")

    _make(path)

    lines = path.read_text().splitlines()
    assert "SECRET_KEY=" not in lines
    assert len([line for line in lines if line.startswith("SECRET_KEY=")]) == 1
    assert "SITE_TIME_ZONE=Asia/Taipei" in lines
    assert set(example.splitlines()) - set(lines) == {"SECRET_KEY="}


def test_takes_the_secret_that_make_run_sealed_with(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("of-make-run-" * 4 + "\n")

    _make(tmp_path / ".env", home=tmp_path)

    assert f"SECRET_KEY={'of-make-run-' * 4}\n" in (tmp_path / ".env").read_text()


def _make(path: Path, *, home: Path | None = None) -> None:
    environment = {**os.environ, "VIGIL_HOME": str(home or path.parent / "none")}
    command = [ROOT / "deploy" / "make-env", path]
    subprocess.run(command, check=True, capture_output=True, env=environment)
