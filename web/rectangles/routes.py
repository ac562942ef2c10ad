"""``/rectangles/<id>``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.access.visibility import require_visible
from web.blueprint import ApiBlueprint
from web.database import db
from web.errors import Invalid
from web.rectangles import service
from web.rectangles.models import Rectangle
from web.rectangles.schemas import MAX_RECTANGLES, RectangleBody
from web.schemas import MessageOut
from web.shapes.saving import replaced

blp = ApiBlueprint("rectangles", __name__, description="Where a camera looks.")


@blp.route("/rectangles/<id:camera_id>")
class Rectangles(MethodView):
    """All rectangles of a camera."""

    @blp.response(HTTPStatus.OK, RectangleBody(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> Sequence[Rectangle]:
        """Return the rectangles in the order and the form in which they were saved."""
        return service.saved(db.session(), current_principal(), camera_id)

    @blp.arguments(RectangleBody(many=True))
    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def post(self, bodies: list[dict[str, Any]], camera_id: int) -> dict[str, str]:
        """Replace all rectangles; a body that is wrong anywhere changes nothing."""
        if len(bodies) > MAX_RECTANGLES:
            raise Invalid(f"A camera has at most {MAX_RECTANGLES} rectangles.")
        # First, so that Redis is not asked about a camera that the caller may not see.
        require_visible(db.session(), current_principal(), [camera_id])
        return {"message": "Rectangles saved" + replaced(service.replace, camera_id, bodies)}

    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def delete(self, camera_id: int) -> dict[str, str]:
        """Clear all rectangles: the camera looks everywhere again."""
        return {"message": "All rectangles cleared" + replaced(service.replace, camera_id, [])}
