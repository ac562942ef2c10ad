"""The camera: takes clients, and plays its programme to everybody who may watch."""

import asyncio
import socket
import struct

import structlog

from standalone.demo.rtsp.auth import Credentials
from standalone.demo.rtsp.conversation import Conversation
from standalone.demo.rtsp.media import Media
from standalone.demo.rtsp.messages import MAX_REQUEST_BYTES
from standalone.demo.rtsp.outlet import MAX_UNSENT_BYTES, ClientTooSlow, Outlet
from standalone.demo.rtsp.player import Programme
from vigil.clock import Clock, SystemClock
from vigil.errors import MessageInvalid, Unavailable

log = structlog.get_logger(__name__)

MAX_CLIENTS = 64


class RtspCamera:
    """One camera with one programme, for many clients.

    Args:
        media: What it shows.
        credentials: Who may watch; None: everybody.
        from_start: Whether each client sees the file from its beginning; else all see the same.
        max_unsent_bytes: How much may wait for one client before it is dropped as too slow.
        clock: Paces the packets.
    """

    def __init__(
        self,
        media: Media,
        *,
        credentials: Credentials | None = None,
        from_start: bool = False,
        max_unsent_bytes: int = MAX_UNSENT_BYTES,
        clock: Clock | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.programme = Programme(media, clock=self.clock, from_start=from_start)
        self.credentials = credentials
        self.max_unsent_bytes = max_unsent_bytes
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self, *, host: str, port: int) -> asyncio.Server:
        """Return a server that takes clients; port 0 takes any free one."""
        return await asyncio.start_server(self.serve_client, host, port, limit=MAX_REQUEST_BYTES)

    async def serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection until it ends."""
        self._writers.add(writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                await Conversation(self, reader, writer, tasks).run()
        except* (ConnectionError, asyncio.IncompleteReadError):
            log.debug("client_left")
        except* TimeoutError:
            log.info("client_silent")
        except* MessageInvalid as refused:
            log.info("request_refused", reason=str(refused.exceptions[0]))
        except* ClientTooSlow:
            log.warning("client_dropped", reason="too slow")
            _reset(writer)
        except* Unavailable as away:
            log.warning("client_dropped", reason=str(away.exceptions[0]))
        finally:
            self._writers.discard(writer)
            writer.close()

    def drop_clients(self) -> None:
        """Close all connections at once."""
        for writer in self._writers:
            writer.transport.abort()

    def is_full(self) -> bool:
        """Return whether there is no room for the client that came last."""
        return len(self._writers) > MAX_CLIENTS

    def wrap_outlet(self, outlet: Outlet) -> Outlet:
        """Return what a client's packets go through: here, the outlet itself."""
        return outlet


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection whose peer does not read, without waiting for it to read the rest."""
    connection: socket.socket = writer.get_extra_info("socket")
    # With a linger of 0 s the system forgets at once what is unsent, and the peer gets a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
