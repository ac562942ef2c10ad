"""Who is calling."""

from dataclasses import dataclass
from uuid import UUID

from flask import g

from web.access.rights import RIGHTS_OF, Right, Role
from web.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Principal:
    """An account that proved itself, and from where.

    Attributes:
        address: The caller's address, as the trusted proxies say.
        session_id: The log-in that it came by; None: the local admin of ``AUTH_MODE=open``.
    """

    account_id: UUID
    username: str
    role: Role
    address: str
    session_id: UUID | None = None

    def may(self, right: Right) -> bool:
        """Return whether the role carries the right."""
        return right in RIGHTS_OF[self.role]


def current_principal() -> Principal:
    """Return who made this request.

    Raises:
        Unauthenticated: Nobody did, on a route that asks for nobody.
    """
    principal: Principal | None = g.get("principal")
    if principal is None:
        raise Unauthenticated("Log in first.")
    return principal
