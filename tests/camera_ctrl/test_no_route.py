"""No route to the camera, met for real: in a network of our own, with a real controller in it."""

import errno
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from camera_ctrl.ingest.words import of_os_error
from tests.camera_ctrl.no_route import LAY_OUT
from tests.camera_ctrl.site import ROOT
from tests.camera_ctrl.test_sources_words import NO_NETWORK, NO_ROUTE, SAID_WITHIN_S

FORBIDDEN = "a firewall or a route of this machine forbids to reach the camera"

WORDS = {
    # ENETUNREACH: no route at all, as where the network is unplugged
    "192.0.2.1": NO_NETWORK,
    # EHOSTUNREACH: as a router says
    "198.51.100.1": NO_ROUTE,
    # EHOSTUNREACH, after three seconds: nobody has this address in our own network
    "10.99.0.2": NO_ROUTE,
    # EACCES
    "203.0.113.1": FORBIDDEN,
}


@pytest.mark.needs("network-namespace")
@pytest.mark.timeout(180)
def test_its_owner_is_told_in_time() -> None:
    urls = {
        f"{scheme}://admin:secret@{host}/stream": words
        for host, words in WORDS.items()
        for scheme in ("rtsp", "http")
    }
    lay_out = "; ".join(f"ip {command}" for command in LAY_OUT)
    ask = shlex.join([sys.executable, "-m", "tests.camera_ctrl.no_route", *urls])

    done = subprocess.run(
        [shutil.which("unshare") or "", "--net", "sh", "-e", "-c", f"{lay_out}; exec {ask}"],
        cwd=ROOT,
        # All in one shard, which runs when they come: to start one takes seconds of its own.
        env=os.environ | {"CAMERAS_PER_SHARD": "16"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert {url: words for url, (words, _) in said.items()} == urls
    for url, (_, after_s) in said.items():
        assert after_s < SAID_WITHIN_S, url


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENETUNREACH, "no route to the camera's network"),
        (errno.EHOSTUNREACH, "no route to the camera"),
        (errno.EACCES, FORBIDDEN),
        (errno.EPERM, FORBIDDEN),
        (errno.ETIMEDOUT, "no answer in time"),
        (errno.ECONNREFUSED, "nobody listens at this address and port"),
        (errno.ECONNRESET, "the camera broke the connection"),
        (errno.EPIPE, "the camera broke the connection"),
        (errno.ENETDOWN, "cannot be reached: Network is down"),
        (errno.EADDRNOTAVAIL, "cannot be reached: Cannot assign requested address"),
    ],
)
def test_each_error_of_the_network_has_its_words(number: int, words: str) -> None:
    assert of_os_error(OSError(number, os.strerror(number))) == words
