"""``/exports``."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, g, request, send_file
from flask.views import MethodView

from vigil.exports import ExportKind
from web.access.principal import current_principal
from web.blueprint import ApiBlueprint
from web.database import db, give_back
from web.exports import service
from web.exports.models import Export
from web.exports.schemas import ExportIn, ExportOut
from web.schemas import PageQuery
from web.wiring import wired

blp = ApiBlueprint("exports", __name__, description="Footage as files for people.")

_TYPE_OF = {ExportKind.MP4: "video/mp4", ExportKind.ZIP: "application/zip"}
_FILE = {"type": "string", "format": "binary"}


@blp.route("/exports")
class Exports(MethodView):
    """Exports that the caller asked for; an admin sees all."""

    @blp.arguments(PageQuery, location="query")
    @blp.response(HTTPStatus.OK, ExportOut(many=True))
    def get(self, query: dict[str, Any]) -> Sequence[Export]:
        """List exports, the newest first."""
        return service.exports(db.session(), current_principal(), **query)

    @blp.arguments(ExportIn)
    @blp.response(HTTPStatus.CREATED, ExportOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such camera, or not yours to see.")
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="A camera has privacy masks.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="Too many wait already.")
    def post(self, fields: dict[str, Any]) -> Export:
        """Ask for footage of some time as one file. It is made in its turn."""
        wiring = wired()
        return service.ask(
            db.session(), current_principal(), fields, queue=wiring.exports, now=wiring.now()
        )


@blp.route("/exports/<id:export_id>")
class ExportItem(MethodView):
    """One export."""

    @blp.response(HTTPStatus.OK, ExportOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such export, or not yours to see.")
    def get(self, export_id: int) -> Export:
        """Tell how far an export is."""
        return service.find(db.session(), current_principal(), export_id)

    @blp.response(HTTPStatus.NO_CONTENT)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such export, or not yours.")
    def delete(self, export_id: int) -> None:
        """Cancel an export, or delete the file that it made."""
        service.end(db.session(), current_principal(), export_id, queue=wired().exports)


@blp.route("/exports/<id:export_id>/file")
class ExportFile(MethodView):
    """What an export made."""

    @blp.response(HTTPStatus.OK, _FILE, content_type="video/mp4")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such export, or not yours to see.")
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="A camera has privacy masks.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="It has no file, or not yet.")
    def get(self, export_id: int) -> Response:
        """Give the file, or a part of it where a range is asked for."""
        session, who = db.session(), current_principal()
        export = service.find_file(session, who, export_id)
        signed_for = g.get("token_camera_ids")
        path = wired().volumes.path_of(export)
        is_signed = signed_for is None or signed_for.issuperset(export.camera_ids)
        if path is None or not is_signed:
            raise service.ExportNotFound(export_id)
        if _begins(request.headers.get("Range")):
            service.note_download(session, who, export)
        kind = ExportKind(export.kind)
        name = f"{export.begun_at:%Y-%m-%d_%H-%M-%S}.{kind}"
        # A large file takes its time, and needs no database.
        give_back(session)
        return send_file(
            path,
            mimetype=_TYPE_OF[kind],
            download_name=name,
            as_attachment=kind is ExportKind.ZIP,
            conditional=True,
        )


def _begins(asked_range: str | None) -> bool:
    """Return whether a request is for the beginning: a player asks for parts, again and again."""
    return asked_range is None or asked_range.replace(" ", "").startswith("bytes=0-")
