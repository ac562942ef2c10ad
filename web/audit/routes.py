"""``/audit``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.audit import service
from web.audit.models import AuditEntry
from web.audit.schemas import AuditEntryOut
from web.blueprint import ApiBlueprint
from web.database import db
from web.schemas import PageQuery

blp = ApiBlueprint("audit", __name__, description="Who did what.")


@blp.route("/audit")
class Audit(MethodView):
    """The trail."""

    @blp.arguments(PageQuery, location="query")
    @blp.response(HTTPStatus.OK, AuditEntryOut(many=True))
    def get(self, query: dict[str, Any]) -> Sequence[AuditEntry]:
        """List who did what, the newest first."""
        return service.entries(db.session(), **query)
