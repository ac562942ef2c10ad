"""What the tests of one recorded camera stand on."""

from pathlib import Path

import pytest

from tests.footage import Footage, footage_of
from tests.recorder.checked import CheckedVolume
from tests.recorder.clips import make_clip
from tests.recorder.house import House
from tests.recorder.listening import Sounding
from tests.recorder.sounds import SOUNDS, beeps_in, make_sounding_clip
from tests.recorder.studio import Studio


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Give eight seconds with a keyframe in each."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return footage_of(make_clip(path, seconds=8, b_frames=2))


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sounding]:
    """Give one of what is copied, and one of what is encoded."""
    made = {}
    for name in ("AAC", "A-law"):
        clip = make_sounding_clip(tmp_path_factory.mktemp("clip"), SOUNDS[name], seconds=8)
        made[name] = Sounding(footage_of(clip), beeps_in(clip))
    return made


@pytest.fixture
def aac(clips: dict[str, Sounding]) -> Footage:
    return clips["AAC"].footage


@pytest.fixture
def studio(tmp_path: Path, sent: Footage) -> Studio:
    return Studio(tmp_path, sent)


@pytest.fixture
def checked(tmp_path: Path, sent: Footage) -> CheckedVolume:
    return CheckedVolume(tmp_path / "footage", sent)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tmp_path, monkeypatch)
