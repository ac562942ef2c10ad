"""The footage and the machine that the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.e2e.client import PASSWORD
from tests.e2e.footage import Footage, street
from tests.e2e.machine import Machine

#: Of the cameras that ask for one; no log may hold it.
CAMERA_USER, CAMERA_PASSWORD = "viewer", "f0otage-pa55"


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Give a street in which somebody always walks."""
    return street(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine with everything running, whose first account is logged in."""
    with Machine(tmp_path_factory.mktemp("machine")) as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD, CAMERA_PASSWORD) == []
