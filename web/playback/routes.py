"""``/recordings/<id>/playlist.m3u8`` and ``/recordings/<id>/thumbnail``."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from flask.views import MethodView

from vigil.clock import us_from_utc
from web.access.principal import current_principal
from web.access.viewing import is_by_token, require_signed_for, sign_footage
from web.blueprint import ApiBlueprint
from web.database import db
from web.playback import playlist, service
from web.playback.schemas import PlaylistQuery, ThumbnailQuery
from web.wiring import wired

blp = ApiBlueprint("playback", __name__, description="Footage as one stream, and its pictures.")

#: Seconds for which a browser keeps a picture of footage that is done.
_KEPT_S = 600


@blp.route("/recordings/<id:camera_id>/playlist.m3u8")
class Playlist(MethodView):
    """Footage of some time, as one stream."""

    @blp.arguments(PlaylistQuery, location="query")
    @blp.response(HTTPStatus.OK, {"type": "string"}, content_type=playlist.CONTENT_TYPE)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No footage of then, or not yours to see.")
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="The camera has privacy masks.")
    @blp.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, description="It is not on this machine.")
    def get(self, query: dict[str, Any], camera_id: int) -> Response:
        """Give an HLS playlist of a camera's footage, in which a player can seek."""
        who, now = current_principal(), wired().now()
        require_signed_for([camera_id], request.path)
        until = query["until"] or now
        # A signed address is good for a minute, in which nothing much is added.
        is_over = until <= now or is_by_token()
        found = service.footage(
            db.session(),
            who,
            camera_id,
            since=query["since"],
            until=until,
            is_over=is_over,
            volumes=wired().volumes,
            shelf=wired().gops,
        )
        token = f"?{urlencode({'token': sign_footage(who, camera_id)})}" if is_by_token() else ""
        text = playlist.playlist_of(
            found.pieces,
            uri_of=lambda segment_id: f"../files/{segment_id}{token}",
            begin_us=us_from_utc(query["since"]),
            is_over=is_over,
            notes=_notes(found.elsewhere),
        )
        return Response(text, content_type=playlist.CONTENT_TYPE)


def _notes(elsewhere: int) -> list[str]:
    if not elsewhere:
        return []
    files = "file is on a volume" if elsewhere == 1 else "files are on volumes"
    return [f"{elsewhere} {files} that {'is' if elsewhere == 1 else 'are'} not mounted here"]


@blp.route("/recordings/<id:camera_id>/thumbnail")
class Thumbnail(MethodView):
    """A picture of a moment."""

    @blp.arguments(ThumbnailQuery, location="query")
    @blp.response(HTTPStatus.OK, {"type": "string", "format": "binary"}, content_type="image/jpeg")
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No footage of then, or not yours to see.")
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="The camera has privacy masks.")
    @blp.alt_response(HTTPStatus.SERVICE_UNAVAILABLE, description="Too many at once, or elsewhere.")
    def get(self, query: dict[str, Any], camera_id: int) -> Response:
        """Show a small picture of what was recorded at a moment."""
        require_signed_for([camera_id], request.path)
        moment = service.moment(
            db.session(),
            current_principal(),
            camera_id,
            at=query["at"],
            volumes=wired().volumes,
            shelf=wired().gops,
        )
        made = wired().thumbnails.of(moment, width_px=query["width"])
        answer = Response(made.jpeg, content_type="image/jpeg")
        answer.headers["X-Captured-At"] = made.captured_at.isoformat()
        if made.is_final:
            # By the one who asked alone: who logs in as somebody else asks again.
            answer.headers["Cache-Control"] = f"private, max-age={_KEPT_S}"
            answer.vary.update(["Authorization", "Cookie"])
        return answer
