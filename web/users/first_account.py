"""How an installation without accounts comes to its first admin."""

import ipaddress

import structlog
from flask import Request
from sqlalchemy.orm import Session

from web.access.origin import is_called_as_loopback, is_from_another_site
from web.access.tokens import Purpose, TokenSigner
from web.settings import WebSettings
from web.users import service
from web.users.passwords import Passwords

log = structlog.get_logger(__name__)


def prepare(
    session: Session, *, settings: WebSettings, signer: TokenSigner, passwords: Passwords
) -> None:
    """Make the admin that the environment names, or log the code that proves the owner.

    For the start of a server; does nothing once there is an account.
    """
    if service.has_accounts(session):
        return
    if settings.admin_username is not None and settings.admin_password is not None:
        password = settings.admin_password.get_secret_value()
        name = settings.admin_username
        if service.make_first_admin(session, username=name, password=password, passwords=passwords):
            log.info("first_admin_made", username=name)
        return
    if settings.first_account_on_loopback:
        log.info("first_account_awaited", needs="a browser on this machine")
        return
    # On purpose: who can read the log owns the machine.
    log.warning("first_account_awaited", setup_code=setup_code(signer))


def policy_for(
    settings: WebSettings, signer: TokenSigner, *, request: Request
) -> service.RegistrationPolicy:
    """Return who may register, for the caller of a request."""
    needs_no_code = settings.first_account_on_loopback and _is_of_this_machine(request)
    return service.RegistrationPolicy(
        setup_code=None if needs_no_code else setup_code(signer),
        registration=settings.registration,
    )


def setup_code(signer: TokenSigner) -> str:
    """Return the code that the first account needs: the same in every process of ours."""
    return signer.fingerprint(Purpose.SETUP, "first account")


def _is_of_this_machine(request: Request) -> bool:
    """Return whether a person at this machine calls, and no page of another site through them."""
    try:
        is_near = ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
    return is_near and is_called_as_loopback(request) and not is_from_another_site(request)
