"""How the server has its connections."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gevent

from web.server import WebServer


def _answer(_: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("204 No Content", [])
    return []


def _of_an_accepted_connection(level: int, option: int) -> int:
    """Return an option of a connection that somebody made to a server."""
    server = WebServer(_answer, host="127.0.0.1", ports=[0])
    listener = server._servers[0].socket
    try:
        with socket.create_connection(listener.getsockname(), timeout=10):
            accepted, _ = listener.accept()
            with accepted:
                value: int = accepted.getsockopt(level, option)
                return value
    finally:
        listener.close()
        gevent.get_hub().destroy(destroy_loop=True)


def test_the_second_part_of_an_answer_does_not_wait_for_word_of_the_first() -> None:
    # Callers hold that word back for 40 ms, on a connection that is kept.
    with ThreadPoolExecutor(1) as pool:
        # In a thread of its own, since a hub is a thread's own.
        option = pool.submit(_of_an_accepted_connection, socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert option.result(timeout=30) == 1
