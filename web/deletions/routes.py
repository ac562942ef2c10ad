"""``DELETE /recordings/...``."""

from http import HTTPStatus
from typing import Any

from flask.views import MethodView

from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db
from web.deletions import service
from web.deletions.schemas import ConfirmationQuery, DeletionOut, SpanDeletionQuery
from web.deletions.service import Deletion, Wanted
from web.wiring import wired

blp = ApiBlueprint("deletions", __name__, description="Footage that goes before its time.")

_REFUSED = "The confirmation does not count any more, or not for this."


@blp.route("/recordings/<id:camera_id>")
class CameraFootage(MethodView):
    """Footage of a camera."""

    @blp.arguments(SpanDeletionQuery, location="query")
    @blp.response(HTTPStatus.OK, DeletionOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera.")
    @blp.alt_response(HTTPStatus.CONFLICT, description=_REFUSED)
    def delete(self, query: dict[str, Any], camera_id: int) -> Deletion:
        """Delete the files that have a part of some time: ask first, then confirm."""
        wanted = Wanted(camera_id, since=query["since"], until=query["until"])
        return _asked_or_done(wanted, query["confirmation"])


@blp.route("/recordings/files/<id:segment_id>")
class FootageFile(MethodView):
    """One file of footage."""

    @blp.arguments(ConfirmationQuery, location="query")
    @blp.response(HTTPStatus.OK, DeletionOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such footage.")
    @blp.alt_response(HTTPStatus.CONFLICT, description=_REFUSED)
    def delete(self, query: dict[str, Any], segment_id: int) -> Deletion:
        """Delete a file of footage: ask first, then confirm."""
        wanted = service.of_file(db.session(), current_principal(), segment_id)
        return _asked_or_done(wanted, query["confirmation"])


def _asked_or_done(wanted: Wanted, confirmation: str | None) -> Deletion:
    session, who, now, signer = db.session(), current_principal(), wired().now(), wired().signer
    if confirmation is None:
        return service.ask(session, wanted, who=who, now=now, signer=signer)
    return service.confirm(
        session,
        wanted,
        confirmation,
        who=who,
        now=now,
        signer=signer,
        orders=wired().deletions,
    )
