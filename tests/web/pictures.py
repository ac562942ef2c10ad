"""A stream path with a still picture, for tests of what is around it."""

from flask import Response
from flask.views import MethodView

from web.access.viewing import require_camera_view
from web.blueprint import ApiBlueprint


def still_pictures(jpeg: bytes) -> ApiBlueprint:
    """Return routes that answer with the same picture, to who may see the camera."""
    streams = ApiBlueprint("live", __name__)

    def picture(kind: str) -> type[MethodView]:
        class Picture(MethodView):
            """One picture."""

            def get(self, camera_id: int) -> Response:
                require_camera_view(camera_id, f"/{kind}/{camera_id}")
                return Response(jpeg, mimetype="image/jpeg")

        Picture.__name__ = kind
        return Picture

    for kind in ("get_snapshot", "get_stream", "recognized_stream"):
        streams.route(f"/{kind}/<id:camera_id>")(picture(kind))
    return streams
