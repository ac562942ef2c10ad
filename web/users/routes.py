"""``/register``, ``/login``, ``/token/refresh``, ``/logout``, ``/me``, accounts, invitations."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, after_this_request, request
from flask.views import MethodView

from web.access.cookies import (
    REFRESH_COOKIE,
    clear_cookies,
    csrf_token,
    require_csrf,
    set_cookies,
)
from web.access.guard import caller_address
from web.access.principal import current_principal
from web.access.rights import RIGHTS_OF, Role
from web.access.tokens import Purpose
from web.blueprint import ApiBlueprint
from web.database import db
from web.errors import Unauthenticated
from web.schemas import Told
from web.users import service, sessions
from web.users.first_account import policy_for
from web.users.models import Account, Invitation
from web.users.schemas import (
    AccountOut,
    AccountPatch,
    InvitationIn,
    InvitationMadeOut,
    InvitationOut,
    LoginIn,
    LoginOut,
    MeOut,
    PasswordChangeIn,
    RefreshIn,
    RefreshOut,
    RegisterIn,
    RegisterOut,
)
from web.wiring import wired

blp = ApiBlueprint("users", __name__, description="Accounts, and how to log in.")


@blp.route("/register")
class Register(MethodView):
    """Making an account."""

    @blp.arguments(RegisterIn)
    @blp.response(HTTPStatus.CREATED, RegisterOut)
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="A set-up code or invitation is needed.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="The name or address is taken.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many tries.")
    def post(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Make an account. The first is an admin's; any other sees no camera until granted one."""
        account = service.register(
            db.session(),
            service.NewAccount(**fields),
            policy=policy_for(wired().settings, wired().signer, request=request),
            passwords=wired().passwords,
            address=caller_address(),
            now=wired().now(),
        )
        return {"message": "Account made.", "account_uuid": account.id}


