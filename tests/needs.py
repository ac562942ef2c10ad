"""The marker ``needs``: what a test takes that no wheel gives.

``@pytest.mark.needs("ffmpeg")`` skips the test where there is no ffmpeg, and says so at the end of
the run. Where the environment's VIGIL_TEST_REQUIRE names the need, its lack is a failure: a machine
that was set up for the test must not skip it. Names are set apart by commas or spaces.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from bench import ultralytics_env
from tests.programs import SYSTEM_PYTHON

REQUIRE = "VIGIL_TEST_REQUIRE"
DATA_DIR = "VIGIL_DATA_DIR"
#: Debian's folder of the oldest PostgreSQL that we promise to work with.
POSTGRESQL_15 = Path("/usr/lib/postgresql/15/bin")
#: Debian's font with Hebrew, Arabic and more.
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
_PROPERTY = "needs"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a test takes.

    Attributes:
        is_met: Tells whether it is here.
        remedy: What somebody would do to have it.
    """

    is_met: Callable[[], bool]
    remedy: str


def _on_path(*programs: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(program) for program in programs)


def _has_gst_rtsp_server() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    probe = (
        "import gi;"
        "[gi.require_version(name, '1.0') for name in ('GstRtspServer', 'GstApp')];"
        "from gi.repository import Gst, GstApp, GstRtspServer; Gst.init(None);"
        "names = ('appsrc', 'h264parse', 'h265parse', 'rtph264pay', 'rtph265pay');"
        "raise SystemExit(not all(map(Gst.ElementFactory.find, names)))"
    )
    done = subprocess.run([SYSTEM_PYTHON, "-c", probe], check=False, capture_output=True)
    return done.returncode == 0


def _may_make_networks() -> bool:
    if not _on_path("unshare", "ip")():
        return False
    probe = ["unshare", "--net", "ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def _may_mount() -> bool:
    if not _on_path("unshare", "mount")():
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def _has_data() -> bool:
    folder = os.environ.get(DATA_DIR)
    return bool(folder) and Path(folder or "").is_dir()


NEEDS = {
    "chromium": Need(_on_path("chromium"), "apt install chromium"),
    "data": Need(_has_data, f"{DATA_DIR}: the folder of shared models and clips"),
    "dejavu": Need(DEJAVU.is_file, "apt install fonts-dejavu-core"),
    # By its script alone: what docker talks to otherwise is somebody's own.
    "docker": Need(
        lambda: os.environ.get("VIGIL_TEST_ENGINE") == "1",
        "tests/containers/run.sh, as root on Debian",
    ),
    "ffmpeg": Need(_on_path("ffmpeg", "ffprobe"), "apt install ffmpeg"),
    "gst-rtsp-server": Need(
        _has_gst_rtsp_server,
        "apt install python3-gi gir1.2-gst-rtsp-server-1.0 gir1.2-gst-plugins-base-1.0 "
        "gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad",
    ),
    "network-namespace": Need(
        _may_make_networks, "root, or a container that may: --cap-add SYS_ADMIN,NET_ADMIN"
    ),
    "nginx": Need(_on_path("nginx"), "apt install nginx"),
    "postgresql-15": Need(POSTGRESQL_15.is_dir, "apt install postgresql-15"),
    "tmpfs": Need(_may_mount, "root, or a container that may: --cap-add SYS_ADMIN"),
    "ultralytics": Need(
        lambda: ultralytics_env.found() is not None,
        "make bench ROW=frame-to-boxes: it makes an environment with Ultralytics",
    ),
}


@cache
def _is_met(name: str) -> bool:
    return NEEDS[name].is_met()


def required() -> frozenset[str]:
    """Return the needs that must be met on this machine.

    Raises:
        pytest.UsageError: One of them is no need of ours.
    """
    names = frozenset(os.environ.get(REQUIRE, "").replace(",", " ").split())
    if unknown := names - NEEDS.keys():
        raise pytest.UsageError(f"{REQUIRE}: no need is named {', '.join(sorted(unknown))}")
    return names


def pytest_configure() -> None:
    """Refuse a wrong VIGIL_TEST_REQUIRE before anything runs."""
    required()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose needs are not met, before its fixtures start anything."""
    names = [name for marker in item.iter_markers("needs") for name in marker.args]
    for name in names:
        if name not in NEEDS:
            pytest.fail(f"no need is named {name!r}; tests/needs.py lists them", pytrace=False)
        if _is_met(name):
            continue
        reason = f"needs {name}: {NEEDS[name].remedy}"
        if name in required():
            pytest.fail(f"{reason} ({REQUIRE} names it)", pytrace=False)
        item.user_properties.append((_PROPERTY, name))
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was skipped, and what would let it run."""
    rows = _skipped(terminalreporter.stats.get("skipped", []))
    if not rows:
        return
    terminalreporter.section("skipped, and what each would need")
    width = max(len(name) for name, _, _ in rows)
    for name, count, remedy in rows:
        terminalreporter.write_line(f"{name:<{width}}  {count:>4}  {remedy}")


def _skipped(reports: list[pytest.TestReport]) -> list[tuple[str, int, str]]:
    """Return name, number of tests and remedy of each need; skips for other reasons come last."""
    by_need: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    for report in reports:
        need = dict(report.user_properties).get(_PROPERTY)
        if isinstance(need, str):
            by_need[need] += 1
        else:
            longrepr = report.longrepr
            text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
            by_reason[text.removeprefix("Skipped: ")] += 1
    needs = [(name, count, NEEDS[name].remedy) for name, count in sorted(by_need.items())]
    return needs + [("-", count, reason) for reason, count in sorted(by_reason.items())]
