"""Before each request: who is it, and may they call this route at all?"""

from http import HTTPMethod
from typing import Any
from uuid import UUID

from flask import Flask, g, request

from vigil.errors import SetupInvalid
from web.access.cookies import ACCESS_COOKIE, require_csrf
from web.access.origin import is_called_as_loopback, is_from_another_site, is_loopback_name
from web.access.principal import Principal
from web.access.rights import Role
from web.access.rules import RULES, Rule
from web.access.service import load_principal
from web.access.tokens import Purpose
from web.access.viewing import opens
from web.database import db
from web.errors import Forbidden, Unauthenticated
from web.settings import AuthMode, WebSettings
from web.users.models import LOCAL_ADMIN, LOCAL_ADMIN_ID
from web.wiring import wired

_SAFE_METHODS = frozenset({HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS})


def install_guard(app: Flask) -> None:
    """Ask the table of rules before each request.

    Raises:
        SetupInvalid: A route is not in the table, so nobody decided who may call it.
    """
    unruled = sorted(
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (method, rule.rule) not in RULES
    )
    if unruled:
        raise SetupInvalid(f"web.access.rules says nothing about {', '.join(unruled)}")
    app.before_request(_guard)


def require_loopback(settings: WebSettings, host: str) -> None:
    """Return if the server may listen on host.

    Raises:
        SetupInvalid: Everybody would be admin, and nobody said that this is wanted.
    """
    if settings.auth_mode is not AuthMode.OPEN or settings.auth_open_beyond_loopback:
        return
    if not is_loopback_name(host.strip("[]")):
        raise SetupInvalid(
            f"AUTH_MODE=open makes every caller admin, so the server listens on 127.0.0.1 and "
            f"not on {host or 'all addresses'}. Use AUTH_MODE=required, or say "
            "AUTH_OPEN_BEYOND_LOOPBACK=true if that is what you want"
        )


def _guard() -> None:
    if request.url_rule is None or request.method == HTTPMethod.OPTIONS:
        return  # Flask answers 404, 405, or the list of methods.
    method = HTTPMethod.GET if request.method == HTTPMethod.HEAD else request.method
    rule = RULES[method, request.url_rule.rule]
    if rule.right is None:
        return
    principal = _authenticate(rule)
    if not principal.may(rule.right):
        raise Forbidden(f"A {principal.role} may not do this.")
    g.principal = principal


def _authenticate(rule: Rule) -> Principal:
    """Return who is calling, by the first proof that was given.

    Raises:
        Unauthenticated: None was given, or it is not good.
        Forbidden: A page of another site used a browser's cookie.
    """
    header = request.headers.get("Authorization", "").strip()
    if header:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer":
            raise Unauthenticated("Send the header Authorization: Bearer <access_token>.")
        return _by_access_token(token.strip())
    if rule.by_stream_token and "token" in request.args:
        return _by_stream_token(request.args["token"])
    is_open = wired().settings.auth_mode is AuthMode.OPEN
    # In open mode a stale cookie must not shut out whom no cookie at all lets in.
    if ACCESS_COOKIE in request.cookies and not is_open:
        principal = _by_access_token(request.cookies[ACCESS_COOKIE])
        if request.method not in _SAFE_METHODS and principal.session_id is not None:
            require_csrf(request, wired().signer, principal.session_id)
        return principal
    if is_open:
        return _local_admin()
    raise Unauthenticated("Log in first.")


def _by_access_token(token: str) -> Principal:
    return _load(wired().signer.read(Purpose.ACCESS, token))


def _by_stream_token(token: str) -> Principal:
    claims = wired().signer.read(Purpose.STREAM, token)
    if not opens(claims["path"], request.path):
        raise Unauthenticated("The token is for another address.")
    g.token_path = claims["path"]
    g.token_camera_ids = frozenset(claims["cameras"])
    return _load(claims)


def _load(claims: dict[str, Any]) -> Principal:
    if claims["sid"] is None:
        # Signed for the local admin: good while the mode lasts.
        if wired().settings.auth_mode is AuthMode.OPEN:
            return _local_admin()
        raise Unauthenticated("This log-in has ended. Log in again.")
    principal = load_principal(
        db.session(),
        UUID(claims["sub"]),
        UUID(claims["sid"]),
        address=caller_address(),
        now=wired().now(),
    )
    if principal is None:
        raise Unauthenticated("This log-in has ended. Log in again.")
    return principal


def _local_admin() -> Principal:
    """Return the local admin of ``AUTH_MODE=open``, unless another site's page is calling.

    Raises:
        Forbidden: The browser came by a foreign name (DNS rebinding), or from a foreign page.
    """
    is_beyond = wired().settings.auth_open_beyond_loopback
    if not is_beyond and not is_called_as_loopback(request):
        raise Forbidden("With AUTH_MODE=open, call this server as localhost.")
    if is_from_another_site(request):
        raise Forbidden("With AUTH_MODE=open, pages of other sites may not call.")
    return Principal(LOCAL_ADMIN_ID, LOCAL_ADMIN, Role.ADMIN, caller_address())


def caller_address() -> str:
    """Return the caller's address, as the trusted proxies say."""
    return request.remote_addr or "unknown"
