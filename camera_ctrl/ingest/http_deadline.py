"""HTTP connections on which nobody is waited for beyond a deadline.

httpx bounds each read; who sends a byte now and then would be waited for without end.
"""

import math
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx
from typing_extensions import override

from vigil.clock import Clock

#: Seconds for which a connection is kept for the next question, as httpx has it: a camera may
#: close one that is older just when it is used.
KEEP_ALIVE_S = 5.0


class Deadline:
    """Until when something must have come; never, until it is set. One thread's own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due_s = math.inf

    def set(self, within_s: float) -> None:
        """Begin anew: it must have come within so many seconds from now."""
        self._due_s = self._clock.monotonic_s() + within_s

    @property
    def is_past(self) -> bool:
        """Whether it is too late."""
        return self._clock.monotonic_s() >= self._due_s

    def bound(self, timeout_s: float | None) -> float | None:
        """Return how long one step may take, which may take timeout_s (None: any time) itself.

        Raises:
            httpcore.ReadTimeout: It is too late.
        """
        left_s = self._due_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise httpcore.ReadTimeout("nothing whole came in time")
        bound_s = left_s if timeout_s is None else min(left_s, timeout_s)
        return None if math.isinf(bound_s) else bound_s


class DeadlineTransport(httpx.HTTPTransport):
    """Connects and speaks as httpx does, and gives up at a deadline.

    Takes any certificate: cameras sign their own, and FFmpeg does not ask for better ones either.
    """

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(verify=False, trust_env=False)
        # httpx has no argument for what reads and writes; its pool has.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=False, trust_env=False),
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=_Network(deadline),
        )


class _Network(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        bound_s = self._deadline.bound(timeout)
        stream = super().connect_tcp(host, port, bound_s, local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.bound(timeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.bound(timeout))

    @override
    def close(self) -> None:
        self._stream.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        bound_s = self._deadline.bound(timeout)
        return _Stream(
            self._stream.start_tls(ssl_context, server_hostname, bound_s), self._deadline
        )

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
