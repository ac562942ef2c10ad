"""The trail as bodies."""

from marshmallow import Schema, fields


class AuditEntryOut(Schema):
    """One thing that somebody did, or tried."""

    id = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    account_uuid = fields.UUID(attribute="account_id", allow_none=True)
    username = fields.String(allow_none=True)
    address = fields.String(required=True)
    action = fields.String(required=True)
    object_type = fields.String(allow_none=True)
    object_id = fields.String(allow_none=True)
    details = fields.Dict(required=True)
