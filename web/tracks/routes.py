"""``/tracks``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.tracks import service
from web.tracks.models import Track
from web.tracks.schemas import TrackOut, TracksQuery

blp = ApiBlueprint("tracks", __name__, description="What was seen, and when.")


@blp.route("/tracks")
class Tracks(MethodView):
    """Tracks of all cameras that the caller may see."""

    @blp.arguments(TracksQuery, location="query")
    @blp.response(HTTPStatus.OK, TrackOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, query: dict[str, Any]) -> Sequence[Track]:
        """List what was seen, the newest first."""
        return service.tracks(db.session(), current_principal(), **query)
