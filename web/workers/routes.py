"""``/workers``."""

from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.cameras.service import visible
from web.database import db
from web.wiring import wired
from web.workers import service
from web.workers.schemas import PoolOut

blp = ApiBlueprint("workers", __name__, description="Who looks at which camera.")


@blp.route("/workers")
class Workers(MethodView):
    """The recognition workers."""

    @blp.response(HTTPStatus.OK, PoolOut)
    @blp.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, description="Nobody knows now.")
    def get(self) -> dict[str, Any]:
        """Say of each worker what it can do and does, and of each camera who looks at it."""
        return service.described(wired().pool, visible(db.session(), current_principal()))
