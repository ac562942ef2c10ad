"""``/recordings``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response, request, send_file
from flask.views import MethodView

from web.access.principal import current_principal
from web.access.viewing import require_signed_for
from web.blueprint import ApiBlueprint
from web.cameras.schemas import CameraChangeOut
from web.database import db, give_back
from web.recordings import service
from web.recordings.by_hand import ByHand
from web.recordings.schemas import AvailabilityOut, RecordingsQuery, SegmentOut, SpanQuery
from web.schemas import Told
from web.wiring import wired

#: Where nginx has the volume of footage: see nginx/nginx.conf.
ACCEL_PREFIX = "/_footage/"

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
    @blp.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, description="Its volume is not here.")
    def get(self, segment_id: int) -> Response:
        """Give a file of footage, or a part of it where a range is asked for."""
        session = db.session()
        segment, path = service.find_file(session, current_principal(), segment_id, wired().volumes)
        require_signed_for([segment.camera_id], request.path)
        name = f"{segment.begun_at:%Y-%m-%d_%H-%M-%S}.mp4"
        # A large file takes its time, and needs no database.
        give_back(session)
        if wired().settings.footage_by_nginx:
            return _by_nginx(segment.path, name)
        try:
            return send_file(path, mimetype="video/mp4", download_name=name, conditional=True)
        except FileNotFoundError:
            raise service.FootageNotFound(f"Footage {segment_id} was just deleted.") from None


@blp.route("/recordings/<id:camera_id>/start")
class RecordingStart(MethodView):
    """Recording by hand."""

    @blp.response(HTTPStatus.OK, CameraChangeOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="Its recording is off.")
    def post(self, camera_id: int) -> Told:
        """Record a camera until somebody stops it, whatever its mode is."""
        change = _by_hand().start(camera_id)
        return Told(change.camera, message=change.told("Recording started."))


@blp.route("/recordings/<id:camera_id>/stop")
class RecordingStop(MethodView):
    """The end of recording by hand."""

    @blp.response(HTTPStatus.OK, CameraChangeOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def post(self, camera_id: int) -> Told:
        """End what was started by hand; the camera's mode goes on."""
        change = _by_hand().stop(camera_id)
        return Told(change.camera, message=change.told("Recording by hand stopped."))


@blp.route("/recordings/<id:camera_id>/reset")
class RecordingReset(MethodView):
    """Another file."""

    @blp.response(HTTPStatus.OK, CameraChangeOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="Its recording is off.")
    def post(self, camera_id: int) -> Told:
        """Close the file that is recorded now, and begin a new one with the next keyframe."""
        change = _by_hand().reset(camera_id)
        return Told(change.camera, message=change.told("A new file begins."))


def _by_hand() -> ByHand:
    return ByHand(
        db.session(),
        current_principal(),
        sealer=wired().sealer,
        configuration=wired().configuration,
    )


def _by_nginx(path: str, name: str) -> Response:
    """Have nginx send a file of the volume that is mounted in front, ranges and all."""
    answer = Response(mimetype="video/mp4")
    answer.headers["X-Accel-Redirect"] = f"{ACCEL_PREFIX}{quote(path)}"
    answer.headers["Content-Disposition"] = f"inline; filename={name}"
    return answer
