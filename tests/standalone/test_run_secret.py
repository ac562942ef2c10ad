"""A machine's secret is made once, kept, and never made over."""

from pathlib import Path

import pytest

from standalone.secret import secret_in
from vigil.errors import SetupInvalid


def test_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = secret_in(tmp_path)
    assert len(first) >= 32
    assert secret_in(tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_two_machines_have_two(tmp_path: Path) -> None:
    assert secret_in(tmp_path / "one") != secret_in(tmp_path / "other")


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\xfe"])
def test_a_file_that_holds_none_is_refused_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret_key"
    path.write_bytes(content)
    with pytest.raises(SetupInvalid, match="Bring back"):
        secret_in(tmp_path)
    assert path.read_bytes() == content


def test_one_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    secret = secret_in(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    assert secret_in(tmp_path) == secret
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
