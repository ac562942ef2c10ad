"""A stream path with a still picture, for tests of what is around it."""

import cv2
import numpy as np
from flask import Response, request
from flask.views import MethodView

from web.access.streams import montage_ids
from web.access.viewing import require_camera_view, require_cameras_view
from web.blueprint import ApiBlueprint

WIDTH, HEIGHT = 1280, 720


def a_jpeg(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a picture of a gradient."""
    row = np.linspace(40, 200, width, dtype=np.uint8)
    image_bgr = np.dstack([np.tile(row, (height, 1))] * 3)
    is_encoded, jpeg = cv2.imencode(".jpg", image_bgr)
    assert is_encoded
    return jpeg.tobytes()


def still_pictures(jpeg: bytes) -> ApiBlueprint:
    """Return routes that answer with the same picture, to who may see the camera."""
    streams = ApiBlueprint("live", __name__)

    def picture(kind: str) -> type[MethodView]:
        class Picture(MethodView):
            """One picture."""

            def get(self, camera_id: int) -> Response:
                require_camera_view(camera_id, f"/{kind}/{camera_id}")
                frame_size = {"X-Frame-Size": f"{WIDTH}x{HEIGHT}"}
                return Response(jpeg, mimetype="image/jpeg", headers=frame_size)

        Picture.__name__ = kind
        return Picture

    @streams.route("/recognized_stream")
    class Montage(MethodView):
        """Several cameras."""

        def get(self) -> Response:
            require_cameras_view(montage_ids(request.args["camera_ids"]), "/recognized_stream")
            return Response(jpeg, mimetype="image/jpeg")

    for kind in ("get_snapshot", "get_stream", "recognized_stream"):
        streams.route(f"/{kind}/<id:camera_id>")(picture(kind))
    return streams
