"""``/image/<path>``."""

from http import HTTPStatus

from flask import Response
from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.images.service import find_visible, jpeg_of
from web.wiring import wired

blp = ApiBlueprint("images", __name__, description="Pictures that the system saved.")


@blp.route("/image/<path:path>")
class Image(MethodView):
    """One picture."""

    @blp.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/jpeg")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such picture, or not yours to see.")
    def get(self, path: str) -> Response:
        """Show a picture that the system saved, with the privacy masks that its camera has now."""
        picture = find_visible(db.session(), wired().pictures, current_principal(), path)
        return Response(jpeg_of(picture), content_type="image/jpeg")
