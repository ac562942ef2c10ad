"""The one table of which right each route needs. A route that is not in it does not start.

What depends on the object (whose camera, whose recipient) is asked in the domain's service.
"""

from dataclasses import dataclass
from typing import Final

from web.access.rights import Right


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of its caller.

    Attributes:
        right: None: anybody may call.
        by_stream_token: Whether a signed ``?token=`` will do, for ``<img>`` and players.
    """

    right: Right | None
    by_stream_token: bool = False


_PUBLIC = Rule(None)
_ACCOUNT = Rule(Right.USE_ACCOUNT)
_VIEW = Rule(Right.VIEW_CAMERAS)
_PICTURE = Rule(Right.VIEW_CAMERAS, by_stream_token=True)
_CAMERAS = Rule(Right.MANAGE_CAMERAS)
_RECORD = Rule(Right.RECORD)
_RULES = Rule(Right.EDIT_RULES)
_MASKS = Rule(Right.EDIT_MASKS)
_DELETE_FOOTAGE = Rule(Right.DELETE_FOOTAGE)
_PROTECT = Rule(Right.PROTECT_FOOTAGE)
_ACCOUNTS = Rule(Right.MANAGE_ACCOUNTS)

#: (method, Flask's rule) to what it asks. HEAD asks what GET asks; OPTIONS asks nothing.
RULES: Final[dict[tuple[str, str], Rule]] = {
    # users
    ("POST", "/register"): _PUBLIC,
    ("POST", "/login"): _PUBLIC,
    ("POST", "/token/refresh"): _PUBLIC,
    ("POST", "/logout"): _ACCOUNT,
    ("GET", "/me"): _ACCOUNT,
    ("POST", "/me/password"): _ACCOUNT,
    ("GET", "/accounts"): _ACCOUNTS,
    ("PATCH", "/accounts/<uuid:account_id>"): _ACCOUNTS,
    ("GET", "/invitations"): _ACCOUNTS,
    ("POST", "/invitations"): _ACCOUNTS,
    ("DELETE", "/invitations/<id:invitation_id>"): _ACCOUNTS,
    # access
    ("GET", "/cameras/<id:camera_id>/grants"): _ACCOUNTS,
    ("PUT", "/cameras/<id:camera_id>/grants/<uuid:account_id>"): _ACCOUNTS,
    ("DELETE", "/cameras/<id:camera_id>/grants/<uuid:account_id>"): _ACCOUNTS,
    ("POST", "/stream_tokens"): _VIEW,
    # cameras
    ("GET", "/cameras"): _VIEW,
    ("POST", "/cameras"): _CAMERAS,
    ("GET", "/cameras/<id:camera_id>"): _VIEW,
    ("PATCH", "/cameras/<id:camera_id>"): _CAMERAS,
    ("DELETE", "/cameras/<id:camera_id>"): _CAMERAS,
    ("GET", "/camera_status"): _VIEW,
    ("GET", "/workers"): Rule(Right.SEE_WORKERS),
    # rules of a camera
    ("GET", "/rectangles/<id:camera_id>"): _VIEW,
    ("POST", "/rectangles/<id:camera_id>"): _RULES,
    ("DELETE", "/rectangles/<id:camera_id>"): _RULES,
    ("GET", "/masks/<id:camera_id>"): _VIEW,
    ("POST", "/masks/<id:camera_id>"): _MASKS,
    ("DELETE", "/masks/<id:camera_id>"): _MASKS,
    ("GET", "/lines/<id:camera_id>"): _VIEW,
    ("POST", "/lines/<id:camera_id>"): _RULES,
    ("DELETE", "/lines/<id:camera_id>"): _RULES,
    ("GET", "/time_intervals/<id:camera_id>"): _VIEW,
    ("POST", "/time_intervals/<id:camera_id>"): _RULES,
    ("DELETE", "/time_intervals/<id:camera_id>"): _RULES,
    # notifications and who gets them
    ("GET", "/notifications"): _ACCOUNT,
    ("POST", "/notifications"): _ACCOUNT,
    ("GET", "/line_tokens"): _ACCOUNT,
    ("POST", "/line_tokens"): _ACCOUNT,
    ("DELETE", "/line_tokens/<id:token_id>"): _ACCOUNT,
    ("GET", "/email_recipients"): _ACCOUNT,
    ("POST", "/email_recipients"): _ACCOUNT,
    ("DELETE", "/email_recipients/<id:recipient_id>"): _ACCOUNT,
    # pictures and streams
    ("GET", "/get_snapshot/<id:camera_id>"): _PICTURE,
    ("GET", "/get_stream/<id:camera_id>"): _PICTURE,
    ("GET", "/recognized_stream/<id:camera_id>"): _PICTURE,
    ("GET", "/recognized_stream"): _PICTURE,
    ("GET", "/image/<path:path>"): _PICTURE,
    # footage
    ("GET", "/recordings"): _VIEW,
    ("GET", "/recordings/<id:camera_id>/availability"): _VIEW,
    ("GET", "/recordings/files/<id:segment_id>"): _PICTURE,
    ("GET", "/recordings/<id:camera_id>/playlist.m3u8"): _PICTURE,
    ("GET", "/recordings/<id:camera_id>/thumbnail"): _PICTURE,
    ("POST", "/recordings/<id:camera_id>/start"): _RECORD,
    ("POST", "/recordings/<id:camera_id>/stop"): _RECORD,
    ("POST", "/recordings/<id:camera_id>/reset"): _RECORD,
    ("GET", "/recordings/<id:camera_id>/protections"): _VIEW,
    ("POST", "/recordings/<id:camera_id>/protections"): _PROTECT,
    ("DELETE", "/recordings/<id:camera_id>/protections/<id:protection_id>"): _PROTECT,
    ("GET", "/recordings/storage"): Rule(Right.SEE_STORAGE),
    ("DELETE", "/recordings/<id:camera_id>"): _DELETE_FOOTAGE,
    ("DELETE", "/recordings/files/<id:segment_id>"): _DELETE_FOOTAGE,
    ("GET", "/exports"): _VIEW,
    ("POST", "/exports"): _VIEW,
    ("GET", "/exports/<id:export_id>"): _VIEW,
    ("DELETE", "/exports/<id:export_id>"): _VIEW,
    ("GET", "/exports/<id:export_id>/file"): _PICTURE,
    # what was seen
    ("GET", "/tracks"): _VIEW,
    ("GET", "/detections/<id:camera_id>"): _VIEW,
    ("GET", "/line_counts/<id:camera_id>"): _VIEW,
    ("GET", "/explanations/<id:camera_id>"): _VIEW,
    ("GET", "/set_aside_facts"): Rule(Right.READ_AUDIT),
    # audit
    ("GET", "/audit"): Rule(Right.READ_AUDIT),
    # pages
    ("GET", "/"): _VIEW,
    ("GET", "/login"): _PUBLIC,
    ("GET", "/snapshot_ui/<id:camera_id>"): _VIEW,
    ("GET", "/docs"): _PUBLIC,
    ("GET", "/docs/assets/<path:filename>"): _PUBLIC,
    ("GET", "/static/<path:filename>"): _PUBLIC,
    # for machines
    ("GET", "/openapi.json"): _PUBLIC,
    ("GET", "/healthz"): _PUBLIC,
    ("GET", "/readyz"): _PUBLIC,
    ("GET", "/metrics"): _PUBLIC,
}
