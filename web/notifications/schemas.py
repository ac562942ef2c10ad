"""Notifications as bodies."""

from marshmallow import Schema, fields

from web.schemas import MessageOut, PageQuery, Text, id_field


class NotificationIn(Schema):
    """A message for an account; without ``account_uuid``, for one's own."""

    account_uuid = fields.UUID(load_default=None)
    message = Text(min_length=1, max_length=2000, multiline=True, required=True)
    camera_id = id_field(load_default=None, allow_none=True)
    image_path = Text(
        min_length=1,
        max_length=200,
        load_default=None,
        allow_none=True,
        metadata={"description": "A picture that the system saved, as /image/<path> serves it."},
    )


class NotificationQuery(PageQuery):
    """Whose notifications; one's own without ``account_uuid``."""

    account_uuid = fields.UUID(load_default=None)


class NotificationOut(Schema):
    """A message as it was stored."""

    id = fields.Integer(required=True)
    account_uuid = fields.UUID(required=True, attribute="account_id")
    camera_id = fields.Integer(allow_none=True)
    message = fields.String(required=True)
    image_path = fields.String(allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class NotificationSavedOut(MessageOut):
    """The number of a new notification."""

    id = fields.Integer(required=True)