@blp.route("/login")
class LogIn(MethodView):
    """Logging in."""

    @blp.arguments(LoginIn)
    @blp.response(HTTPStatus.OK, LoginOut)
    @blp.alt_response(HTTPStatus.UNAUTHORIZED, description="The name or the password is wrong.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many tries.")
    def post(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Exchange name and password for tokens."""
        login = sessions.log_in(
            db.session(),
            username=fields["username"],
            password=fields["password"],
            passwords=wired().passwords,
            address=caller_address(),
            signer=wired().signer,
            now=wired().now(),
            lifetime_s=wired().settings.refresh_token_s,
        )
        tokens = _tokens(login, as_cookies=fields["cookies"])
        return {"message": "Logged in.", "account_uuid": login.account_id, **tokens}


@blp.route("/token/refresh")
class Refresh(MethodView):
    """Staying logged in."""

    @blp.arguments(RefreshIn)
    @blp.response(HTTPStatus.OK, RefreshOut)
    @blp.alt_response(HTTPStatus.UNAUTHORIZED, description="The token is not good any more.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many tries.")
    def post(self, fields: dict[str, Any]) -> dict[str, str]:
        """Exchange a refresh token for the next pair; a second use ends the whole log-in."""
        given = fields["refresh_token"]
        token = given or _refresh_token_of_browser()
        login = sessions.refresh(
            db.session(),
            token,
            signer=wired().signer,
            address=caller_address(),
            now=wired().now(),
            lifetime_s=wired().settings.refresh_token_s,
        )
        return _tokens(login, as_cookies=given is None)


@blp.route("/logout")
class LogOut(MethodView):
    """Logging out."""

    @blp.response(HTTPStatus.NO_CONTENT)
    def post(self) -> None:
        """End this log-in: all its tokens are void."""
        sessions.log_out(db.session(), current_principal(), now=wired().now())
        after_this_request(_without_cookies)


@blp.route("/me")
class Me(MethodView):
    """The caller."""

    @blp.response(HTTPStatus.OK, MeOut)
    def get(self) -> dict[str, Any]:
        """Say who is calling, and what they may do."""
        who = current_principal()
        return {
            "account_uuid": who.account_id,
            "username": who.username,
            "role": who.role,
            "rights": sorted(RIGHTS_OF[who.role]),
        }


@blp.route("/me/password")
class MyPassword(MethodView):
    """The caller's password."""

    @blp.arguments(PasswordChangeIn)
    @blp.response(HTTPStatus.NO_CONTENT)
    @blp.alt_response(HTTPStatus.FORBIDDEN, description="The present password is wrong.")
    @blp.alt_response(HTTPStatus.TOO_MANY_REQUESTS, description="Too many tries.")
    def post(self, fields: dict[str, str]) -> None:
        """Change one's own password. All other log-ins of the account end."""
        sessions.change_password(
            db.session(),
            current_principal(),
            old=fields["password"],
            new=fields["new_password"],
            passwords=wired().passwords,
            now=wired().now(),
        )


@blp.route("/accounts")
class Accounts(MethodView):
    """All accounts."""

    @blp.response(HTTPStatus.OK, AccountOut(many=True))
    def get(self) -> Sequence[Account]:
        """List all accounts."""
        return service.accounts(db.session())


@blp.route("/accounts/<uuid:account_id>")
class AccountItem(MethodView):
    """One account."""

    @blp.arguments(AccountPatch)
    @blp.response(HTTPStatus.OK, AccountOut)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such account.")
    @blp.alt_response(HTTPStatus.CONFLICT, description="It is the last admin's.")
    def patch(self, changes: dict[str, Any], account_id: UUID) -> Account:
        """Give an account another role, shut it out, or let it in again."""
        role = changes["role"]
        return service.change(
            db.session(),
            account_id,
            who=current_principal(),
            role=None if role is None else Role(role),
            is_active=changes["is_active"],
            now=wired().now(),
        )


@blp.route("/invitations")
class Invitations(MethodView):
    """All invitations."""

    @blp.response(HTTPStatus.OK, InvitationOut(many=True))
    def get(self) -> Sequence[Invitation]:
        """List all invitations, without their codes."""
        return service.invitations(db.session())

    @blp.arguments(InvitationIn)
    @blp.response(HTTPStatus.CREATED, InvitationMadeOut)
    def post(self, fields: dict[str, Any]) -> Told:
        """Make an invitation. Its code is shown this once."""
        invitation, code = service.invite(
            db.session(),
            who=current_principal(),
            role=Role(fields["role"]),
            valid_s=fields["valid_s"],
            now=wired().now(),
        )
        message = "Invitation made. Its code is not shown again."
        return Told(invitation, code=code, message=message)


@blp.route("/invitations/<id:invitation_id>")
class InvitationItem(MethodView):
    """One invitation."""

    @blp.response(HTTPStatus.NO_CONTENT)
    @blp.alt_response(HTTPStatus.NOT_FOUND, description="No such invitation.")
    def delete(self, invitation_id: int) -> None:
        """Withdraw an invitation."""
        service.withdraw_invitation(db.session(), invitation_id, who=current_principal())


def _tokens(login: sessions.Login, *, as_cookies: bool) -> dict[str, str]:
    """Return a log-in's tokens for the body, or none when they went into cookies."""
    claims = {"sub": str(login.account_id), "sid": str(login.session_id)}
    settings, signer = wired().settings, wired().signer
    access_token = signer.sign(Purpose.ACCESS, claims, lifetime_s=settings.access_token_s)
    if not as_cookies:
        return {"access_token": access_token, "refresh_token": login.refresh_token}

    def with_cookies(answer: Response) -> Response:
        set_cookies(
            answer,
            settings,
            access_token=access_token,
            refresh_token=login.refresh_token,
            csrf=csrf_token(signer, login.session_id),
        )
        return answer

    after_this_request(with_cookies)
    return {}


def _refresh_token_of_browser() -> str:
    token = request.cookies.get(REFRESH_COOKIE)
    if token is None:
        raise Unauthenticated("Send refresh_token.")
    require_csrf(request, wired().signer, sessions.session_of(token))
    return token


def _without_cookies(answer: Response) -> Response:
    clear_cookies(answer)
    return answer
