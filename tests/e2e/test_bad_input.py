"""Bad input through the real server: a clear 4xx each, and a running stream that goes on."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cameras import rtsp_camera
from tests.e2e.client import PASSWORD, TIMEOUT_S
from tests.e2e.hostile import AMBIGUOUS, BEGUN, NO_REQUESTS, PASSWD, SMUGGLED
from tests.e2e.machine import Machine
from tests.e2e.raw_http import RawHttp, RawReply, ask, request
from tests.e2e.viewing import Viewer
from tests.waiting import wait_until

#: A busy machine takes its time to start what a test begins with.
pytestmark = pytest.mark.timeout(300)

MIB = 1024 * 1024
#: A stream that nothing disturbs has no longer gap between two frames, on a busy machine.
UNDISTURBED_S = 3.0
#: What a caller that dawdles has for a line, for the headers, for a body; and a margin.
DAWDLE_S = 3 * 10.0 + 10.0
#: What no bad request may cost web.
MEMORY_BYTES = 60 * MIB


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine without recognisers: nothing here is recognised."""
    folder = tmp_path_factory.mktemp("machine")
    with Machine(folder, services=("web", "ingest")) as it:
        it.admin.register("admin")
        yield it
        assert it.leaks(PASSWORD) == []


@pytest.fixture(scope="module")
def stream(machine: Machine, small_clip: Path) -> Iterator[Viewer]:
    """Give a viewer whose stream runs through all of this."""
    with ExitStack() as running:
        camera = running.enter_context(rtsp_camera(small_clip))
        camera_id = machine.admin.add_camera("Door", camera.url)
        wait_until(lambda: machine.admin.is_active(camera_id), timeout_s=40)
        assert camera_id == 1
        viewer = running.enter_context(Viewer(machine.admin, f"/get_stream/{camera_id}"))
        viewer.wait_for_frame()
        yield viewer


@pytest.fixture(autouse=True)
def goes_on(stream: Viewer) -> Iterator[None]:
    """Hold every test to this: the stream that ran before runs after, with no gap."""
    begun_s = time.monotonic()
    yield
    assert not stream.has_ended
    assert stream.longest_gap_s(since_s=begun_s) < UNDISTURBED_S


def authorized(
    machine: Machine, method: str, target: str, *headers: str, body: bytes = b""
) -> bytes:
    bearer = f"Authorization: Bearer {machine.admin.access_token}"
    return request(method, target, bearer, *headers, body=body)


def assert_in_words(reply: RawReply, status: int) -> None:
    """It is the one shape of errors."""
    assert reply.status == status, reply
    assert b'"message"' in reply.body
    assert f'"code": {status}'.encode() in reply.body or f'"code":{status}'.encode() in reply.body


# --- Bodies.


def big_body(machine: Machine, *headers: str) -> tuple[RawReply, int]:
    """Send 100 MB in pieces for as long as the server takes them; return its answer, and sent."""
    piece = b"x" * MIB
    chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    is_chunked = any("chunked" in header for header in headers)
    sent = 0
    with RawHttp(machine.port) as connection:
        connection.say(
            authorized(machine, "POST", "/cameras", "Content-Type: application/json", *headers)
        )
        # Cut off: the server has answered and goes.
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.say(chunk if is_chunked else piece)
                sent += 1
            connection.say(b"0\r\n\r\n" if is_chunked else b"")
        return connection.reply(), sent


@pytest.mark.parametrize(
    "header",
    [f"Content-Length: {100 * MIB}", "Transfer-Encoding: chunked"],
    ids=["plain", "chunked"],
)
def test_a_body_of_100_mb_is_refused_and_not_kept(machine: Machine, header: str) -> None:
    before = machine.memory_bytes("web")
    reply, _ = big_body(machine, header)
    assert_in_words(reply, 413)
    assert machine.memory_bytes("web") - before < MEMORY_BYTES


