"""Request bodies: JSON, strictly, and in bounds."""

import json
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Request
from typing_extensions import override
from webargs import core
from webargs.flaskparser import FlaskParser, abort, is_json_request


class StrictParser(FlaskParser):
    """As webargs', and: no NaN, no endless nesting, no other content type taken for none."""

    @override
    def _raw_load_json(self, req: Request) -> Any:
        raw = req.get_data(cache=True)
        if not raw:
            return core.missing
        if not is_json_request(req):
            _refuse(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON, with the header Content-Type: application/json.",
            )
        return parse_json(raw)


def parse_json(raw: bytes) -> Any:
    """Return what a body says.

    Raises:
        HTTPException: 400; it is no JSON, holds NaN or Infinity, or nests without end.
    """
    try:
        return json.loads(raw, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse(HTTPStatus.BAD_REQUEST, "The body is not valid UTF-8.")
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        _refuse(HTTPStatus.BAD_REQUEST, f"The body is not valid JSON: {error.msg} at {where}.")
    except RecursionError:
        _refuse(HTTPStatus.BAD_REQUEST, "The body nests too deeply.")
    except ValueError:
        # Python refuses to read an integer of more than 4,300 digits.
        _refuse(HTTPStatus.BAD_REQUEST, "The body holds a number that is too long.")


def _refuse_constant(name: str) -> NoReturn:
    _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name} is not a number that JSON knows.")


def _refuse(status: HTTPStatus, message: str) -> NoReturn:
    abort(status, message=message)
