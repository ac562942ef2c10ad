"""The secret of a machine that nobody gave one: made once, and kept."""

import secrets
from pathlib import Path

from vigil.durable_file import write_atomically
from vigil.errors import SetupInvalid
from vigil.settings import MIN_SECRET_CHARS


def secret_in(home: Path) -> str:
    """Return the secret in ``<home>/secret_key``, made if it is not there, for its owner alone.

    Raises:
        SetupInvalid: The file holds no secret. It is not replaced: all that it sealed would be
            lost.
    """
    path = home / "secret_key"
    if not path.exists():
        write_atomically(path, f"{secrets.token_urlsafe(48)}\n".encode())
    secret = path.read_text(encoding="ascii", errors="replace").strip()
    if len(secret) < MIN_SECRET_CHARS:
        raise SetupInvalid(
            f"{path} holds no secret of {MIN_SECRET_CHARS} characters. Bring back the one that was "
            "there, or remove the file: then all log in again and give camera passwords anew."
        )
    path.chmod(0o600)
    return secret
