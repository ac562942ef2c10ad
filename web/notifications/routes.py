"""``/notifications``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.notifications import service
from web.notifications.models import Notification
from web.notifications.schemas import (
    NotificationIn,
    NotificationOut,
    NotificationQuery,
    NotificationSavedOut,
)

blp = ApiBlueprint("notifications", __name__, description="What an account was told.")

_SAVED = "Notification saved. Sending it to recipients takes effect in a later version."


@blp.route("/notifications")
class Notifications(MethodView):
    """An account's notifications."""

    @blp.arguments(NotificationQuery, location="query")
    @blp.response(HTTPStatus.OK, NotificationOut(many=True))
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="Another account's.")
    def get(self, query: dict[str, Any]) -> Sequence[Notification]:
        """List notifications, the newest first; one's own, or as operator any account's."""
        return service.of_account(
            db.session(),
            current_principal(),
            account_id=query["account_uuid"],
            limit=query["limit"],
            before_id=query["before_id"],
        )

    @blp.arguments(NotificationIn)
    @blp.response(HTTPStatus.CREATED, NotificationSavedOut)
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="Another account's.")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such account, camera or picture.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many from this address.")
    def post(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Store a notification; for one's own account, or as operator for any."""
        notification = service.add(
            db.session(), current_principal(), account_id=fields.pop("account_uuid"), **fields
        )
        return {"message": _SAVED, "id": notification.id}
