"""The application over a database of its own and an empty Valkey."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from tests.servers import execute
from tests.web.worlds import World, a_world, settings_for
from web.migrate import migrate

#: Makes a world, with settings changed by name.
WorldOf = Callable[..., World]

TEMPLATE = "vigil_template"


@pytest.fixture(scope="session")
def postgres_template(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Give the name of a database that was migrated once, for all tests of this folder."""
    execute(postgres_server.url, f"CREATE DATABASE {TEMPLATE}")
    url = postgres_server.url.rpartition("/")[0] + f"/{TEMPLATE}"
    migrate(settings_for(url, "redis://localhost:1", tmp_path_factory.mktemp("home")))
    return TEMPLATE


@pytest.fixture
def world_of(postgres: str, valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[WorldOf]:
    """Give what makes a whole application with some settings changed."""
    with ExitStack() as opened:

        def make(**changes: Any) -> World:
            settings = settings_for(postgres, valkey.url, tmp_path, **changes)
            return opened.enter_context(a_world(settings))

        yield make


@pytest.fixture
def world(world_of: WorldOf) -> World:
    """Give a whole application in which nobody registered yet."""
    return world_of()
