"""What every test may ask for."""

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["tests.needs", "tests.servers", "tests.cameras.clips"]

# How long an example takes is the machine's business: no test asserts speed.
settings.register_profile("vigil", parent=settings.default, deadline=None)
settings.load_profile("vigil")


@pytest.fixture(autouse=True)
def _logs_can_be_captured() -> None:
    """Forget what a test before configured, such as one that ran a command of ours."""
    structlog.reset_defaults()
