"""Accounts as bodies."""

from marshmallow import Schema, ValidationError, fields, validate

from web.access.rights import Role
from web.schemas import MessageOut, Password, Text

DAY_S = 86_400

_ROLE = validate.OneOf([role.value for role in Role])


def _is_user_name(name: str) -> None:
    if any(character.isspace() for character in name):
        raise ValidationError("Must hold no blanks.")


class RegisterIn(Schema):
    """Who wants an account."""

    username = Text(min_length=1, max_length=64, validate_text=_is_user_name, required=True)
    email = fields.Email(required=True, validate=validate.Length(max=254))
    password = Password(min_length=8, required=True)
    setup_code = Text(
        max_length=64,
        load_default=None,
        metadata={"description": "From the server's log; for the first account alone."},
    )
    invitation = Text(max_length=64, load_default=None)


class RegisterOut(MessageOut):
    """The new account."""

    account_uuid = fields.UUID(required=True)


class LoginIn(Schema):
    """Who wants to log in.

    With ``cookies``, the tokens go into HttpOnly cookies and not into the answer, as pages need.
    """

    username = Text(min_length=1, max_length=64, required=True)
    password = Password(required=True)
    cookies = fields.Boolean(load_default=False)


class LoginOut(RegisterOut):
    """The tokens of a log-in."""

    access_token = fields.String()
    refresh_token = fields.String()


class RefreshIn(Schema):
    """The refresh token; a browser's comes by cookie instead."""

    refresh_token = Text(max_length=256, load_default=None)


class RefreshOut(Schema):
    """The next pair of tokens; empty for a browser, which gets them by cookie."""

    access_token = fields.String()
    refresh_token = fields.String()


class MeOut(Schema):
    """Who is calling, and what they may do."""

    account_uuid = fields.UUID(required=True)
    username = fields.String(required=True)
    role = fields.String(required=True)
    rights = fields.List(fields.String(), required=True)


class PasswordChangeIn(Schema):
    """The present password, and the next."""

    password = Password(required=True)
    new_password = Password(min_length=8, required=True)


class AccountOut(Schema):
    """An account, as admins see it."""

    account_uuid = fields.UUID(required=True, attribute="id")
    username = fields.String(required=True)
    email = fields.String(allow_none=True)
    role = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    created_at = fields.AwareDateTime(required=True)


class AccountPatch(Schema):
    """What shall change."""

    role = fields.String(validate=_ROLE, load_default=None)
    is_active = fields.Boolean(load_default=None)


class InvitationIn(Schema):
    """Who is to be let in, and for how long the invitation stands."""

    role = fields.String(validate=_ROLE, load_default=Role.VIEWER.value)
    valid_s = fields.Integer(
        strict=True,
        load_default=7 * DAY_S,
        validate=validate.Range(min=60, max=90 * DAY_S),
        metadata={"description": "Seconds until it expires."},
    )


class InvitationOut(Schema):
    """An invitation; its code is shown once, when it is made."""

    id = fields.Integer(required=True)
    role = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    used_at = fields.AwareDateTime(allow_none=True)


class InvitationMadeOut(InvitationOut, MessageOut):
    """An invitation with its code."""

    code = fields.String(required=True)
