"""Bodies that no route takes: each is refused in words, and none is our fault."""

import pytest

from tests.web.worlds import World

ROUTES = (
    ("POST", "/register"),
    ("POST", "/login"),
    ("POST", "/token/refresh"),
    ("POST", "/me/password"),
    ("POST", "/invitations"),
    ("POST", "/stream_tokens"),
    ("POST", "/cameras"),
    ("PATCH", "/cameras/{camera_id}"),
    ("POST", "/rectangles/{camera_id}"),
    ("POST", "/time_intervals/{camera_id}"),
    ("POST", "/notifications"),
    ("POST", "/line_tokens"),
    ("POST", "/email_recipients"),
)
#: What is sent, and what may come of it.
BODIES = {
    b"{": {400},
    b"\xff\xfe": {400},
    b"{}garbage": {400},
    b"nul\x00": {400},
    b'{"a":' * 50_000: {400},
    b'{"x": ' + b"9" * 5000 + b"}": {400},
    b'{"x": NaN}': {422},
    b"[]": {422, 200},
    b"[1]": {422},
    b"null": {422},
    b"true": {422},
    b"7": {422},
    b'"text"': {422},
    b'{"\\u0000": "\\ud800"}': {422},
    b'{"__proto__": 1, "constructor": 2}': {422},
    b" " * 1_048_577: {413},
}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_body_that_the_route_does_not_take_is_refused_in_words(
    world: World, method: str, path: str
) -> None:
    target = path.format(camera_id=world.camera())
    got = {}
    for body in BODIES:
        answer = world.admin().call(method, target, data=body, content_type="application/json")
        got[body[:20]] = answer.status_code
        if answer.status_code != 200:
            assert answer.json["code"] == answer.status_code
            assert answer.json["message"]

    allowed = {body[:20]: statuses for body, statuses in BODIES.items()}
    assert {body: status for body, status in got.items() if status not in allowed[body]} == {}
