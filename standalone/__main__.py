"""``vigil run``: the single machine. What it is made of is named here and in ``standalone.run``."""

import argparse
from collections.abc import Sequence
from functools import partial

from standalone.run import run
from standalone.services import services
from standalone.settings import RunSettings
from vigil.clock import SystemClock
from vigil.log import configure_logging
from vigil.runtime import stop_on_signals
from vigil.settings import load


def main(arguments: Sequence[str] = ()) -> int:
    """Run everything on this machine until it is stopped; return the exit status."""
    _parser().parse_args(arguments)
    settings = load(RunSettings)
    configure_logging("run", "WARNING")
    run(
        settings,
        services=services,
        clock=SystemClock(),
        stop=stop_on_signals(),
        # A pipe's reader shall see each line when it is said.
        tell=partial(print, flush=True),
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="vigil run",
        description="Run everything on this machine. Settings come from the environment and .env; "
        ".env.example names them.",
    )
