"""``/set_aside_facts``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.blueprint import ApiBlueprint
from web.database import db
from web.facts import service
from web.facts.models import SetAsideFact
from web.facts.schemas import SetAsideFactOut
from web.schemas import PageQuery

blp = ApiBlueprint("facts", __name__, description="What the writer could not file.")


@blp.route("/set_aside_facts")
class SetAsideFacts(MethodView):
    """Facts that no version of ours understands."""

    @blp.arguments(PageQuery, location="query")
    @blp.response(HTTPStatus.OK, SetAsideFactOut(many=True))
    def get(self, query: dict[str, Any]) -> Sequence[SetAsideFact]:
        """List what could not be filed and why, the newest first."""
        return service.set_aside_facts(db.session(), **query)