@pytest.mark.parametrize(
    "length", ["-1", "1e3", "0x10", "+5", "5, 6", "5 5", "", "9" * 400, "\u0663"]
)
def test_a_length_that_is_none_is_refused(machine: Machine, length: str) -> None:
    head = request("POST", "/login", "Content-Type: application/json")
    lying = head[:-2] + f"Content-Length: {length}\r\n\r\n".encode() + b'{"a": 1}'
    assert ask(machine.port, lying).status in {400, 413}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b"\xff\xfe\x00",
        b'{"name": "a", "name"',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b"NaN",
        b"Infinity",
        b'"text"',
        b"[]",
        b"null",
        b"5",
        b'{"username": 5, "password": []}',
        b'{"username": "\\ud800", "password": "x"}',
        b'{"username": "a\\u0000b", "password": "x"}',
        b"1" * 5000,
    ],
)
def test_json_that_is_none_or_not_what_is_asked_for(machine: Machine, body: bytes) -> None:
    reply = ask(
        machine.port,
        request(
            "POST",
            "/login",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            body=body,
        ),
    )
    assert reply.status in {400, 401, 422}, reply
    assert b'"message"' in reply.body


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_kind_is_no_json(machine: Machine, kind: str) -> None:
    body = b'{"username": "admin", "password": "x"}'
    reply = ask(
        machine.port,
        request(
            "POST", "/login", f"Content-Type: {kind}", f"Content-Length: {len(body)}", body=body
        ),
    )
    assert reply.status in {400, 415, 422}, reply
    assert b'"message"' in reply.body


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "-0.5", '"NaN"', "null", "[]"]
)
def test_a_rectangle_that_is_no_place_is_refused(machine: Machine, number: str) -> None:
    body = f'[{{"x": {number}, "y": 0, "width": 10, "height": 10}}]'.encode()
    reply = ask(
        machine.port,
        authorized(
            machine,
            "POST",
            "/rectangles/1",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            body=body,
        ),
    )
    assert_in_words(reply, 422)
    assert machine.admin.get("/rectangles/1").json == []


@pytest.mark.parametrize(
    "camera_id", ["2", "0", "-1", "1.5", "x", "9" * 30, "1%00", "1%3B2", "%EF%BC%91"]
)
@pytest.mark.parametrize(
    "path", ["cameras", "get_snapshot", "get_stream", "recognized_stream", "rectangles"]
)
def test_an_unknown_camera_is_not_found(machine: Machine, path: str, camera_id: str) -> None:
    reply = ask(machine.port, authorized(machine, "GET", f"/{path}/{camera_id}"))
    assert_in_words(reply, 404)


# --- Paths.


@pytest.mark.parametrize("target", PASSWD)
def test_no_path_leads_to_a_file_of_the_machine(machine: Machine, target: str) -> None:
    reply = ask(machine.port, authorized(machine, "GET", target))
    assert 400 <= reply.status < 500, reply
    assert b"root:" not in reply.body
    assert b"class WebSettings" not in reply.body


def test_a_path_with_a_nul_byte_is_refused(machine: Machine) -> None:
    reply = ask(machine.port, authorized(machine, "GET", "/image/a\x00/etc/passwd"))
    assert 400 <= reply.status < 500, reply


# --- Requests.


@pytest.mark.parametrize("raw", NO_REQUESTS.values(), ids=NO_REQUESTS)
def test_what_is_no_request_gets_a_4xx(machine: Machine, raw: bytes) -> None:
    reply = ask(machine.port, raw)
    assert 400 <= reply.status < 500, reply


def test_what_is_no_request_is_not_logged(machine: Machine) -> None:
    signed = machine.admin.sign("/get_stream/1")
    for raw in (
        request("GET", signed, version="HTTP/9.9"),
        request("GET", f"{signed} {signed}"),
        request("GET", f"{signed}{'x' * 10_000}"),
        request("GET", signed, f"Bad : {signed}"),
    ):
        assert 400 <= ask(machine.port, raw).status < 500
    assert machine.leaks() == []


