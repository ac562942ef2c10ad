"""Docker Compose on our files, as a project of the test's own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
#: What a build fetches is trusted by the certificates that this machine trusts.
CA_FILE = ROOT / "deploy" / "docker-compose-ca.yml"
CA_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

#: Of the caller's environment, what the docker command needs: nothing that Compose would put in
#: the place of a line of the test's own .env.
_PASSED = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG")


@dataclass(frozen=True, slots=True)
class Compose:
    """Runs ``docker compose`` on the project's files.

    Attributes:
        project: Prefix of every container, network and volume.
        env_file: Stands for the operator's ``.env``.
        files: The Compose files; later ones override.
        environment: Variables beside those of env_file.
    """

    project: str
    env_file: Path
    files: Sequence[Path]
    environment: Mapping[str, str]

    def attempt(
        self, *arguments: str, timeout_s: float = 60, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a Compose command and return how it ended."""
        files = [part for file in self.files for part in ("--file", str(file))]
        project = ("--project-name", self.project, "--env-file", str(self.env_file))
        return self._docker(
            "compose", *project, *files, *arguments, timeout_s=timeout_s, stdin=stdin
        )

    def run(self, *arguments: str, timeout_s: float = 60, stdin: str = "") -> str:
        """Run a Compose command and return what it printed.

        Raises:
            AssertionError: It failed; says what it printed.
        """
        done = self.attempt(*arguments, timeout_s=timeout_s, stdin=stdin)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def docker(self, *arguments: str, timeout_s: float = 60) -> str:
        """Run a docker command of the same engine and return what it printed.

        Raises:
            AssertionError: It failed; says what it printed.
        """
        done = self._docker(*arguments, timeout_s=timeout_s)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def config(self) -> dict[str, Any]:
        """Return the whole configuration, as Compose understood it."""
        config: dict[str, Any] = json.loads(
            self.run("--profile", "*", "config", "--format", "json")
        )
        return config

    def containers(self) -> list[dict[str, Any]]:
        """Return every container of the project, ended ones too, as ``docker inspect`` shows it."""
        ids = self.run("ps", "--all", "--quiet").split()
        found: list[dict[str, Any]] = json.loads(self.docker("inspect", *ids)) if ids else []
        return found

    def execute(self, service: str, *command: str, stdin: str = "") -> str:
        """Run a command in the first container of a service and return what it printed."""
        return self.run("exec", "-T", service, *command, stdin=stdin)

    def left_overs(self) -> list[str]:
        """Return what of the project is on the engine: containers, volumes, networks."""
        label = f"label=com.docker.compose.project={self.project}"
        return [
            f"{kind} {name}"
            for kind, *arguments in (
                ("container", "ps", "--all", "--format", "{{.Names}}"),
                ("volume", "volume", "ls", "--format", "{{.Name}}"),
                ("network", "network", "ls", "--format", "{{.Name}}"),
            )
            for name in self.docker(*arguments, "--filter", label).split()
        ]

    def _docker(
        self, *arguments: str, timeout_s: float, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return subprocess.run(
            [shutil.which("docker") or "docker", *arguments],
            cwd=ROOT,
            env={**passed, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )


def service_of(container: Mapping[str, Any]) -> str:
    """Return which service an inspected container is of."""
    name: str = container["Config"]["Labels"]["com.docker.compose.service"]
    return name
