"""``/line_tokens`` and ``/email_recipients``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.recipients import service
from web.recipients.models import EmailRecipient, LineToken
from web.recipients.schemas import (
    EmailRecipientIn,
    EmailRecipientOut,
    EmailRecipientSavedOut,
    LineTokenIn,
    LineTokenOut,
    LineTokenSavedOut,
    OwnerQuery,
)
from web.schemas import Told
from web.wiring import wired

blp = ApiBlueprint("recipients", __name__, description="Where an account's notifications go.")

_LATER = "Saved. Notifications are sent to it in a later version."


@blp.route("/line_tokens")
class LineTokens(MethodView):
    """An account's LINE tokens."""

    @blp.arguments(OwnerQuery, location="query")
    @blp.response(HTTPStatus.OK, LineTokenOut(many=True))
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="Another account's.")
    def get(self, query: dict[str, UUID | None]) -> Sequence[LineToken]:
        """List LINE tokens, masked."""
        who, owner = current_principal(), query["account_uuid"]
        return service.of_account(db.session(), LineToken, who, account_id=owner)

    @blp.arguments(LineTokenIn)
    @blp.response(HTTPStatus.CREATED, LineTokenSavedOut)
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="Another account's.")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such account.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="There are too many.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many from this address.")
    def post(self, fields: dict[str, Any]) -> Told:
        """Store a LINE token. It is never shown again."""
        line_token = service.add_line_token(
            db.session(),
            current_principal(),
            account_id=fields["account_uuid"],
            token=fields["token"],
            to=fields["to"],
            sealer=wired().sealer,
        )
        return Told(line_token, message=_LATER)


@blp.route("/line_tokens/<id:token_id>")
class LineTokenItem(MethodView):
    """One LINE token."""

    @blp.response(HTTPStatus.NO_CONTENT)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such token, or not yours.")
    def delete(self, token_id: int) -> None:
        """Remove a LINE token."""
        service.remove(db.session(), LineToken, token_id, who=current_principal())


@blp.route("/email_recipients")
class EmailRecipients(MethodView):
    """An account's e-mail recipients."""

    @blp.arguments(OwnerQuery, location="query")
    @blp.response(HTTPStatus.OK, EmailRecipientOut(many=True))
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="Another account's.")
    def get(self, query: dict[str, UUID | None]) -> Sequence[EmailRecipient]:
        """List e-mail recipients."""
        who, owner = current_principal(), query["account_uuid"]
        return service.of_account(db.session(), EmailRecipient, who, account_id=owner)

    @blp.arguments(EmailRecipientIn)
    @blp.response(HTTPStatus.CREATED, EmailRecipientSavedOut)
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="Another account's.")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such account.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="It is there already.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many from this address.")
    def post(self, fields: dict[str, Any]) -> Told:
        """Store an e-mail recipient."""
        recipient = service.add_email(
            db.session(),
            current_principal(),
            account_id=fields["account_uuid"],
            email=fields["email"],
        )
        return Told(recipient, message=_LATER)


@blp.route("/email_recipients/<id:recipient_id>")
class EmailRecipientItem(MethodView):
    """One e-mail recipient."""

    @blp.response(HTTPStatus.NO_CONTENT)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such recipient, or not yours.")
    def delete(self, recipient_id: int) -> None:
        """Remove an e-mail recipient."""
        service.remove(db.session(), EmailRecipient, recipient_id, who=current_principal())
