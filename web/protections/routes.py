"""``/recordings/<id>/protections``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.protections import service
from web.protections.models import Protection
from web.protections.schemas import ProtectionIn, ProtectionMadeOut, ProtectionOut
from web.schemas import MessageOut, Told
from web.wiring import wired

blp = ApiBlueprint("protections", __name__, description="Footage that stays.")

_LATER = " Recorders learn of it when the message bus is back."


@blp.route("/recordings/<id:camera_id>/protections")
class Protections(MethodView):
    """The times of a camera of which no footage goes."""

    @blp.response(HTTPStatus.OK, ProtectionOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> Sequence[Protection]:
        """List what is protected of a camera, the newest first."""
        return service.of_camera(db.session(), current_principal(), camera_id, now=wired().now())

    @blp.arguments(ProtectionIn)
    @blp.response(HTTPStatus.CREATED, ProtectionMadeOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="The camera has as many as it may.")
    def post(self, fields: dict[str, Any], camera_id: int) -> Told:
        """Protect a time of a camera, past or to come: none of its footage is deleted."""
        made = service.add(
            db.session(),
            camera_id,
            fields,
            who=current_principal(),
            now=wired().now(),
            publisher=wired().protections,
        )
        return Told(
            made.protection,
            message="Footage protected." + ("" if made.is_announced else _LATER),
            files=made.files,
            bytes=made.bytes,
        )


@blp.route("/recordings/<id:camera_id>/protections/<id:protection_id>")
class ProtectionItem(MethodView):
    """One of them."""

    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such protection.")
    def delete(self, camera_id: int, protection_id: int) -> dict[str, str]:
        """Take a protection back: its footage goes when it is its turn."""
        is_announced = service.remove(
            db.session(),
            camera_id,
            protection_id,
            who=current_principal(),
            publisher=wired().protections,
        )
        return {"message": "Protection taken back." + ("" if is_announced else _LATER)}
