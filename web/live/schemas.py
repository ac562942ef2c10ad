"""A montage as a query."""

from marshmallow import Schema, fields, validate

from web.live.montage import MAX_COLUMNS, MAX_ROWS


class MontageQuery(Schema):
    """Which cameras in how many rows and columns; what is left out is chosen to fit."""

    camera_ids = fields.String(
        required=True, metadata={"description": "Numbers separated by commas, such as 1,2,3."}
    )
    row = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ROWS))
    column = fields.Integer(load_default=None, validate=validate.Range(1, MAX_COLUMNS))
