"""Hashing passwords: slow on purpose, and never more than a few at once."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

#: What OWASP asks of Argon2id at least (Password Storage Cheat Sheet): 19 MiB, two passes, one
#: lane. The library's default takes four times the processor time, of which log-ins rob streams.
TIME_COST, MEMORY_COST_KIB, LANES = 2, 19_456, 1


def owasp_hasher() -> PasswordHasher:
    """Return the hasher of a real server."""
    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_COST_KIB, parallelism=LANES)


class Passwords:
    """Makes and checks argon2 hashes.

    Args:
        hasher: With its cost in time and memory.
        parallel: How many are computed at once; the others wait. Bounds memory and processor
            time, whatever number of log-ins comes in.
    """

    def __init__(self, hasher: PasswordHasher, *, parallel: int = 2) -> None:
        self._hasher = hasher
        self._turns = threading.BoundedSemaphore(parallel)
        self._nobodys_hash = hasher.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """Return the hash under which a password may be stored."""
        with self._turns:
            return self._hasher.hash(password)

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether password is the hashed one.

        Takes as long for an account that does not exist, so that time tells nothing.

        Args:
            password_hash: None: there is no such account, or it has no password.
            password: What was typed.
        """
        with self._turns:
            try:
                self._hasher.verify(password_hash or self._nobodys_hash, password)
            except (VerifyMismatchError, InvalidHashError):
                return False
        return password_hash is not None
