"""Workers as bodies."""

from marshmallow import Schema, fields


class WorkerOut(Schema):
    """A recognition worker."""

    name = fields.String(required=True)
    host = fields.String(required=True)
    pid = fields.Integer(required=True, allow_none=True)
    since = fields.AwareDateTime(required=True)
    recognisers = fields.List(fields.String(), required=True)
    camera_ids = fields.List(fields.Integer(), required=True)
    capacity_fps = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Looks a second that it can do; null: not measured yet."},
    )
    wanted_fps = fields.Float(
        required=True, metadata={"description": "Looks a second that its cameras ask for."}
    )
    looked_fps = fields.Float(required=True)
    load_ratio = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "wanted_fps by capacity_fps; above 1 it leaves frames out."},
    )


class WorkedCameraOut(Schema):
    """A camera that is to be looked at, and by whom it is."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    wanted_fps = fields.Float(required=True)
    worker = fields.String(required=True, allow_none=True)
    assigned_to = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Who is to have it; where that is not `worker`, it moves."},
    )
    recogniser = fields.String()
    looked_fps = fields.Float()
    inference_ms = fields.Float()
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "How many of each label are confirmed in its last picture."},
    )
    is_quarantined = fields.Boolean(
        required=True, metadata={"description": "Its frames killed workers: it has one alone."}
    )
    error = fields.String(required=True, allow_none=True)


class PoolOut(Schema):
    """All workers, and all cameras that they are to look at."""

    workers = fields.List(fields.Nested(WorkerOut), required=True)
    cameras = fields.List(fields.Nested(WorkedCameraOut), required=True)
