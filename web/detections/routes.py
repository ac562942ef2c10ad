"""``/detections/<id>``."""

from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.detections import service
from web.detections.schemas import DetectionsOut
from web.wiring import wired

blp = ApiBlueprint("detections", __name__, description="What a camera's picture shows now.")


@blp.route("/detections/<id:camera_id>")
class Detections(MethodView):
    """What the newest annotated picture of a camera shows."""

    @blp.response(HTTPStatus.OK, DetectionsOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> dict[str, Any]:
        """Return objects, counts by label, occupancy of zones and tallies of lines."""
        return service.newest(
            db.session(),
            current_principal(),
            camera_id,
            board=wired().detections,
            statuses=wired().statuses,
            pool=wired().pool,
        )
