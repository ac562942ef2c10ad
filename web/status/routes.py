"""``/camera_status``, ``/healthz``, ``/readyz``, ``/metrics``."""

from http import HTTPStatus
from typing import Any

from flask import Response, current_app
from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.cameras.service import visible
from web.database import db
from web.status import service
from web.status.metrics import exposition
from web.status.schemas import CameraDetailsOut, HealthOut, ReadyOut, StatusQuery
from web.wiring import wired

blp = ApiBlueprint("status", __name__, description="How cameras, and this process, are.")

#: ``camera_7`` to ``active`` or ``inactive``; with ``detail=1``, to everything that is known.
_STATES = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": "string", "enum": ["active", "inactive"]}, {"type": "object"}]
    },
}


@blp.route("/camera_status")
class CameraStatuses(MethodView):
    """How cameras are."""

    @blp.arguments(StatusQuery, location="query")
    @blp.response(HTTPStatus.OK)
    @blp.doc(responses={"200": {"content": {"application/json": {"schema": _STATES}}}})
    @blp.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, description="Nobody knows now.")
    def get(self, query: dict[str, bool]) -> dict[str, Any]:
        """Say of each camera whether it is active; with ``detail=1``, how it is."""
        states = service.states(wired().statuses, visible(db.session(), current_principal()))
        if not query["detail"]:
            return {name: service.word_of(said.status) for name, said in states.items()}
        details, now = CameraDetailsOut(), wired().now()
        return {
            name: details.dump(service.details_of(said, now=now)) for name, said in states.items()
        }


@blp.route("/healthz")
class Health(MethodView):
    """Whether the process lives."""

    @blp.response(HTTPStatus.OK, HealthOut)
    def get(self) -> dict[str, str]:
        """Say that the process lives, whatever else is away."""
        return {"status": "ok"}


@blp.route("/readyz")
class Ready(MethodView):
    """Whether the process can do its work."""

    @blp.response(HTTPStatus.OK, ReadyOut)
    @blp.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, ReadyOut, description="A server is away.")
    def get(self) -> tuple[dict[str, Any], HTTPStatus]:
        """Say whether PostgreSQL and both Redis answer, and what of them needs an operator."""
        found = wired().readiness.ask()
        is_ready = all(found.checks.values())
        said = {
            "status": "ok" if is_ready else "unavailable",
            "checks": found.checks,
            "warnings": found.warnings,
        }
        return said, HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE


@blp.route("/metrics")
class Metrics(MethodView):
    """Counters."""

    @blp.response(HTTPStatus.OK, {"type": "string"}, content_type="text/plain")
    def get(self) -> Response:
        """Return counters for Prometheus. They name no camera and no account."""
        return exposition(current_app)
