"""``vigil run`` with small services in place of the real ones, and with PostgreSQL. A script."""

import sys
from functools import partial
from pathlib import Path

from standalone.processes import services as children
from standalone.run import run
from standalone.settings import RunSettings
from vigil.clock import SystemClock
from vigil.errors import SetupInvalid
from vigil.runtime import stop_on_signals
from vigil.settings import load

SERVICE = str(Path(__file__).with_name("small_service.py"))


def services(*, ports: tuple[int, ...], demo_port: int | None) -> list[children.Service]:
    """Return one that does not listen to anybody, and one in the place of web."""
    assert demo_port != ports[0]
    web = [part for port in ports for part in ("--port", str(port))]
    return [
        children.Service(name="deaf", argv=(sys.executable, SERVICE, "--deaf", "--child")),
        children.Service(name="web", argv=(sys.executable, SERVICE, "--child", *web)),
    ]


def main() -> int:
    """Run until stopped; say what is wrong as the console script does."""
    # The one that is deaf shall not hold up the tests.
    children.STOP_GRACE_S = 1.5
    try:
        run(
            load(RunSettings),
            services=services,
            clock=SystemClock(),
            stop=stop_on_signals(),
            tell=partial(print, flush=True),
        )
    except SetupInvalid as error:
        sys.stdout.write(f"refused: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
