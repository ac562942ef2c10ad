"""How often one address may ask for what is guessed, or fills the database."""

from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from vigil import keys
from vigil.bus.connection import SOCKET_TIMEOUT_S
from web.settings import WebSettings

_TOO_OFTEN = "Too many tries from this address. Retry-After says when to try again, in seconds."


def install_limits(app: Flask, settings: WebSettings) -> None:
    """Bound the routes that guess secrets, and those by which anybody with an account adds rows.

    Counted on the queue Redis, so that a restart forgets nothing and all processes count
    together. While it is away each process counts for itself: nobody is shut out, and nobody may
    guess without end.
    """
    limits = {
        "users.LogIn": settings.login_rate_limit,
        # Whoever finds a browser logged in must not find out the password, either.
        "users.MyPassword": settings.login_rate_limit,
        "users.Register": settings.register_rate_limit,
        "users.Refresh": settings.refresh_rate_limit,
        "notifications.Notifications": settings.notification_rate_limit,
        # Nobody has many at once, but each that comes and goes leaves lines in the audit trail.
        "recipients.LineTokens": settings.notification_rate_limit,
        "recipients.EmailRecipients": settings.notification_rate_limit,
    }
    # The library's types know texts and integers; redis-py takes fractions of a second too.
    timeouts: Any = {
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": SOCKET_TIMEOUT_S,
    }
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=settings.queue_url(),
        storage_options=timeouts,
        key_prefix=keys.RATE_LIMITS,
        headers_enabled=True,
        in_memory_fallback_enabled=True,
    )
    for endpoint, limit in limits.items():
        # Reading changes nothing, and guesses nothing.
        bounded: Any = limiter.limit(limit, methods=["POST"], error_message=_TOO_OFTEN)
        app.view_functions[endpoint] = bounded(app.view_functions[endpoint])
