"""What the tests of one recorded camera stand on."""

from pathlib import Path

import pytest

from tests.footage import Footage, footage_of
from tests.recorder.clips import make_clip
from tests.recorder.house import House
from tests.recorder.studio import Studio


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Give eight seconds with a keyframe in each."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return footage_of(make_clip(path, seconds=8, b_frames=2))


@pytest.fixture
def studio(tmp_path: Path, sent: Footage) -> Studio:
    return Studio(tmp_path, sent)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)
