"""What the stream path asks: may this caller see this camera, and do they still?

``require_camera_view`` runs in a request. ``may_still_view`` runs in an application context,
needs no request, and gives its connection back before it returns.
"""

from collections.abc import Collection

from flask import g
from sqlalchemy.orm import Session

from web.access.principal import Principal, current_principal
from web.access.service import is_still_allowed
from web.access.tokens import Purpose
from web.access.visibility import require_visible
from web.database import db
from web.errors import NotFound
from web.wiring import wired

#: Seconds in which a signed address must be used for the first time.
STREAM_TOKEN_S = 60
#: Seconds for which a player may read what a playlist names.
FOOTAGE_TOKEN_S = 12 * 3600
#: Below which the files of footage are.
FOOTAGE_PATH = "/recordings/files/"


class StreamUnknown(NotFound):
    """No picture or stream is at this address."""


def require_camera_view(camera_id: int, path: str) -> Principal:
    """Return who may see the camera at this address; no database connection is held after.

    Raises:
        Unauthenticated: Nobody, or a token for another address (the guard asked already).
        CameraNotFound: There is no such camera, or it is hidden from the caller.
    """
    return require_cameras_view([camera_id], path)


def require_cameras_view(camera_ids: Collection[int], path: str) -> Principal:
    """Return who may see all of these cameras at this address, as for a montage.

    Raises:
        CameraNotFound: One is unknown or hidden.
        StreamUnknown: The signed token is for other cameras or another address.
    """
    principal = current_principal()
    require_signed_for(camera_ids, path)
    require_visible(db.session(), principal, camera_ids)
    db.session.remove()
    return principal


def require_signed_for(camera_ids: Collection[int], path: str) -> None:
    """Return if the caller came without a signed token, or with one for these cameras here.

    Raises:
        StreamUnknown: It is for other cameras, or another address.
    """
    signed_for = g.get("token_camera_ids")
    if signed_for is None:
        return
    if not opens(g.token_path, path) or not signed_for.issuperset(camera_ids):
        raise StreamUnknown("The token is for another address.")


def is_by_token() -> bool:
    """Return whether the caller proved itself by a signed token."""
    return g.get("token_camera_ids") is not None


def opens(signed: str, path: str) -> bool:
    """Return whether a token that was signed for a path is good for another one.

    One that ends in a slash is good for all below it, of its cameras: see ``sign_footage``.
    """
    return path.startswith(signed) if signed.endswith("/") else path == signed


def may_still_view(principal: Principal, camera_ids: Collection[int]) -> bool:
    """Return whether a running stream of these cameras may go on. Two short queries.

    Raises:
        DatabaseUnavailable: Nobody knows; the caller decides how long to go on.
    """
    with Session(db.engine) as session:
        return is_still_allowed(session, principal, camera_ids, now=wired().now())


def sign_view(principal: Principal, camera_ids: Collection[int], path: str) -> str:
    """Return a token by which an ``<img>`` or a player may begin to show these cameras."""
    return _sign(principal, camera_ids, path, lifetime_s=STREAM_TOKEN_S)


def sign_footage(principal: Principal, camera_id: int) -> str:
    """Return a token by which a player reads the files of footage of one camera.

    It lives longer than others, since a player asks again and again: each time it is asked whether
    the log-in still holds, and whether it may see the camera and all of it.
    """
    return _sign(principal, [camera_id], FOOTAGE_PATH, lifetime_s=FOOTAGE_TOKEN_S)


def _sign(principal: Principal, camera_ids: Collection[int], path: str, *, lifetime_s: int) -> str:
    claims = {
        "sub": str(principal.account_id),
        "sid": None if principal.session_id is None else str(principal.session_id),
        "cameras": sorted(set(camera_ids)),
        "path": path,
    }
    return wired().signer.sign(Purpose.STREAM, claims, lifetime_s=lifetime_s)
