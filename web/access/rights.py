"""The one table of which role may do what."""

from enum import StrEnum


class Role(StrEnum):
    """What an account is to this installation."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


class Right(StrEnum):
    """Something that a role may do."""

    #: One's own profile, notifications and recipients.
    USE_ACCOUNT = "use_account"
    #: The cameras that one was granted: their pictures, states, rectangles and lines.
    VIEW_CAMERAS = "view_cameras"
    #: Every camera, without a grant.
    VIEW_ALL_CAMERAS = "view_all_cameras"
    #: Add, change and delete cameras.
    MANAGE_CAMERAS = "manage_cameras"
    #: Files and devices of the machine as cameras: they can show what no camera does.
    USE_LOCAL_SOURCES = "use_local_sources"
    #: Models that are programs (``.pt``): whoever names one has it run here.
    RUN_CHECKPOINTS = "run_checkpoints"
    #: Begin and end recordings by hand.
    RECORD = "record"
    #: Rectangles, lines and time intervals.
    EDIT_RULES = "edit_rules"
    #: Privacy masks: they hide from operators too, so no operator takes one away.
    EDIT_MASKS = "edit_masks"
    #: Footage of cameras with privacy masks, which is kept as the camera sent it.
    SEE_UNMASKED = "see_unmasked"
    #: How full the disks of footage are.
    SEE_STORAGE = "see_storage"
    #: Say of footage that it stays, and take that back.
    PROTECT_FOOTAGE = "protect_footage"
    #: Delete footage before its time.
    DELETE_FOOTAGE = "delete_footage"
    #: Exports that others asked for.
    SEE_ALL_EXPORTS = "see_all_exports"
    #: Notifications for accounts of others.
    NOTIFY_OTHERS = "notify_others"
    #: Which process looks at which camera.
    SEE_WORKERS = "see_workers"
    #: Accounts, roles, grants, invitations, and the recipients of others.
    MANAGE_ACCOUNTS = "manage_accounts"
    #: Who did what.
    READ_AUDIT = "read_audit"


_VIEWER = frozenset({Right.USE_ACCOUNT, Right.VIEW_CAMERAS})
_OPERATOR = _VIEWER | {
    Right.VIEW_ALL_CAMERAS,
    Right.MANAGE_CAMERAS,
    Right.RECORD,
    Right.EDIT_RULES,
    Right.SEE_STORAGE,
    Right.PROTECT_FOOTAGE,
    Right.NOTIFY_OTHERS,
    Right.SEE_WORKERS,
}

RIGHTS_OF: dict[Role, frozenset[Right]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMIN: frozenset(Right),
}
