"""Where a track's packets go: into the RTSP connection, or to a client's UDP ports."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Protocol

import structlog

from standalone.demo.rtsp.messages import ClientPorts, Interleaved
from standalone.demo.rtsp.rtp import interleaved
from vigil.errors import Unavailable

log = structlog.get_logger(__name__)

#: Bytes that may wait for one client. Who is further behind is dropped.
MAX_UNSENT_BYTES = 4 * 1024 * 1024
_PORT_TRIES = 20


class Outlet(Protocol):
    """Takes the packets of one track for one client. Never waits."""

    def send(self, packets: Sequence[bytes]) -> None:
        """Send the RTP packets of one unit."""
        ...

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class ClientTooSlow(Unavailable):
    """A client takes its packets slower than they come."""


class TcpOutlet:
    """Sends within the RTSP connection.

    Args:
        writer: Of the connection.
        channels: That the client asked for.
        max_unsent_bytes: The bound of what waits in this process for the client.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        channels: Interleaved,
        *,
        max_unsent_bytes: int = MAX_UNSENT_BYTES,
    ) -> None:
        self._writer = writer
        self._channels = channels
        self._max_unsent_bytes = max_unsent_bytes

    def send(self, packets: Sequence[bytes]) -> None:
        """Send the RTP packets of one unit.

        Raises:
            ClientTooSlow: Too much waits for the client already.
        """
        if self._writer.transport.get_write_buffer_size() > self._max_unsent_bytes:
            raise ClientTooSlow("the client does not read")
        # One write a unit: a system call for each packet would cost most of the time.
        self._writer.write(b"".join(interleaved(self._channels.rtp, one) for one in packets))

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        self._writer.write(interleaved(self._channels.rtcp, packet))

    def close(self) -> None:
        """Leave the connection to its owner."""


class UdpOutlet:
    """Sends from a pair of own ports to a pair of the client's.

    Args:
        local_host: The address that the client spoke to.
        client_host: Where to send.
        ports: That the client asked for.

    Raises:
        Unavailable: No pair of ports was free.
    """

    def __init__(self, *, local_host: str, client_host: str, ports: ClientPorts) -> None:
        self._media, self._control = _open_pair(local_host)
        self._media_address = (client_host, ports.rtp)
        self._control_address = (client_host, ports.rtcp)

    def local_ports(self) -> tuple[int, int]:
        """Return the ports that RTP and RTCP come from."""
        return self._media.getsockname()[1], self._control.getsockname()[1]

    def send(self, packets: Sequence[bytes]) -> None:
        """Send the RTP packets of one unit."""
        for packet in packets:
            _send(self._media, packet, self._media_address)

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        _send(self._control, packet, self._control_address)

    def close(self) -> None:
        """Give the ports back."""
        self._media.close()
        self._control.close()


def _send(port: socket.socket, packet: bytes, address: tuple[str, int]) -> None:
    try:
        port.sendto(packet, address)
    except BlockingIOError:
        # The system's buffer is full: on UDP such a packet is lost, and nobody waits.
        log.debug("udp_packet_lost", size_bytes=len(packet))


def _open_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Return two sockets on an even port and the next, as RTP wants them.

    What clients send to them is never read: the system drops what its buffer cannot hold.
    """
    for _ in range(_PORT_TRIES):
        media = _open_port(host, 0)
        first: int = media.getsockname()[1]
        if first % 2 == 0:
            try:
                return media, _open_port(host, first + 1)
            except OSError:
                log.debug("udp_port_taken", port=first + 1)
        media.close()
    raise Unavailable("no free pair of UDP ports")


def _open_port(host: str, number: int) -> socket.socket:
    port = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    port.setblocking(False)
    try:
        port.bind((host, number))
    except OSError:
        port.close()
        raise
    return port
