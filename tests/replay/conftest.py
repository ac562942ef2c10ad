"""Clips that are made once."""

import pytest

from standalone.demo.clip import render_clip
from tests.replay.footage import STREET, Street


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Street:
    """Give a clip of the demo's street."""
    path = tmp_path_factory.mktemp("street") / "street.mp4"
    return Street(path, render_clip(path, form=STREET))
