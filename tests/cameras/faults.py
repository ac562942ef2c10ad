"""What can go wrong with a camera, and the listener that makes it so."""

import asyncio
import contextlib
import random
from enum import StrEnum
from typing import Protocol

#: Seconds for which a flapping camera is there, and away.
FLAP_S = 1.0
#: What a packet must lose to be lost: one in this many is.
DROP_ONE_IN = 5
_BABBLE = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"


class Fault(StrEnum):
    """How a camera misbehaves, until it is told otherwise."""

    NONE = "none"
    #: No packet comes any more, but connections stand and requests are answered.
    FREEZE = "freeze"
    #: One packet of five is lost.
    DROP = "drop"
    #: Well-framed packets, whose payload is random bytes.
    GARBAGE = "garbage"
    #: Connections are accepted, and nothing is ever answered; those that were there freeze.
    SILENT = "silent"
    #: It answers, but as another kind of server.
    BABBLE = "babble"
    #: Nobody listens.
    REFUSE = "refuse"
    #: There for a second, away for a second.
    FLAP = "flap"
    #: Somebody changed the password.
    DENY = "deny"
    #: All connections end at once; new ones are served.
    CLOSE = "close"


class StandIn(Protocol):
    """A camera whose connections a listener hands on."""

    async def serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection until it ends."""
        ...

    def drop_clients(self) -> None:
        """Close all connections at once."""
        ...

    def misbehave(self, fault: Fault) -> None:
        """Take up what is the camera's own part of a fault."""
        ...


class FaultyListener:
    """Listens for a camera, or does not, as its fault says.

    Args:
        camera: Who serves the clients.
        port: 0 takes any free one, and keeps it.
    """

    def __init__(self, camera: StandIn, *, port: int) -> None:
        self._camera = camera
        self._fault = Fault.NONE
        self._server: asyncio.Server | None = None
        self._flapping: asyncio.Task[None] | None = None
        self._held: set[asyncio.StreamWriter] = set()
        self.port = port

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def switch(self, fault: Fault) -> None:
        """Make an end of one fault, and a beginning of the next."""
        if self._flapping is not None:
            self._flapping.cancel()
            self._flapping = None
        self._fault = fault
        self._camera.misbehave(fault)
        if fault in {Fault.CLOSE, Fault.REFUSE, Fault.DENY, Fault.BABBLE, Fault.FLAP}:
            self._close_connections()
        if fault is Fault.REFUSE:
            self._stop_listening()
        elif self._server is None:
            await self.open()
        if fault is Fault.FLAP:
            self._flapping = asyncio.create_task(self._flap())
        if fault is not Fault.SILENT:
            self._close_held()

    async def _flap(self) -> None:
        while True:
            self._stop_listening()
            self._close_connections()
            await asyncio.sleep(FLAP_S)
            await self.open()
            await asyncio.sleep(FLAP_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is Fault.SILENT:
            self._held.add(writer)
            with contextlib.suppress(ConnectionError):
                while await reader.read(4096):
                    pass
            writer.close()
        elif self._fault is Fault.BABBLE:
            writer.write(_BABBLE + random.Random(1).randbytes(4096))
            writer.close()
        else:
            await self._camera.serve_client(reader, writer)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _close_connections(self) -> None:
        self._camera.drop_clients()
        self._close_held()

    def _close_held(self) -> None:
        for writer in self._held:
            writer.transport.abort()
        self._held.clear()
