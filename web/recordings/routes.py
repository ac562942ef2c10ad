"""``/recordings``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, send_file
from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db, give_back
from web.recordings import service
from web.recordings.schemas import AvailabilityOut, RecordingsQuery, SegmentOut, SpanQuery
from web.schemas import Told
from web.wiring import wired

blp = ApiBlueprint("recordings", __name__, description="Footage: what there is, and the files.")


@blp.route("/recordings")
class Recordings(MethodView):
    """Files of footage of all cameras that the caller may see."""

    @blp.arguments(RecordingsQuery, location="query")
    @blp.response(HTTPStatus.OK, SegmentOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, query: dict[str, Any]) -> Sequence[Told]:
        """List files of footage, the newest first."""
        return service.segments(db.session(), current_principal(), now=wired().now(), **query)


@blp.route("/recordings/<id:camera_id>/availability")
class RecordingAvailability(MethodView):
    """Of which times a camera has footage."""

    @blp.arguments(SpanQuery, location="query")
    @blp.response(HTTPStatus.OK, AvailabilityOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, query: dict[str, Any], camera_id: int) -> service.Availability:
        """Tell of which times there is footage, and why of others there is none."""
        statuses = wired().recordings
        return service.availability(
            db.session(), current_principal(), camera_id, statuses=statuses, **query
        )


@blp.route("/recordings/files/<id:segment_id>")
class RecordingFile(MethodView):
    """One file of footage."""

    @blp.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="video/mp4")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such footage, or not yours to see.")
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="The camera has privacy masks.")
    def get(self, segment_id: int) -> Response:
        """Give a file of footage, or a part of it where a range is asked for."""
        session, volumes = db.session(), wired().volumes
        segment = service.find_file(session, current_principal(), segment_id, volumes)
        path, name = volumes.path_of(segment), f"{segment.begun_at:%Y-%m-%d_%H-%M-%S}.mp4"
        # A large file takes its time, and needs no database.
        give_back(session)
        assert path is not None
        return send_file(path, mimetype="video/mp4", download_name=name, conditional=True)
