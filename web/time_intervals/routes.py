"""``/time_intervals/<id>``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.schemas import MessageOut, Told
from web.time_intervals import service
from web.time_intervals.models import TimeInterval
from web.time_intervals.schemas import TimeIntervalIn, TimeIntervalOut, TimeIntervalSavedOut

blp = ApiBlueprint("time_intervals", __name__, description="When alerts are armed.")

_SAVED = "Time interval saved. It takes effect in a later version, with alerts."


@blp.route("/time_intervals/<id:camera_id>")
class TimeIntervals(MethodView):
    """All time intervals of a camera."""

    @blp.response(HTTPStatus.OK, TimeIntervalOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> Sequence[TimeInterval]:
        """Return the intervals, in the order saved."""
        return service.saved(db.session(), current_principal(), camera_id)

    @blp.arguments(TimeIntervalIn)
    @blp.response(HTTPStatus.OK, TimeIntervalSavedOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="It is there already.")
    def post(self, fields: dict[str, Any], camera_id: int) -> Told:
        """Add an interval. Stored now; takes effect with alerts."""
        interval = service.add(db.session(), camera_id, who=current_principal(), **fields)
        return Told(interval, message=_SAVED)

    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def delete(self, camera_id: int) -> dict[str, str]:
        """Clear all intervals: alerts are armed all day."""
        service.clear(db.session(), camera_id, who=current_principal())
        return {"message": "All time intervals cleared"}
