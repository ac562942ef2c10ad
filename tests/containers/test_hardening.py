"""What a container may do, seen from inside and from the engine."""

import pytest

from tests.containers.compose import service_of
from tests.containers.stack import Stack

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(600)]


def test_every_container_is_healthy_or_has_done_its_work(stack: Stack) -> None:
    for container in stack.compose.containers():
        state = container["State"]
        if state["Status"] == "exited":
            assert state["ExitCode"] == 0, service_of(container)
        else:
            assert state["Health"]["Status"] == "healthy", service_of(container)


def test_runs_without_rights(stack: Stack) -> None:
    for service in _running(stack):
        status = dict(
            line.split(":\t", 1)
            for line in stack.compose.execute(service, "cat", "/proc/1/status").splitlines()
            if ":\t" in line
        )
        assert "0" not in status["Uid"].split(), service
        assert int(status["CapEff"], 16) == 0, service
        assert int(status["CapBnd"], 16) == 0, service
        assert status["NoNewPrivs"] == "1", service


def test_cannot_change_what_it_runs(stack: Stack) -> None:
    for service in _running(stack):
        done = stack.compose.attempt("exec", "-T", service, "touch", "/etc/changed")

        assert done.returncode != 0, service
        assert "Read-only file system" in done.stderr, service


def test_holds_the_limits_of_memory_and_processes(stack: Stack) -> None:
    for container in stack.compose.containers():
        limits = container["HostConfig"]
        assert limits["Memory"] > 0, service_of(container)
        assert limits["PidsLimit"] > 0, service_of(container)


def test_carries_no_secret_and_no_certificate_in_an_image(stack: Stack) -> None:
    values = set(stack.secrets().values())
    for container in stack.compose.containers():
        history = stack.compose.docker("history", "--no-trunc", container["Image"])
        image = stack.compose.docker("inspect", container["Image"])
        assert not [value for value in values if value in history + image], service_of(container)
        assert "BEGIN CERTIFICATE" not in history


@pytest.mark.parametrize(
    ("beaten", "is_alive"), [("now", True), ("29 seconds ago", True), ("1 minute ago", False)]
)
def test_a_loop_that_does_not_turn_is_not_alive(stack: Stack, beaten: str, is_alive: bool) -> None:
    done = stack.compose.attempt(
        *("exec", "-T", "--env", "HEARTBEAT_PATH=/tmp/other", "camera_ctrl"),
        *("sh", "-c", f"touch --date '{beaten}' /tmp/other && is-alive"),
    )

    assert (done.returncode == 0) is is_alive


def test_sees_only_the_secrets_of_its_own(stack: Stack) -> None:
    secrets = stack.secrets()
    strangers = {
        "object_recognition": set(secrets) - {"SECRET_KEY", "REDIS_OBJECT_RECOGNITION_PASSWORD"},
        "camera_ctrl": set(secrets) - {"SECRET_KEY", "REDIS_CAMERA_CTRL_PASSWORD"},
        "recorder": set(secrets) - {"SECRET_KEY", "REDIS_RECORDER_PASSWORD"},
        "jobs": set(secrets) - {"SECRET_KEY", "REDIS_JOBS_PASSWORD"},
        "web": {
            "REDIS_CAMERA_CTRL_PASSWORD",
            "REDIS_OBJECT_RECOGNITION_PASSWORD",
            "REDIS_RECORDER_PASSWORD",
            "REDIS_JOBS_PASSWORD",
        },
        "nginx": set(secrets),
        "postgres": set(secrets) - {"POSTGRES_PASSWORD"},
    }
    for service, names in strangers.items():
        environment = stack.compose.execute(service, "env")
        assert not [name for name in names if secrets[name] in environment], service


def _running(stack: Stack) -> list[str]:
    return [
        service_of(container)
        for container in stack.compose.containers()
        if container["State"]["Status"] == "running"
    ]
