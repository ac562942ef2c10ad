"""``/get_snapshot``, ``/get_stream``, ``/recognized_stream``: who may see a camera sees it live."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, current_app
from flask.views import MethodView

from vigil.clock import utc_from_us
from vigil.domain.camera import CameraId
from web.access.principal import Principal
from web.access.rights import Right
from web.access.streams import montage_ids
from web.access.viewing import may_still_view, require_camera_view, require_cameras_view
from web.blueprint import ApiBlueprint
from web.errors import DatabaseUnavailable, Forbidden
from web.live.montage import Grid
from web.live.parts import CONTENT_TYPE
from web.live.schemas import MontageQuery, StreamQuery
from web.live.service import LiveViews
from web.live.stream import LiveStream, StillAllowed

log = structlog.get_logger(__name__)

_JPEG = {"200": {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}}
_PARTS = {
    "200": {
        "content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        "description": "One JPEG a part, each new picture once, for as long as one listens.",
    }
}


class RecordingForbidden(Forbidden):
    """The caller may not have cameras recorded."""


def streams_blueprint(*, raw: LiveViews, boxed: LiveViews) -> ApiBlueprint:
    """Return the routes of the stream path.

    Args:
        raw: Pictures as the cameras sent them.
        boxed: Annotated pictures.
    """
    blp = ApiBlueprint("live", __name__, description="Live pictures.")
    _install_snapshot(blp, raw)
    _install_stream(blp, raw, "/get_stream/<id:camera_id>", "Stream", "Send a camera's pictures.")
    _install_stream(
        blp,
        boxed,
        "/recognized_stream/<id:camera_id>",
        "RecognizedStream",
        "Send a camera's pictures with what was seen in them.",
    )
    _install_montage(blp, boxed)
    return blp


def _install_snapshot(blp: ApiBlueprint, views: LiveViews) -> None:
    @blp.route("/get_snapshot/<id:camera_id>")
    class Snapshot(MethodView):
        """The newest picture."""

        @blp.response(HTTPStatus.OK)
        @blp.doc(responses=_JPEG)
        @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours.")
        def get(self, camera_id: int) -> Response:
            """Send the newest picture; of a dead camera the no-signal picture, which says so.

            `X-Captured-At` tells when it was captured, `X-Frame-Size` the size of the full frame
            in pixels, as `1920x1080`: a sub-stream's picture is smaller.
            """
            require_camera_view(camera_id, f"/get_snapshot/{camera_id}")
            snapshot = views.snapshot(CameraId(camera_id))
            answer = Response(snapshot.jpeg, content_type="image/jpeg")
            if (stamp := snapshot.stamp) is not None:
                answer.headers["X-Frame-Size"] = f"{stamp.width_px}x{stamp.height_px}"
                captured_at = utc_from_us(stamp.captured_at_us)
                answer.headers["X-Captured-At"] = captured_at.isoformat(timespec="milliseconds")
            if not snapshot.is_live:
                answer.headers["X-Camera-Status"] = "inactive"
            return answer


def _install_stream(
    blp: ApiBlueprint, views: LiveViews, rule: str, name: str, summary: str
) -> None:
    def get(_view: MethodView, query: dict[str, Any], camera_id: int) -> Response:
        path = rule.replace("<id:camera_id>", str(camera_id))
        who = require_camera_view(camera_id, path)
        takes = query["record"]
        if takes and not who.may(Right.RECORD):
            raise RecordingForbidden("Cameras are recorded by operators and admins alone.")
        allowed = _still_allowed(who, [camera_id])
        return _streamed(views.stream(CameraId(camera_id), still_allowed=allowed, takes=takes))

    get.__doc__ = summary
    get = blp.response(HTTPStatus.OK)(get)
    get = blp.arguments(StreamQuery, location="query")(get)
    get = blp.doc(responses=_PARTS)(get)
    get = blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours.")(get)
    get = blp.alt_response(HTTPStatus.FORBIDDEN, description="You may not have it recorded.")(get)
    blp.route(rule)(type(name, (MethodView,), {"get": get, "__doc__": summary}))


def _install_montage(blp: ApiBlueprint, views: LiveViews) -> None:
    @blp.route("/recognized_stream")
    class Montage(MethodView):
        """Several cameras in one picture."""

        @blp.arguments(MontageQuery, location="query")
        @blp.response(HTTPStatus.OK)
        @blp.doc(responses=_PARTS)
        @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours.")
        def get(self, query: dict[str, Any]) -> Response:
            """Send several cameras' pictures, with what was seen in them, as one."""
            camera_ids = [CameraId(each) for each in montage_ids(query["camera_ids"])]
            who = require_cameras_view(camera_ids, "/recognized_stream")
            grid = Grid.fitting(len(camera_ids), rows=query["row"], columns=query["column"])
            shown = camera_ids[: grid.rows * grid.columns]
            allowed = _still_allowed(who, shown)
            return _streamed(views.montage(shown, grid, still_allowed=allowed))


def _streamed(stream: LiveStream) -> Response:
    # Passed through, so that the server finds the stream and sends it from its hub.
    return Response(stream, content_type=CONTENT_TYPE, direct_passthrough=True)


def _still_allowed(who: Principal, camera_ids: Sequence[int]) -> StillAllowed:
    """Return what a running stream asks, outside any request."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001

    def ask() -> bool:
        with app.app_context():
            return _unless_away(lambda: may_still_view(who, camera_ids))

    return ask


def _unless_away(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except DatabaseUnavailable as error:
        # A wall of cameras does not go dark because PostgreSQL restarts; nobody new gets in.
        log.warning("rights_not_checked", reason=str(error))
        return True
