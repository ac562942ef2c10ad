"""How long a serving process waits for PostgreSQL: a server that is silent is away.

libpq waits for ever for a server whose machine answers and whose process does not, as when its
disk hangs. Statement timeouts are the server's own, and then do not help.
"""

import select

import psycopg2
from psycopg2 import extensions

from vigil.clock import Clock

#: Seconds beyond the time after which PostgreSQL itself ends a statement.
_MARGIN_S = 2.0


def bound_waits(*, connect_s: float, statement_s: float, clock: Clock) -> None:
    """Give every connection of this process a limit, from now on. Not for migrations.

    Args:
        connect_s: How long to wait for a connection.
        statement_s: After which PostgreSQL ends a statement; it gets a little longer to say so.
        clock: For both.
    """

    def wait(connection: extensions.connection) -> None:
        is_connecting = connection.status == extensions.STATUS_SETUP
        limit_s = connect_s if is_connecting else statement_s + _MARGIN_S
        deadline_s = clock.monotonic_s() + limit_s
        while (state := connection.poll()) != extensions.POLL_OK:
            # Not select(): it takes no descriptor beyond 1023, and each viewer has one.
            poller = select.poll()
            wanted = select.POLLIN if state == extensions.POLL_READ else select.POLLOUT
            poller.register(connection.fileno(), wanted)
            left_s = deadline_s - clock.monotonic_s()
            if left_s <= 0 or not poller.poll(left_s * 1000):
                raise psycopg2.OperationalError(f"no answer in {limit_s:.0f} s")

    extensions.set_wait_callback(wait)
