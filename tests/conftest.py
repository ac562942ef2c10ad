"""What every test may ask for."""

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["tests.needs", "tests.servers", "tests.cameras.clips"]

#: What a soak test takes beside going on.
SOAK_ENDS_S = 300

# How long an example takes is the machine's business: no test asserts speed.
settings.register_profile("vigil", parent=settings.default, deadline=None)
settings.load_profile("vigil")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests that can go on be told for how long."""
    parser.addoption(
        "--soak", type=float, default=0.0, metavar="MINUTES", help="how long each soak test goes on"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give tests that go on the time for it."""
    for item in items:
        if item.get_closest_marker("soak") is not None:
            item.add_marker(pytest.mark.timeout(SOAK_ENDS_S + 60 * config.getoption("--soak")))


@pytest.fixture
def soak_s(request: pytest.FixtureRequest) -> float:
    """Return for how many seconds a test goes on that can; 0: as short as it says something."""
    return 60 * float(request.config.getoption("--soak"))


@pytest.fixture(autouse=True)
def _logs_can_be_captured() -> None:
    """Forget what a test before configured, such as one that ran a command of ours."""
    structlog.reset_defaults()
