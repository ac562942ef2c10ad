"""Who may watch: Basic by RFC 7617, Digest by RFC 2069 and 2617 (MD5), as cameras speak them."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


class Scheme(StrEnum):
    """How a client proves that it knows the password."""

    BASIC = "Basic"
    DIGEST = "Digest"


@dataclass(frozen=True, slots=True)
class Credentials:
    """One user and password. They are never printed.

    Attributes:
        scheme: The only one that is offered and taken.
    """

    user: str = field(repr=False)
    password: str = field(repr=False)
    scheme: Scheme = Scheme.DIGEST
    realm: str = "Vigil"


class Gate:
    """Asks one connection for credentials, and checks what it answers.

    Args:
        credentials: None lets everybody in.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._nonce = secrets.token_hex(16)

    def challenge(self) -> str:
        """Return the value of WWW-Authenticate."""
        assert self._credentials is not None
        realm = f'realm="{self._credentials.realm}"'
        if self._credentials.scheme is Scheme.BASIC:
            return f"Basic {realm}"
        return f'Digest {realm}, nonce="{self._nonce}", algorithm=MD5'

    def admits(self, method: str, authorization: str) -> bool:
        """Return whether a request may pass.

        Args:
            method: Of the request, which a digest covers.
            authorization: The header's value; empty where the client sent none.
        """
        wanted = self._credentials
        if wanted is None:
            return True
        scheme, _, proof = authorization.partition(" ")
        if scheme.lower() != wanted.scheme.lower():
            return False
        if wanted.scheme is Scheme.BASIC:
            return _same(_decoded(proof), f"{wanted.user}:{wanted.password}")
        fields = {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(proof)}
        return (
            _same(fields.get("username", ""), wanted.user)
            and _same(fields.get("nonce", ""), self._nonce)
            and _same(fields.get("response", ""), digest(wanted, method, fields))
        )


def digest(credentials: Credentials, method: str, fields: dict[str, str]) -> str:
    """Return the response that a client with these credentials computes.

    Args:
        credentials: What it knows.
        method: Of the request.
        fields: ``uri`` and ``nonce``; with ``qop`` also ``nc`` and ``cnonce``.
    """
    known = _md5(f"{credentials.user}:{credentials.realm}:{credentials.password}")
    asked = _md5(f"{method}:{fields.get('uri', '')}")
    nonce = fields.get("nonce", "")
    if "qop" in fields:
        nonce = f"{nonce}:{fields.get('nc', '')}:{fields.get('cnonce', '')}:{fields['qop']}"
    return _md5(f"{known}:{nonce}:{asked}")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
