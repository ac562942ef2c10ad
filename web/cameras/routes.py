"""``/cameras``."""

from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.access.visibility import find_visible
from web.blueprint import ApiBlueprint
from web.cameras import service
from web.cameras.models import Camera
from web.cameras.schemas import CameraChangeOut, CameraIn, CameraOut, CameraPatch
from web.database import db
from web.schemas import MessageOut, Told
from web.wiring import wired

blp = ApiBlueprint("cameras", __name__, description="Cameras, as far as the caller may see them.")


@blp.route("/cameras")
class Cameras(MethodView):
    """All cameras."""

    @blp.response(HTTPStatus.OK, CameraOut(many=True))
    def get(self) -> list[Camera]:
        """List the cameras that the caller may see."""
        return list(service.visible(db.session(), current_principal()))

    @blp.arguments(CameraIn)
    @blp.response(HTTPStatus.CREATED, CameraChangeOut)
    @blp.alt_response(HTTPStatus.CONFLICT, description="Another camera has this name.")
    def post(self, fields: dict[str, Any]) -> Told:
        """Add a camera."""
        change = service.add(
            db.session(),
            fields,
            site_time_zone=wired().settings.site_time_zone,
            who=current_principal(),
            sealer=wired().sealer,
            configuration=wired().configuration,
        )
        return Told(change.camera, message=change.told("Camera added."))


@blp.route("/cameras/<id:camera_id>")
class CameraItem(MethodView):
    """One camera."""

    @blp.response(HTTPStatus.OK, CameraOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> Camera:
        """Show a camera."""
        return find_visible(db.session(), current_principal(), camera_id)

    @blp.arguments(CameraPatch)
    @blp.response(HTTPStatus.OK, CameraChangeOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="Name taken, or changed meanwhile.")
    def patch(self, changes: dict[str, Any], camera_id: int) -> Told:
        """Change a camera's name, stream or settings."""
        change = service.update(
            db.session(),
            camera_id,
            changes,
            who=current_principal(),
            sealer=wired().sealer,
            configuration=wired().configuration,
        )
        return Told(change.camera, message=change.told("Camera changed."))

    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="Some of its footage is protected.")
    def delete(self, camera_id: int) -> dict[str, str]:
        """Delete a camera with its rectangles, intervals, grants, saved pictures and footage."""
        is_announced = service.delete(
            db.session(),
            camera_id,
            who=current_principal(),
            now=wired().now(),
            configuration=wired().configuration,
        )
        wired().pictures.forget(camera_id)
        said = "Camera deleted."
        return {"message": said if is_announced else f"{said} {service.TAKES_EFFECT_LATER}"}
