"""Recipients as bodies."""

from marshmallow import Schema, fields, validate

from web.recipients.models import LineToken
from web.schemas import MessageOut, Text


class OwnerQuery(Schema):
    """Whose recipients; one's own without ``account_uuid``."""

    account_uuid = fields.UUID(load_default=None)


class LineTokenIn(Schema):
    """A channel access token of the LINE Messaging API, and the id of whom to tell."""

    account_uuid = fields.UUID(load_default=None)
    token = Text(min_length=8, max_length=512, required=True, load_only=True)
    to = Text(
        min_length=1,
        max_length=64,
        load_default=None,
        allow_none=True,
        metadata={"description": "User, group or room id. The Messaging API sends to no one else."},
    )


def _masked(line_token: LineToken) -> str:
    return "****" + line_token.token_end


class LineTokenOut(Schema):
    """A token, masked."""

    id = fields.Integer(required=True)
    account_uuid = fields.UUID(required=True, attribute="account_id")
    token = fields.Function(_masked, required=True, metadata={"type": "string"})
    to = fields.String(allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class EmailRecipientIn(Schema):
    """An address for an account's notifications."""

    account_uuid = fields.UUID(load_default=None)
    email = fields.Email(required=True, validate=validate.Length(max=254))


class EmailRecipientOut(Schema):
    """An address as it was stored."""

    id = fields.Integer(required=True)
    account_uuid = fields.UUID(required=True, attribute="account_id")
    email = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class LineTokenSavedOut(LineTokenOut, MessageOut):
    """A new token, masked."""


class EmailRecipientSavedOut(EmailRecipientOut, MessageOut):
    """A new address."""
