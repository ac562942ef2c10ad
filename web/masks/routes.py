"""``/masks/<id>``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.access.visibility import require_visible
from web.blueprint import ApiBlueprint
from web.database import db
from web.masks import service
from web.masks.models import PrivacyMask
from web.masks.schemas import MaskBody
from web.schemas import MessageOut
from web.shapes.saving import replaced

blp = ApiBlueprint("masks", __name__, description="What nobody is to see of a camera.")

_LATER = (
    " The other services learn of it when the message bus is back: "
    "until then pictures are as they were."
)


@blp.route("/masks/<id:camera_id>")
class Masks(MethodView):
    """All privacy masks of a camera."""

    @blp.response(HTTPStatus.OK, MaskBody(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, camera_id: int) -> Sequence[PrivacyMask]:
        """Return the privacy masks in the order and the form in which they were saved."""
        return service.saved(db.session(), current_principal(), camera_id)

    @blp.arguments(MaskBody(many=True))
    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def post(self, bodies: list[dict[str, Any]], camera_id: int) -> dict[str, str]:
        """Replace all privacy masks; a body that is wrong anywhere changes nothing."""
        # First, so that Redis is not asked about a camera that the caller may not see.
        require_visible(db.session(), current_principal(), [camera_id])
        return {
            "message": "Masks saved" + replaced(service.replace, camera_id, bodies, later=_LATER)
        }

    @blp.response(HTTPStatus.OK, MessageOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def delete(self, camera_id: int) -> dict[str, str]:
        """Clear all privacy masks: everything that the camera sees is shown again."""
        return {
            "message": "All masks cleared" + replaced(service.replace, camera_id, [], later=_LATER)
        }
