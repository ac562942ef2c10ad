"""nginx: one application on three ports, streams as they come, errors in one shape."""

import json
import time

import pytest

from tests.containers.stack import Stack
from tests.waiting import wait_until

pytestmark = [pytest.mark.needs("docker"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("port", ["HTTP", "API", "STREAMS"])
def test_serves_the_application_on_every_port_of_the_family(stack: Stack, port: str) -> None:
    answer = stack.request("GET", "/healthz", port=port)

    assert (answer.status, answer.json()["status"]) == (200, "ok")


def test_refuses_a_large_body_before_it_is_read(stack: Stack) -> None:
    answer = stack.request("POST", "/login", body=b"x" * (1024 * 1024 + 1))

    assert answer.status == 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == 413


@pytest.mark.parametrize("path", ["/metrics", "//metrics", "/%6detrics?x=1"])
def test_keeps_the_metrics_inside(stack: Stack, path: str) -> None:
    answer = stack.request("GET", path)

    assert (answer.status, answer.json()["code"]) == (404, 404)


def test_logs_no_query(stack: Stack) -> None:
    # Given a request whose address carries a token, and one that fails
    stack.request("GET", "/get_stream/99?token=tell-nobody")

    # When its line is there
    wait_until(lambda: "/get_stream/99" in _log(stack), timeout_s=10)

    # Then it is an event with the path alone
    [line] = [text for text in _log(stack).splitlines() if "/get_stream/99" in text]
    assert json.loads(line)["path"] == "/get_stream/99"
    assert "tell-nobody" not in _log(stack)


def test_says_that_the_application_is_away_and_finds_it_at_its_new_address(stack: Stack) -> None:
    # Given a web service that is gone
    stack.compose.run("rm", "--stop", "--force", "web")
    try:
        answer = stack.request("GET", "/camera_status?token=tell-nobody")
        assert (answer.status, answer.json()["code"]) == (503, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert "tell-nobody" not in _log(stack)
    finally:
        # When it comes back, while another container took its place in the network
        stack.compose.run("up", "--detach", "--wait", "web", timeout_s=120)

    # Then nobody had to touch nginx, which asks for the address again within 5 s
    begun_s = time.monotonic()
    wait_until(lambda: stack.request("GET", "/healthz").status == 200, timeout_s=10)
    assert time.monotonic() - begun_s < 10


def _log(stack: Stack) -> str:
    return stack.log("nginx")