@pytest.mark.parametrize("headers", AMBIGUOUS, ids=str)
def test_a_request_that_two_servers_read_differently_is_refused(
    machine: Machine, headers: list[str]
) -> None:
    lines = ["POST /login HTTP/1.1", "Host: localhost", *headers, "", ""]
    with RawHttp(machine.port) as connection:
        connection.say("\r\n".join(lines).encode("latin-1") + b"0\r\n\r\n" + SMUGGLED)
        first = connection.reply()
        assert first.status in {400, 501}, first
        # And what was hidden behind it is never taken for a request.
        second = connection.reply()
    assert second.status == 0, second


def test_two_requests_in_a_row_are_two(machine: Machine) -> None:
    with RawHttp(machine.port) as connection:
        connection.say(SMUGGLED + SMUGGLED)
        assert [connection.reply().status, connection.reply().status] == [200, 200]


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"-5\r\nabc", b"5\r\nabcdefg\r\n", b"\r\n"])
def test_a_chunk_that_is_none_is_refused(machine: Machine, chunk: bytes) -> None:
    head = request("POST", "/login", "Transfer-Encoding: chunked", "Content-Type: application/json")
    assert ask(machine.port, head + chunk + b"0\r\n\r\n").status == 400


def test_an_old_client_is_answered(machine: Machine) -> None:
    reply = ask(machine.port, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert reply.status == 200
    reply = ask(machine.port, b"GET /cameras HTTP/1.0\r\n\r\n")
    assert_in_words(reply, 401)


@pytest.mark.parametrize("target", ["/get_stream/1", "/cameras", "/nowhere"])
def test_an_upgrade_is_not_taken_up(machine: Machine, target: str) -> None:
    raw = request(
        "GET",
        target,
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ).replace(b"Connection: close", b"Connection: Upgrade, close")
    reply = ask(machine.port, raw)
    assert reply.status in {401, 404}, reply


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW"])
def test_a_stream_is_only_to_be_got(machine: Machine, method: str) -> None:
    reply = ask(machine.port, authorized(machine, method, "/get_stream/1"))
    assert_in_words(reply, 405)


def test_options_say_what_is_allowed(machine: Machine) -> None:
    reply = ask(machine.port, request("OPTIONS", "/get_stream/1"))
    assert reply.status == 200
    assert {"GET", "HEAD", "OPTIONS"} == {
        word.strip()
        for line in reply.head.split("\r\n")
        if line.startswith("Allow:")
        for word in line[6:].split(",")
    }


@pytest.mark.parametrize("path", ["/get_stream/1", "/recognized_stream/1", "/get_snapshot/1"])
def test_head_of_a_picture_has_no_body(machine: Machine, path: str) -> None:
    with RawHttp(machine.port) as connection:
        connection.say(authorized(machine, "HEAD", path))
        reply = connection.reply()
    assert reply.status == 200
    assert reply.body == b""


# --- Callers that dawdle.


def test_who_dawdles_is_let_go_and_holds_up_nobody(machine: Machine) -> None:
    # Given callers who say no more, and many who say a byte now and then
    silent = [RawHttp(machine.port) for _ in BEGUN]
    slow = [RawHttp(machine.port) for _ in range(60)]
    stop = threading.Event()

    def drip() -> None:
        for number, connection in enumerate(slow):
            head = BEGUN[number % len(BEGUN)]
            connection.say(head)
        while not stop.wait(1.0):
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.say(b"x")

    with ExitStack() as held:
        for connection in (*silent, *slow):
            held.callback(connection.close)
        for connection, head in zip(silent, BEGUN, strict=True):
            connection.say(head)
        dripping = threading.Thread(target=drip)
        held.callback(dripping.join, TIMEOUT_S)
        held.callback(stop.set)
        dripping.start()

        # When others call meanwhile, they are answered
        assert machine.admin.get("/cameras").status == 200

        # Then each of the slow is gone in the end
        deadline_s = time.monotonic() + DAWDLE_S
        for connection in (*silent, *slow):
            assert connection.is_closed(within_s=deadline_s - time.monotonic())
        assert machine.admin.get("/cameras").status == 200


def test_a_log_in_with_the_wrong_pair_stays_out(machine: Machine) -> None:
    answer = machine.admin.post("/login", {"username": "admin", "password": PASSWORD + "x"})
    assert answer.status == 401
