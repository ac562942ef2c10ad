import json
import subprocess
import sys
from functools import cache

PROGRAM = """
import logging
import sys
import structlog
from pydantic import RedisDsn
from vigil.log import configure_logging

configure_logging("tested", "INFO")
log = structlog.get_logger("test")
url = "rtsp://admin:le\\"ft/sec@ret@cam/1"
error = OSError(f"cannot open {url}")
log.info("as_text", url=url)
log.info("as_exception", error=error)
log.info("as_object", dsn=RedisDsn("redis://user:sec%40ret@queue:6379/0"))
log.info("nested", deep={"list": [url, ("x", url)], "number": 7})
log.info(f"in the event {url}")
log.info("token", path="/get_stream/7?token=sec@ret")
logging.getLogger("another.library").warning("says %s", url)
try:
    raise error
except OSError:
    log.exception("as_traceback", camera_id=7)
    logging.getLogger("another.library").exception("as traceback")
log.debug("too_quiet", url=url)
"""


@cache
def logged(*, on_terminal: bool = False) -> str:
    program = PROGRAM
    if on_terminal:
        program = "import sys; sys.stderr.isatty = lambda: True\n" + program
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr


def test_a_line_is_a_json_object_with_service_level_and_time() -> None:
    lines = [json.loads(line) for line in logged().splitlines()]

    assert [each["event"] for each in lines][:4] == [
        "as_text",
        "as_exception",
        "as_object",
        "nested",
    ]
    assert len(lines) == 9
    assert {each["service"] for each in lines} == {"tested"}
    assert [each["level"] for each in lines] == [*["info"] * 6, "warning", "error", "error"]
    assert all(each["timestamp"].endswith("Z") for each in lines)


def test_no_line_shows_a_secret_whatever_carries_it() -> None:
    text = logged()

    assert "sec@ret" not in text
    assert "sec%40ret" not in text
    assert 'le\\"ft' not in text
    assert text.count("rtsp://***@cam/1") >= 7
    assert "redis://***@queue:6379/0" in text
    lines = {each["event"]: each for each in map(json.loads, text.splitlines())}
    assert lines["nested"]["deep"] == {
        "list": ["rtsp://***@cam/1", ["x", "rtsp://***@cam/1"]],
        "number": 7,
    }
    assert lines["as_traceback"]["exception"].endswith("OSError: cannot open rtsp://***@cam/1")
    assert lines["token"]["path"] == "/get_stream/7?token=***"


def test_a_terminal_is_shown_no_secret_either() -> None:
    text = logged(on_terminal=True)

    assert "as_traceback" in text
    assert "too_quiet" not in text
    assert "sec@ret" not in text
    assert 'le"ft' not in text
    assert "sec%40ret" not in text


UNCAUGHT = """
import threading
from vigil.log import configure_logging

configure_logging("tested", "INFO")

def fail():
    raise RuntimeError("cannot open rtsp://admin:sec@ret@cam/1")

thread = threading.Thread(target=fail, name="camera-7")
thread.start()
thread.join()
fail()
"""


def test_what_ends_a_thread_or_the_process_is_a_line_like_any_other() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    of_thread, of_process = map(json.loads, done.stderr.splitlines())
    assert (of_thread["event"], of_thread["thread"]) == ("thread_crashed", "camera-7")
    assert of_process["event"] == "crashed"
    for each in (of_thread, of_process):
        assert each["level"] == "error"
        assert each["exception"].endswith("RuntimeError: cannot open rtsp://***@cam/1")
