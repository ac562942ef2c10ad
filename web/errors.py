"""What keeps a request from being served, and the one table of which status says so.

VigilError
├── Unavailable
│   ├── DatabaseUnavailable   PostgreSQL does not answer, or not in time
│   └── NotNow                what is asked for is away, or too much is; `message` says what
└── Refused                   the request cannot be served as it was asked
    ├── Unauthenticated       nobody, or somebody who cannot prove it
    ├── Forbidden             somebody who may not do this
    ├── NotFound              no such thing, or none that the caller may see
    ├── Conflict              it contradicts what is there
    └── Invalid               it will never be right; `errors` says where

Each domain raises subclasses of these, beside its service.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as NothingHere

from vigil.errors import SetupInvalid, Unavailable, VigilError

log = structlog.get_logger(__name__)

#: Seconds after which a client may try again while something of ours is away.
RETRY_AFTER_S = 5


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer, or not in time."""


class NotNow(Unavailable):
    """It cannot be served just now. The message is for the client, and says why."""


class Refused(VigilError):
    """The request cannot be served as it was asked. The message is for the client."""


class Unauthenticated(Refused):
    """Nobody, or somebody who cannot prove it."""


class Forbidden(Refused):
    """Somebody who may not do this."""


class NotFound(Refused):
    """No such thing, or none that the caller may see: the two look the same."""


class Conflict(Refused):
    """It contradicts what is there."""


class Invalid(Refused):
    """It will never be right.

    Args:
        message: For people.
        errors: Field to what is wrong with it, for programs; of a list, place to that.
    """

    def __init__(self, message: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.errors = errors


STATUS_OF: dict[type[VigilError], HTTPStatus] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    # A server of ours refuses us, as with a wrong password: the operator's to mend, and said in
    # the log; for the caller it is away.
    SetupInvalid: HTTPStatus.SERVICE_UNAVAILABLE,
}


def install_error_handlers(app: Flask) -> None:
    """Answer every error in one shape: ``{code, status, message, errors?}``."""
    for error_class in STATUS_OF:
        app.register_error_handler(error_class, _handle_ours)
    app.register_error_handler(HTTPException, handle_http)


def handle_http(error: HTTPException) -> ResponseReturnValue:
    """Answer what Flask and webargs raise, and, as a 500, what nobody expected."""
    details: Mapping[str, Any] = getattr(error, "data", None) or {}
    errors = details.get("errors") or details.get("messages")
    message = details.get("message") or (_in_words(errors) if errors else error.description)
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, NothingHere) and not details:
        message = "There is nothing at this address."
    answer = _answer(status, message or status.description, errors)
    for name, value in error.get_headers():
        # Such as Allow and Retry-After; the body's own headers are not the error's.
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def _handle_ours(error: VigilError) -> ResponseReturnValue:
    status = next(STATUS_OF[base] for base in type(error).__mro__ if base in STATUS_OF)
    if status is HTTPStatus.UNAUTHORIZED and _is_page():
        return redirect(f"/login?{urlencode({'next': request.path})}", HTTPStatus.SEE_OTHER)
    message = str(error)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request_unavailable", error=message, path=request.path)
    if status is HTTPStatus.SERVICE_UNAVAILABLE and not isinstance(error, NotNow):
        # What a driver says can name hosts and users; that is for the log.
        message = f"{_away(error)} does not answer. Try again in a few seconds."
    answer = _answer(status, message, getattr(error, "errors", None))
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _away(error: VigilError) -> str:
    return "The database" if isinstance(error, DatabaseUnavailable) else "The message bus"


def _answer(status: HTTPStatus, message: str, errors: Any) -> Response:
    if _is_page():
        page = render_template("error.html", status=status, message=message)
        return Response(page, status, mimetype="text/html")
    body: dict[str, Any] = {"code": int(status), "status": status.phrase, "message": message}
    if errors:
        body["errors"] = errors
    answer = jsonify(body)
    answer.status_code = status
    return answer


def _is_page() -> bool:
    return request.blueprint == "pages"


def _in_words(errors: Any) -> str:
    """Return the first few faults of a validation as a sentence each."""
    return " ".join(_faults(errors, ()))[:500]


def _faults(errors: Any, where: tuple[str, ...]) -> list[str]:
    if isinstance(errors, Mapping):
        return [
            fault for name, inner in errors.items() for fault in _faults(inner, (*where, str(name)))
        ]
    place = ".".join(name for name in where if name not in {"json", "query", "_schema"})
    texts = errors if isinstance(errors, list) else [errors]
    return [f"{place}: {text}" if place else str(text) for text in texts]
