"""``/get_snapshot``, ``/get_stream``: who may see a camera sees it live."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response

from vigil.domain.camera import CameraId
from web.live.parts import CONTENT_TYPE
from web.live.service import LiveViews
from web.live.stream import StillAllowed


@dataclass(frozen=True, slots=True)
class Access:
    """How the stream path asks who may see what.

    Attributes:
        require: Returns what to ask later about this caller and camera; raises when they may not.
    """

    require: Callable[[CameraId], StillAllowed]


def live_blueprint(raw: LiveViews, access: Access) -> Blueprint:
    """Return the routes of the stream path."""
    blp = Blueprint("live", __name__)

    @blp.get("/get_snapshot/<int:camera_id>")
    def get_snapshot(camera_id: int) -> Response:
        """Send the newest picture."""
        access.require(CameraId(camera_id))
        snapshot = raw.snapshot(CameraId(camera_id))
        answer = Response(snapshot.jpeg, HTTPStatus.OK, content_type="image/jpeg")
        if not snapshot.is_live:
            answer.headers["X-Camera-Status"] = "inactive"
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @blp.get("/get_stream/<int:camera_id>")
    def get_stream(camera_id: int) -> Response:
        """Send each new picture as a part."""
        still_allowed = access.require(CameraId(camera_id))
        stream = raw.stream(CameraId(camera_id), still_allowed=still_allowed)
        answer = Response(stream, content_type=CONTENT_TYPE, direct_passthrough=True)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return blp
