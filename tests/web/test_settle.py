"""``vigil web`` leaves what its start-up made out of garbage collection."""

import os
import subprocess
import sys
from pathlib import Path

from standalone.processes.ports import free_port
from standalone.servers.valkey import EmbeddedValkey
from tests.web.worlds import SECRET

#: Serves, and once it does so, tells whether a collection would look through the application.
PROGRAM = """
import gc, os, signal, sys, threading
from flask import Flask
from standalone.run import is_healthy
from tests.waiting import wait_until
from web.__main__ import main

def tell():
    try:
        wait_until(lambda: is_healthy(port), timeout_s=60)
        print("looked through:", sum(isinstance(each, Flask) for each in gc.get_objects()))
    finally:
        os.kill(os.getpid(), signal.SIGTERM)

port = int(sys.argv[1])
threading.Thread(target=tell).start()
main(["--port", str(port)])
"""


def test_a_collection_does_not_look_through_the_application(
    postgres: str, valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": postgres,
        "REDIS_URL": valkey.url,
        "SECRET_KEY": SECRET,
        "VIGIL_HOME": str(tmp_path),
    }
    argv = [sys.executable, "-c", PROGRAM, str(free_port())]
    ended = subprocess.run(
        argv, env=environment, capture_output=True, text=True, check=False, timeout=120
    )

    assert ended.returncode == 0, ended.stderr
    assert "looked through: 0\n" in ended.stdout
