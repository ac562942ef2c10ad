"""The application over a database of its own and an empty Valkey."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from standalone.servers.postgres import EmbeddedPostgres
from standalone.servers.valkey import EmbeddedValkey
from tests.servers import execute
from tests.web.archive import Archive
from tests.web.browsing import Site, Visitor, a_browser
from tests.web.pictures import a_jpeg, still_pictures
from tests.web.worlds import World, a_world, settings_for
from web.migrate import migrate
from web.models import Base
from web.users.models import LOCAL_ADMIN, LOCAL_ADMIN_ID

#: Makes a world, with settings changed by name.
WorldOf = Callable[..., World]


@pytest.fixture(scope="session")
def migrated(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of a database that was migrated once, for all tests of this folder."""
    execute(postgres_server.url, "CREATE DATABASE web")
    url = postgres_server.url.rpartition("/")[0] + "/web"
    migrate(settings_for(url, "redis://localhost:1", tmp_path_factory.mktemp("home")))
    return url


@pytest.fixture
def postgres(migrated: str) -> str:
    """Give the URL of a database as a migration leaves it.

    Emptied, not made anew: that takes a tenth of the time.
    """
    tables = ", ".join(f'"{name}"' for name in Base.metadata.tables)
    execute(
        migrated,
        # Off for this session: the trigger that keeps the audit trail from being emptied.
        "SET session_replication_role = replica;"  # noqa: S608  # Our own names.
        f"TRUNCATE {tables} RESTART IDENTITY;"
        "INSERT INTO camera_generation VALUES (1, 0);"
        "INSERT INTO accounts (id, username, role)"
        f"VALUES ('{LOCAL_ADMIN_ID}', '{LOCAL_ADMIN}', 'admin')",
    )
    return migrated


@pytest.fixture
def world_of(postgres: str, valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[WorldOf]:
    """Give what makes a whole application with some settings changed."""
    with ExitStack() as opened:

        def make(**changes: Any) -> World:
            settings = settings_for(postgres, valkey.url, tmp_path, **changes)
            return opened.enter_context(a_world(settings))

        yield make


@pytest.fixture(scope="session")
def one_world(
    migrated: str, valkey_server: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Give the application that most tests share: to make one takes longer than most tests."""
    home = tmp_path_factory.mktemp("home")
    with a_world(settings_for(migrated, valkey_server.url, home)) as world:
        yield world


@pytest.fixture
def world(one_world: World, postgres: str, valkey: EmbeddedValkey) -> World:
    """Give a whole application in which nobody registered yet, at the beginning of time.

    Who changes the application itself takes one of their own, from ``world_of``.
    """
    home = one_world.wiring.settings.vigil_home
    shutil.rmtree(home)
    home.mkdir()
    return one_world.anew()


@pytest.fixture
def archive(world: World) -> Archive:
    """Give footage of that application, of which there is none yet."""
    return Archive(world)


@pytest.fixture
def pictured(postgres: str, valkey: EmbeddedValkey, tmp_path: Path) -> Iterator[World]:
    """Give a world with a stream path, in which every camera shows the same still picture."""
    settings = settings_for(postgres, valkey.url, tmp_path)
    with a_world(settings, streams=still_pictures(a_jpeg())) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Give somebody to whom no script may fail, and no policy may object."""
    visitor = Visitor(browser)
    yield visitor
    visitor.leave()
    assert visitor.faults == []


@pytest.fixture
def site(pictured: World) -> Iterator[Site]:
    """Give the pictured world at an address."""
    site = Site(pictured.app)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def address(site: Site) -> str:
    return site.address
