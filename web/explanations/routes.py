"""``/explanations/<id>``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from vigil.messages import Explanation
from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.explanations import service
from web.explanations.schemas import ExplanationOut, ExplanationsQuery
from web.wiring import wired

blp = ApiBlueprint("explanations", __name__, description="Why something was not shown.")


@blp.route("/explanations/<id:camera_id>")
class Explanations(MethodView):
    """What recognition found and did not show, of the last minutes."""

    @blp.arguments(ExplanationsQuery, location="query")
    @blp.response(HTTPStatus.OK, ExplanationOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    def get(self, query: dict[str, Any], camera_id: int) -> Sequence[Explanation]:
        """List the newest first: one frame a second at most, with what kept each detection out."""
        return service.explanations(
            db.session(), current_principal(), camera_id, log=wired().explanations, **query
        )
