"""The OpenAPI document: what flask-smorest knows of the routes, and who may call them."""

import re
from typing import Any

from flask import Flask
from flask_smorest import Api

from web.access.cookies import ACCESS_COOKIE, CSRF_HEADER
from web.access.rules import RULES, Rule

EXTENSION = "vigil_openapi"

_DESCRIPTION = f"""\
Bodies are JSON; times are ISO 8601 in UTC; errors are `{{code, status, message, errors?}}`.

Log in at `/login` and send `Authorization: Bearer <access_token>`; renew at `/token/refresh`.
A browser's changes by cookie need the header `{CSRF_HEADER}`.
"""

_SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": ACCESS_COOKIE},
    "stream_token": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "From /stream_tokens; good for one address, 60 seconds to begin.",
    },
}


def configure_openapi(app: Flask) -> None:
    """Say what the document is about. No route of flask-smorest's own serves it."""
    app.config["API_TITLE"] = "Vigil"
    app.config["API_VERSION"] = "1"
    app.config["OPENAPI_VERSION"] = "3.0.3"
    app.config["API_SPEC_OPTIONS"] = {"info": {"description": _DESCRIPTION}}


def install_openapi(app: Flask, api: Api) -> None:
    """Keep the finished document, with the needs of each route from the table of rules."""
    document = api.spec.to_dict()
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    for (method, route), rule in RULES.items():
        operation = document["paths"].get(_path_of(route), {}).get(method.lower())
        if operation is not None:
            operation["security"] = _security(rule)
            _add_refusals(operation, rule)
    app.extensions[EXTENSION] = document


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    if rule.right is None:
        return []
    schemes = ["bearer", "cookie", *(["stream_token"] if rule.by_stream_token else [])]
    return [{scheme: []} for scheme in schemes]


def _add_refusals(operation: dict[str, Any], rule: Rule) -> None:
    """Say that a caller without a log-in, or without the right, is refused."""
    if rule.right is None:
        return
    error = operation["responses"].get("default", {"description": "Refused."})
    operation["responses"].setdefault("401", error)
    operation["responses"].setdefault("403", error)
    operation["description"] = f"Needs the right `{rule.right}`."


def _path_of(route: str) -> str:
    """Return Flask's ``/cameras/<id:camera_id>`` as OpenAPI's ``/cameras/{camera_id}``."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", route)
