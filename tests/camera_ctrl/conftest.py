"""A site for each test, with everything that it started ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from standalone.servers.valkey import EmbeddedValkey
from tests.camera_ctrl.site import Site


@pytest.fixture
def site(valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[Site]:
    """Give a site without cameras and controllers."""
    it = Site(valkey.url, tmp_path)
    yield it
    it.close()
