"""What one client and the camera say to each other, from OPTIONS to TEARDOWN."""

import asyncio
import re
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from standalone.demo.rtsp.auth import Credentials, Gate
from standalone.demo.rtsp.messages import (
    STATUS_SESSION_NOT_FOUND,
    STATUS_UNSUPPORTED_TRANSPORT,
    STATUS_WRONG_STATE,
    Answer,
    ClientPorts,
    Interleaved,
    Request,
    parse_transport,
    read_request,
)
from standalone.demo.rtsp.outlet import Outlet, TcpOutlet, UdpOutlet
from standalone.demo.rtsp.player import Player, Programme
from standalone.demo.rtsp.sdp import describe
from vigil.clock import Clock
from vigil.errors import MessageInvalid

log = structlog.get_logger(__name__)

#: The path of the camera's one stream.
PATH = "/street"
#: Seconds after which a client that says nothing is gone, unless it reads what we send it.
SESSION_TIMEOUT_S = 60
#: What a request may be about: the stream, or one of its tracks.
_RESOURCE = re.compile(rf"{PATH}(?:/track(?P<track>\d{{1,2}}))?/?")
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER"


class Watchable(Protocol):
    """What a conversation needs of its camera."""

    @property
    def programme(self) -> Programme:
        """What the camera shows."""
        ...

    @property
    def credentials(self) -> Credentials | None:
        """Who may watch; None: everybody."""
        ...

    @property
    def max_unsent_bytes(self) -> int:
        """How much may wait for one client."""
        ...

    @property
    def clock(self) -> Clock:
        """What paces the packets."""
        ...

    def is_full(self) -> bool:
        """Return whether there is no room for the client that came last."""
        ...

    def wrap_outlet(self, outlet: Outlet) -> Outlet:
        """Return an outlet with whatever stands between the player and a client."""
        ...


class Conversation:
    """One client's connection: its session, its tracks, its player.

    Args:
        camera: Whom it speaks with.
        reader, writer: Of the connection.
        tasks: Where the player runs; its failure ends the conversation.
    """

    def __init__(
        self,
        camera: Watchable,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._camera = camera
        self._reader = reader
        self._writer = writer
        self._tasks = tasks
        self._gate = Gate(camera.credentials)
        self._session = secrets.token_hex(8)
        self._outlets: dict[int, Outlet] = {}
        self._is_over_udp = False
        self._player: asyncio.Task[None] | None = None
        self._answers: dict[str, Callable[[Request], Answer]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "TEARDOWN": self._in_session,
            "GET_PARAMETER": self._in_session,
            "SET_PARAMETER": self._in_session,
        }

    async def run(self) -> None:
        """Answer requests until the client leaves, or is to be left.

        Raises:
            TimeoutError: The client said nothing for too long.
            MessageInvalid: The client speaks no RTSP.
        """
        try:
            while await self._turn():
                pass
        finally:
            if self._player is not None:
                self._player.cancel()
            for outlet in self._outlets.values():
                outlet.close()

    async def _turn(self) -> bool:
        """Answer one request; return False when it was the last."""
        # A client that plays over TCP proves itself by reading; all others must speak up.
        plays_tcp = self._player is not None and not self._is_over_udp
        async with asyncio.timeout(None if plays_tcp else SESSION_TIMEOUT_S):
            try:
                request = await read_request(self._reader)
            except MessageInvalid:
                self._writer.write(Answer.of(HTTPStatus.BAD_REQUEST).encoded("0"))
                raise
        answer = self._answer(request)
        # Written before the player's first turn: the answer to PLAY comes before the packets.
        self._writer.write(answer.encoded(request.headers.get("cseq", "0")))
        await self._writer.drain()
        return request.method != "TEARDOWN"

    def _answer(self, request: Request) -> Answer:
        if request.method == "OPTIONS":
            return Answer(headers={"Public": _METHODS})
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        return self._answers[request.method](request)

    def _refusal(self, request: Request) -> Answer | None:
        if self._camera.is_full():
            return Answer.of(HTTPStatus.SERVICE_UNAVAILABLE)
        if not self._gate.admits(request.method, request.headers.get("authorization", "")):
            challenge = {"WWW-Authenticate": self._gate.challenge()}
            return Answer.of(HTTPStatus.UNAUTHORIZED, challenge)
        if _RESOURCE.fullmatch(urlsplit(request.url).path) is None:
            return Answer.of(HTTPStatus.NOT_FOUND)
        if request.method not in self._answers:
            return Answer.of(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": _METHODS})
        return None

    def _describe(self, request: Request) -> Answer:
        headers = {
            "Content-Base": f"{request.url.rstrip('/')}/",
            "Content-Type": "application/sdp",
        }
        return Answer(headers=headers, body=describe(self._camera.programme.media))

    def _setup(self, request: Request) -> Answer:
        number = _track_number(request.url)
        if number is None or number >= len(self._camera.programme.media.tracks):
            return Answer.of(HTTPStatus.NOT_FOUND)
        if self._player is not None:
            return Answer(STATUS_WRONG_STATE)
        way = parse_transport(request.headers.get("transport", ""), default_channel=2 * number)
        if way is None:
            return Answer(STATUS_UNSUPPORTED_TRANSPORT)
        if number in self._outlets:
            self._outlets.pop(number).close()
        if isinstance(way, Interleaved):
            outlet: Outlet = TcpOutlet(
                self._writer, way, max_unsent_bytes=self._camera.max_unsent_bytes
            )
            transport = f"RTP/AVP/TCP;unicast;interleaved={way.rtp}-{way.rtcp}"
        else:
            outlet, transport = self._open_udp(way)
        self._outlets[number] = self._camera.wrap_outlet(outlet)
        session = f"{self._session};timeout={SESSION_TIMEOUT_S}"
        return Answer(headers={"Transport": transport, "Session": session})

    def _open_udp(self, ports: ClientPorts) -> tuple[UdpOutlet, str]:
        """Return an outlet to the client's ports, and the Transport header that tells of it."""
        self._is_over_udp = True
        outlet = UdpOutlet(
            local_host=self._writer.get_extra_info("sockname")[0],
            client_host=self._writer.get_extra_info("peername")[0],
            ports=ports,
        )
        first, second = outlet.local_ports()
        client = f"client_port={ports.rtp}-{ports.rtcp}"
        return outlet, f"RTP/AVP;unicast;{client};server_port={first}-{second}"

    def _play(self, request: Request) -> Answer:
        if not self._is_of_session(request):
            return Answer(STATUS_SESSION_NOT_FOUND)
        if not self._outlets:
            return Answer(STATUS_WRONG_STATE)
        headers = {"Session": self._session, "Range": "npt=now-"}
        if self._player is None:
            player = Player(
                programme=self._camera.programme, outlets=self._outlets, clock=self._camera.clock
            )
            headers["RTP-Info"] = player.rtp_info(request.url.rstrip("/"))
            self._player = self._tasks.create_task(player.play())
            log.info("client_plays", tracks=len(self._outlets), over_udp=self._is_over_udp)
        return Answer(headers=headers)

    def _in_session(self, request: Request) -> Answer:
        """Answer a sign of life, or a farewell."""
        if not self._is_of_session(request):
            return Answer(STATUS_SESSION_NOT_FOUND)
        return Answer(headers={"Session": self._session})

    def _is_of_session(self, request: Request) -> bool:
        return request.headers.get("session", "").partition(";")[0] == self._session


def _track_number(url: str) -> int | None:
    resource = _RESOURCE.fullmatch(urlsplit(url).path)
    return int(resource["track"]) if resource is not None and resource["track"] else None
