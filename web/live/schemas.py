"""A montage as a query."""

from marshmallow import Schema, fields, validate

from web.live.montage import MAX_COLUMNS, MAX_ROWS


class StreamQuery(Schema):
    """What happens while a stream is watched."""

    record = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Have the camera recorded for as long as this stream is watched; "
            "for who may record, of a camera whose recording is not off."
        },
    )


class MontageQuery(Schema):
    """Which cameras in how many rows and columns; what is left out is chosen to fit."""

    camera_ids = fields.String(
        required=True, metadata={"description": "Numbers separated by commas, such as 1,2,3."}
    )
    row = fields.Integer(load_default=None, validate=validate.Range(1, MAX_ROWS))
    column = fields.Integer(load_default=None, validate=validate.Range(1, MAX_COLUMNS))
