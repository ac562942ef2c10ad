"""Encryption at rest of what must be read again: camera addresses and passwords, channel tokens.

Fernet (AES-128-CBC with HMAC-SHA256) under a key derived from
SECRET_KEY by HKDF-SHA256 (RFC 5869). Two keys allow a rotation: the new one seals, both open.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vigil.errors import MessageInvalid

#: Binds the derived key to this use, so that no other use of SECRET_KEY shares it.
_PURPOSE = b"vigil sealing v1"


class Sealer:
    """Seals short texts, and opens what it or its predecessor sealed.

    Args:
        secret_key: Seals, and opens.
        previous: The secret before a rotation: opens only.
    """

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        secrets = [secret_key] if previous is None else [secret_key, previous]
        fernets = [Fernet(_derived_key(secret)) for secret in secrets]
        self._present, self._any = fernets[0], MultiFernet(fernets)

    def seal(self, text: str) -> str:
        """Return text as an ASCII token that only holders of the secret can read or make."""
        return self._present.encrypt(text.encode()).decode()

    def open(self, token: str) -> str:
        """Return the text that was sealed.

        Raises:
            MessageInvalid: The token was sealed under another secret, or was changed.
        """
        try:
            return self._any.decrypt(token.encode()).decode()
        except InvalidToken:
            raise MessageInvalid("sealed under another SECRET_KEY, or damaged") from None

    def renewed(self, token: str) -> str:
        """Return the token, if the present secret sealed it; else its text sealed by that one.

        Raises:
            MessageInvalid: Neither secret opens it.
        """
        try:
            self._present.decrypt(token.encode())
        except InvalidToken:
            return self.seal(self.open(token))
        return token


def _derived_key(secret: str) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE)
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
