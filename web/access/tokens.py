"""Signed tokens: short texts that only we can have made, each for one purpose."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import jwt

from vigil.clock import MICROSECONDS, Clock
from web.errors import Unauthenticated

_ALGORITHM = "HS256"


class Purpose(StrEnum):
    """What a token is good for. Each has a key of its own, so that none passes for another."""

    ACCESS = "vigil access token v1"
    STREAM = "vigil stream token v1"
    CSRF = "vigil csrf token v1"
    SETUP = "vigil setup code v1"
    REFRESH = "vigil refresh token v1"
    DELETION = "vigil deletion confirmation v1"


class TokenSigner:
    """Makes tokens, and reads those that it or its predecessor made.

    Args:
        secret_key: Signs, and reads.
        previous: The secret before a rotation: reads only.
        clock: Says when a token is over.
    """

    def __init__(self, secret_key: str, previous: str | None, *, clock: Clock) -> None:
        self._secrets = [secret_key] if previous is None else [secret_key, previous]
        self._clock = clock

    def now_s(self) -> int:
        """Return the UTC by which tokens are judged, in seconds since 1970."""
        return self._clock.utc_us() // MICROSECONDS

    def sign(self, purpose: Purpose, claims: Mapping[str, Any], *, lifetime_s: int) -> str:
        """Return a JWT with the claims, good for lifetime_s."""
        now_s = self.now_s()
        timed = {**claims, "iat": now_s, "exp": now_s + lifetime_s}
        return jwt.encode(timed, _key(self._secrets[0], purpose), algorithm=_ALGORITHM)

    def read(self, purpose: Purpose, token: str) -> dict[str, Any]:
        """Return the claims of a token.

        Raises:
            Unauthenticated: It was not made by us for this purpose, or is over.
        """
        for secret in self._secrets:
            claims = _claims(token, _key(secret, purpose))
            if claims is None:
                continue
            if not self.now_s() < claims["exp"]:
                raise Unauthenticated("The token has expired.")
            return claims
        raise Unauthenticated("The token is not valid.")

    def fingerprint(self, purpose: Purpose, text: str) -> str:
        """Return what only we can derive from text: 26 letters and digits, always the same."""
        return self.fingerprints(purpose, text)[0]

    def fingerprints(self, purpose: Purpose, text: str) -> list[str]:
        """Return the fingerprints of text under the secret, and under its predecessor."""
        digests = (
            hmac.digest(_key(secret, purpose), text.encode(), "sha256") for secret in self._secrets
        )
        return [base64.b32encode(digest[:16]).decode().rstrip("=").lower() for digest in digests]


def _claims(token: str, key: bytes) -> dict[str, Any] | None:
    # The time is judged by our clock, above.
    options: Any = {"verify_exp": False, "verify_iat": False, "require": ["exp"]}
    try:
        return jwt.decode(token, key, algorithms=[_ALGORITHM], options=options)
    except (jwt.InvalidTokenError, UnicodeEncodeError):
        return None


def _key(secret: str, purpose: Purpose) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
