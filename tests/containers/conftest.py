"""The stack that the tests of this folder share: built, started and removed once."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from standalone.processes.ports import LOOPBACK, free_port
from tests.containers.compose import CA_CERTIFICATES, CA_FILE, FILE, ROOT, Compose
from tests.containers.stack import ADMIN_PASSWORD, ADMIN_USERNAME, Stack

#: Long enough for a cold build on a slow machine.
BUILD_S = 420
START_S = 150


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a ``.env`` as an operator gets it."""
    path = tmp_path_factory.mktemp("compose") / ".env"
    subprocess.run([ROOT / "deploy" / "make-env", path], check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def compose(env_file: Path) -> Compose:
    """Give the project on ports that nobody uses, nothing of it started."""
    ports = {
        name: f"{LOOPBACK}:{free_port()}"
        for name in ("PUBLISH_HTTP", "PUBLISH_API", "PUBLISH_STREAMS")
    }
    index = {"INDEX_URL": os.environ["PIP_INDEX_URL"]} if "PIP_INDEX_URL" in os.environ else {}
    return Compose(
        project="vigil-test",
        env_file=env_file,
        files=[FILE, CA_FILE],
        environment={
            **ports,
            **index,
            "CA_CERTIFICATES": str(CA_CERTIFICATES),
            "ADMIN_USERNAME": ADMIN_USERNAME,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            # Needs no download.
            "DEFAULT_MODEL": "basic",
        },
    )


@pytest.fixture(scope="session")
def stack(compose: Compose) -> Iterator[Stack]:
    """Give the whole system, healthy, with the demo's camera within reach.

    In the end it goes as an operator would have it go, and nothing of it may be left.
    """
    compose.run("--profile", "demo", "build", timeout_s=BUILD_S)
    try:
        compose.run("--profile", "demo", "up", "--detach", "--wait", timeout_s=START_S)
        yield Stack(compose)
    finally:
        logs = compose.attempt("--profile", "demo", "logs", "--no-color", "--tail", "200")
        print(logs.stdout)  # noqa: T201  # pytest shows it where a test failed.
        compose.run("--profile", "demo", "down", "--volumes", "--remove-orphans", timeout_s=START_S)
    assert compose.left_overs() == []
