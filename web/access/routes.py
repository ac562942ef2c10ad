"""``/cameras/<id>/grants`` and ``/stream_tokens``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask.views import MethodView

from web.access import service
from web.access.principal import current_principal
from web.access.schemas import GrantOut, StreamTokenIn, StreamTokenOut
from web.access.streams import cameras_at
from web.access.viewing import STREAM_TOKEN_S, sign_view
from web.access.visibility import require_visible
from web.blueprint import ApiBlueprint
from web.database import db

blp = ApiBlueprint("access", __name__, description="Who may see which camera.")


@blp.route("/cameras/<id:camera_id>/grants")
class Grants(MethodView):
    """Who was granted a camera."""

    @blp.response(HTTPStatus.OK, GrantOut(many=True))
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    def get(self, camera_id: int) -> Sequence[Any]:
        """List the accounts that were granted a camera; operators and admins see all anyway."""
        return service.grants(db.session(), camera_id)


@blp.route("/cameras/<id:camera_id>/grants/<uuid:account_id>")
class Grant(MethodView):
    """One grant."""

    @blp.response(HTTPStatus.NO_CONTENT)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or no such account.")
    def put(self, camera_id: int, account_id: UUID) -> None:
        """Let an account see a camera."""
        service.grant(db.session(), camera_id, account_id, who=current_principal())

    @blp.response(HTTPStatus.NO_CONTENT)
    def delete(self, camera_id: int, account_id: UUID) -> None:
        """Take a grant away; running streams end within seconds."""
        service.withdraw(db.session(), camera_id, account_id, who=current_principal())


@blp.route("/stream_tokens")
class StreamTokens(MethodView):
    """Signed addresses."""

    @blp.arguments(StreamTokenIn)
    @blp.response(HTTPStatus.CREATED, StreamTokenOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, picture or stream.")
    def post(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Sign the address of a picture or a stream, for an ``<img>`` or a player."""
        who, address = current_principal(), fields["path"]
        path, camera_ids = cameras_at(db.session(), who, address)
        require_visible(db.session(), who, camera_ids)
        token = sign_view(who, camera_ids, path)
        url = f"{address}{'&' if '?' in address else '?'}{urlencode({'token': token})}"
        return {"token": token, "url": url, "expires_in_s": STREAM_TOKEN_S}
