"""Grants and signed addresses as bodies."""

from marshmallow import Schema, fields, validate


class GrantOut(Schema):
    """An account that may see a camera."""

    account_uuid = fields.UUID(required=True, attribute="id")
    username = fields.String(required=True)


class StreamTokenIn(Schema):
    """What is to be shown.

    ``path`` is one of ``/get_snapshot/<id>``, ``/get_stream/<id>``, ``/recognized_stream/<id>``,
    ``/recognized_stream?camera_ids=1,2``, ``/image/<path>``.
    """

    path = fields.String(required=True, validate=validate.Length(min=1, max=1024))


class StreamTokenOut(Schema):
    """An address that an ``<img>`` or a player may open."""

    token = fields.String(required=True)
    url = fields.String(required=True, metadata={"description": "The path with the token."})
    expires_in_s = fields.Integer(required=True, metadata={"description": "Seconds to begin."})
