"""RTSP/1.0 on the wire, by RFC 2326: requests in, answers out, the Transport header."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from vigil.errors import MessageInvalid

#: A request's head may be as long as this; a body, which no method of ours needs, likewise.
MAX_REQUEST_BYTES = 64 * 1024
_INTERLEAVED = 0x24
_REQUEST_LINE = re.compile(r"(?P<method>[A-Z_]+) (?P<url>\S+) RTSP/1\.\d")
_PORTS = re.compile(r"(?P<first>\d{1,5})(?:-(?P<second>\d{1,5}))?")

#: The statuses that HTTP does not have.
STATUS_SESSION_NOT_FOUND = (454, "Session Not Found")
STATUS_WRONG_STATE = (455, "Method Not Valid in This State")
STATUS_UNSUPPORTED_TRANSPORT = (461, "Unsupported Transport")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the camera answers."""

    status: tuple[int, str] = (HTTPStatus.OK.value, HTTPStatus.OK.phrase)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @classmethod
    def of(cls, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> "Answer":
        """Return an answer without a body, of a status that HTTP has too."""
        return cls((status.value, status.phrase), headers or {})

    def encoded(self, cseq: str) -> bytes:
        """Return the answer to the request with this CSeq, as sent."""
        code, phrase = self.status
        lines = [f"RTSP/1.0 {code} {phrase}", f"CSeq: {cseq}", "Server: Vigil demo camera"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body.encode())}")
        return "\r\n".join([*lines, "", self.body]).encode()


@dataclass(frozen=True, slots=True)
class Interleaved:
    """RTP within the RTSP connection: the channels of RTP and RTCP."""

    rtp: int
    rtcp: int


@dataclass(frozen=True, slots=True)
class ClientPorts:
    """RTP over UDP: the client's ports for RTP and RTCP."""

    rtp: int
    rtcp: int


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Return the next request; RTCP of the client that comes between is passed over.

    Raises:
        asyncio.IncompleteReadError: The client closed the connection.
        MessageInvalid: What came is no RTSP.
    """
    first = await reader.readexactly(1)
    while first[0] == _INTERLEAVED:
        frame = await reader.readexactly(3)
        await reader.readexactly(int.from_bytes(frame[1:]))
        first = await reader.readexactly(1)
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise MessageInvalid("the head of the request is too long") from error
    request = parse_head(head)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_REQUEST_BYTES:
        raise MessageInvalid("Content-Length is out of bounds")
    await reader.readexactly(int(length))
    return request


def parse_head(head: bytes) -> Request:
    """Return the request that a head, up to its blank line, says.

    Raises:
        MessageInvalid: It is no RTSP.
    """
    first, *lines = head.decode("utf-8", "replace").strip().split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None:
        raise MessageInvalid("the first line is no RTSP request")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise MessageInvalid("a header has no colon")
        headers[name.strip().lower()] = value.strip()
    return Request(request["method"], request["url"], headers)


def parse_transport(header: str, *, default_channel: int) -> Interleaved | ClientPorts | None:
    """Return the first way of those in a Transport header that the camera can send.

    Args:
        header: Such as ``RTP/AVP/TCP;unicast;interleaved=0-1``, several set apart by commas.
        default_channel: For a client that wants interleaving and names no channel.
    """
    for way in header.split(","):
        profile, *rest = (part.strip() for part in way.split(";"))
        parameters = dict(part.partition("=")[::2] for part in rest)
        if "multicast" in parameters:
            continue
        if profile.upper() == "RTP/AVP/TCP":
            channels = _pair(parameters.get("interleaved", str(default_channel)), limit=255)
            if channels is not None:
                return Interleaved(*channels)
        elif profile.upper() in {"RTP/AVP", "RTP/AVP/UDP"}:
            ports = _pair(parameters.get("client_port", ""), limit=65_535)
            if ports is not None and ports[0] > 0:
                return ClientPorts(*ports)
    return None


def _pair(text: str, *, limit: int) -> tuple[int, int] | None:
    """Return ``4-5`` as its two numbers; ``4`` alone is 4 and 5."""
    match = _PORTS.fullmatch(text)
    if match is None:
        return None
    first = int(match["first"])
    second = int(match["second"] or first + 1)
    return (first, second) if first <= limit and second <= limit else None
