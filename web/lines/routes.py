"""``/lines/<id>`` and ``/line_counts/<id>``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.access.visibility import require_visible
from web.blueprint import ApiBlueprint
from web.database import db
from web.errors import Invalid
from web.lines import service
from web.lines.models import Line
from web.lines.schemas import MAX_LINES, LineBody, LineCountOut, LineCountsQuery
from web.schemas import MessageOut
from web.shapes.saving import replaced
from web.wiring import wired

blp = ApiBlueprint("lines", __name__, description="Lines, and who crossed them.")


@blp.route("/lines/<id:camera_id>")
class Lines(MethodView):
    """All lines of a camera."""

    @blp.response(HTTPStatus.OK, LineBody(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> Sequence[Line]:
        """Return the lines in the order in which they were saved, each with its id."""
        return service.saved(db.session(), current_principal(), camera_id)

    @blp.arguments(LineBody(many=True))
    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def post(self, bodies: list[dict[str, Any]], camera_id: int) -> dict[str, str]:
        """Replace all lines; a body that is wrong anywhere changes nothing."""
        if len(bodies) > MAX_LINES:
            raise Invalid(f"A camera has at most {MAX_LINES} lines.")
        # First, so that Redis is not asked about a camera that the caller may not see.
        require_visible(db.session(), current_principal(), [camera_id])
        return {"message": "Lines saved" + replaced(service.replace, camera_id, bodies)}

    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def delete(self, camera_id: int) -> dict[str, str]:
        """Clear all lines. What crossed them stays counted."""
        return {"message": "All lines cleared" + replaced(service.replace, camera_id, [])}


@blp.route("/line_counts/<id:camera_id>")
class LineCounts(MethodView):
    """Who crossed the lines of a camera."""

    @blp.arguments(LineCountsQuery, location="query")
    @blp.response(HTTPStatus.OK, LineCountOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, query: dict[str, Any], camera_id: int) -> Sequence[Any]:
        """Count by line, direction and label, of some time: today, if no other is given."""
        return service.counts(
            db.session(), current_principal(), camera_id, now=wired().now(), **query
        )
