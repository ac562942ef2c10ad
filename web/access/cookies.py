"""A browser's tokens. Scripts can read one cookie: the one that proves that they may."""

import hmac
from uuid import UUID

from flask import Request, Response

from web.access.tokens import Purpose, TokenSigner
from web.errors import Forbidden
from web.settings import WebSettings

ACCESS_COOKIE = "vigil_access"
REFRESH_COOKIE = "vigil_refresh"
#: Readable by our pages alone, and sent back by them as the header: double submit.
CSRF_COOKIE = "vigil_csrf"
CSRF_HEADER = "X-CSRF-Token"

#: The only route that is ever shown the refresh token.
REFRESH_PATH = "/token/refresh"


def set_cookies(
    answer: Response, settings: WebSettings, *, access_token: str, refresh_token: str, csrf: str
) -> None:
    """Give a browser the tokens of its log-in."""
    # Lax, so that a link from a mail finds the owner logged in; no other site can post.
    answer.set_cookie(
        ACCESS_COOKIE,
        access_token,
        max_age=settings.access_token_s,
        secure=settings.cookie_secure,
        httponly=True,
        samesite="Lax",
    )
    answer.set_cookie(
        REFRESH_COOKIE,
        refresh_token,
        max_age=settings.refresh_token_s,
        path=REFRESH_PATH,
        secure=settings.cookie_secure,
        httponly=True,
        samesite="Strict",
    )
    answer.set_cookie(
        CSRF_COOKIE,
        csrf,
        max_age=settings.refresh_token_s,
        secure=settings.cookie_secure,
        samesite="Strict",
    )


def clear_cookies(answer: Response) -> None:
    """Take a browser's tokens away."""
    answer.delete_cookie(ACCESS_COOKIE)
    answer.delete_cookie(REFRESH_COOKIE, path=REFRESH_PATH)
    answer.delete_cookie(CSRF_COOKIE)


def csrf_token(signer: TokenSigner, session_id: UUID) -> str:
    """Return what a page of this log-in must send along with each change."""
    return signer.fingerprint(Purpose.CSRF, session_id.hex)


def require_csrf(request: Request, signer: TokenSigner, session_id: UUID) -> None:
    """Return if a request that came by cookie was made by a page of ours.

    Raises:
        Forbidden: The header is missing or is another log-in's.
    """
    given = request.headers.get(CSRF_HEADER, "").encode()
    fitting = signer.fingerprints(Purpose.CSRF, session_id.hex)
    if not any(hmac.compare_digest(given, one.encode()) for one in fitting):
        raise Forbidden(
            f"A change by cookie needs the header {CSRF_HEADER} with the value of the cookie "
            f"{CSRF_COOKIE}."
        )
