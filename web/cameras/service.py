"""Adding, changing and removing cameras."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from vigil.sealing import Sealer
from web.access.principal import Principal
from web.access.rights import Right
from web.access.visibility import find_visible, is_visible_to
from web.audit import service as audit
from web.cameras import recognition, stream_url
from web.cameras.configuration import ConfigurationPublisher, next_generation
from web.cameras.models import Camera
from web.cameras.stream_url import StreamUrl, StreamUrlInvalid
from web.database import CHANGED_AT_ONCE, give_back, refused_as
from web.errors import Conflict, Forbidden, Invalid
from web.lines.service import forget_crossings_of
from web.masks import service as masks
from web.masks.models import PrivacyMask
from web.protections.service import require_none
from web.recordings.filing import forget_footage_of
from web.recordings.known import footage_details
from web.shapes import service as shapes
from web.tracks.service import forget_camera

TAKES_EFFECT_LATER = "It takes effect when the message bus is back."
#: How many cameras one installation takes.
MAX_CAMERAS = 10_000


class CameraNameTaken(Conflict):
    """Another camera has this name."""


class CameraChangedMeanwhile(Conflict):
    """The camera is not as the caller last saw it."""


class TooManyCameras(Conflict):
    """There are as many cameras as one installation takes."""


class LocalSourceForbidden(Forbidden):
    """The caller may not make a camera of a file or a device of the machine."""


class MasksForbidden(Forbidden):
    """The caller may not decide what a camera hides."""


@dataclass(frozen=True, slots=True)
class Change:
    """A camera after a change.

    Attributes:
        is_announced: Whether the other services know; else they learn when Redis is back.
    """

    camera: Camera
    is_announced: bool

    def told(self, sentence: str) -> str:
        """Return what is to be said of it: what was done, and whether it waits for something."""
        return sentence if self.is_announced else f"{sentence} {TAKES_EFFECT_LATER}"


def visible(session: Session, who: Principal) -> Sequence[Camera]:
    """Return the cameras that somebody may see, by number; no connection is held after."""
    query = sa.select(Camera).where(is_visible_to(who)).order_by(Camera.id)
    cameras = session.scalars(query).all()
    give_back(session)
    return cameras


def add(
    session: Session,
    fields: dict[str, Any],
    *,
    site_time_zone: str,
    who: Principal,
    sealer: Sealer,
    configuration: ConfigurationPublisher,
) -> Change:
    """Make a camera of validated fields.

    Args:
        session: The request's.
        fields: Values by name; ``masks`` are the bodies of its privacy masks.
        site_time_zone: IANA name, for a camera whose fields name no zone.
        who: The caller.
        sealer: For addresses and passwords.
        configuration: Tells the other services.

    Raises:
        Invalid: No camera can be at the URL, or recognition cannot be kept: see there.
        LocalSourceForbidden: The URL is for admins alone.
        MasksForbidden: Privacy masks are for admins alone.
        CheckpointForbidden: The model is.
        CameraNameTaken: Another camera has the name.
        TooManyCameras: There are ``MAX_CAMERAS``.
    """
    address = _parse(fields["stream_url"], who=who)
    hidden = masks.checked(fields.pop("masks"), frame_wh=None)
    if hidden and not who.may(Right.EDIT_MASKS):
        raise MasksForbidden("Privacy masks are for admins alone.")
    kept = {
        "time_zone": site_time_zone,
        **fields,
        **_main_stream(address, sealer),
        **_sub_stream(fields["sub_stream_url"], who=who, sealer=sealer),
        **recognition.kept(fields["recognition"], sealer, who=who, before=None),
    }
    # Before the count: it makes whoever adds another camera wait for this one.
    camera = Camera(**kept, revision=next_generation(session))
    _require_room(session)
    session.add(camera)
    with refused_as({"uq_cameras_name": _taken(fields["name"])}):
        session.flush()
    shapes.add(session, PrivacyMask, camera.id, hidden)
    details = {**_details(camera), "masks": len(hidden)}
    audit.record(session, who, "camera.added", on=("camera", camera.id), details=details)
    return _commit(session, camera, configuration)


def update(
    session: Session,
    camera_id: int,
    changes: dict[str, Any],
    *,
    who: Principal,
    sealer: Sealer,
    configuration: ConfigurationPublisher,
) -> Change:
    """Change some validated fields of a camera; the others stay.

    Args:
        session: The request's.
        camera_id: Which camera.
        changes: New values by name; ``revision``, if there, is the one the caller last saw.
        who: The caller.
        sealer: For new addresses and passwords.
        configuration: Tells the other services.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
        CameraChangedMeanwhile: The revision is another.
        Invalid: No camera can be at the URL, or recognition cannot be kept: see there.
        LocalSourceForbidden: The URL is for admins alone.
        MasksForbidden: It has privacy masks, and its URL would be another.
        CheckpointForbidden: The model is.
        CameraNameTaken: Another camera has the name.
    """
    generation = next_generation(session)
    camera = find_visible(session, who, camera_id)
    seen = changes.pop("revision", None)
    if seen is not None and seen != camera.revision:
        raise CameraChangedMeanwhile(
            f"Camera {camera_id} was changed meanwhile: its revision is {camera.revision}, "
            f"not {seen}. Read it again."
        )
    is_masked = bool(masks.in_force(session, camera_id))
    _readdress(camera, changes, who=who, sealer=sealer, is_masked=is_masked)
    if "recognition" in changes:
        changes |= recognition.kept(changes["recognition"], sealer, who=who, before=camera)
    for name, value in changes.items():
        setattr(camera, name, value)
    camera.revision = generation
    with refused_as({"uq_cameras_name": _taken(changes.get("name", ""))}):
        session.flush()
    audit.record(session, who, "camera.changed", on=("camera", camera.id), details=_details(camera))
    return _commit(session, camera, configuration)


def delete(
    session: Session,
    camera_id: int,
    *,
    who: Principal,
    now: datetime,
    configuration: ConfigurationPublisher,
) -> bool:
    """Remove a camera with its rules, grants and footage; return whether the others know.

    The files of its footage are removed by the recorders of their volumes; what is recorded in the
    audit trail is what lets them.

    Args:
        session: The request's.
        camera_id: Which camera.
        who: The caller.
        now: Judges what is protected.
        configuration: Tells the other services.

    Raises:
        CameraNotFound: It is unknown, or hidden from the caller.
        FootageIsProtected: Some of its footage is: nobody could take that back any more.
    """
    footage = footage_details(session, find_visible(session, who, camera_id))
    require_none(session, camera_id, now=now)
    _forget_seen(session, camera_id)
    next_generation(session)
    camera = find_visible(session, who, camera_id, lock=True)
    require_none(session, camera_id, now=now)
    details = _details(camera) | footage
    audit.record(session, who, "camera.deleted", on=("camera", camera_id), details=details)
    # Its rules, grants and pictures go with it, by the schema.
    session.delete(camera)
    session.commit()
    return configuration.announce([camera_id])


def _forget_seen(session: Session, camera_id: int) -> None:
    """Remove what a camera saw, bit by bit: months of it take longer than a statement may."""
    for forget in (forget_crossings_of, forget_camera, forget_footage_of):
        is_over = False
        while not is_over:
            is_over = forget(session, camera_id, limit=CHANGED_AT_ONCE) < CHANGED_AT_ONCE
            session.commit()


def _commit(session: Session, camera: Camera, configuration: ConfigurationPublisher) -> Change:
    camera_id = camera.id
    # Loaded before the commit: what stands is not answered as failed for want of a connection,
    # and none is held while Redis is asked.
    session.flush()
    session.refresh(camera)
    session.expunge(camera)
    session.commit()
    return Change(camera, configuration.announce([camera_id]))


def _readdress(
    camera: Camera, changes: dict[str, Any], *, who: Principal, sealer: Sealer, is_masked: bool
) -> None:
    """Point a camera at other streams, as the changes have it.

    What a client sends back as it was shown stays: masked parts are not what is meant.
    """
    typed_url = changes.pop("stream_url", camera.stream_url)
    if typed_url != camera.stream_url:
        _require_may_move(who, is_masked=is_masked)
        _move(camera, typed_url, who=who, sealer=sealer)
    sub_url = changes.get("sub_stream_url", camera.sub_stream_url)
    if sub_url != camera.sub_stream_url:
        # Without one the main stream is shown, on which the masks were drawn.
        _require_may_move(who, is_masked=is_masked and sub_url is not None)
        changes |= _sub_stream(sub_url, who=who, sealer=sealer, of=camera)


def _require_may_move(who: Principal, *, is_masked: bool) -> None:
    if is_masked and not who.may(Right.EDIT_MASKS):
        # Another stream shows the scene otherwise, and the masks would hide something else.
        raise MasksForbidden(
            "This camera has privacy masks, which fit its streams: "
            "only an admin may point it at another."
        )


def _move(camera: Camera, typed_url: str, *, who: Principal, sealer: Sealer) -> None:
    """Point a camera elsewhere. Its password stays only with the server it was given for."""
    address = _parse(typed_url, who=who)
    if address.credentials is not None or not stream_url.same_server(
        address.url, camera.stream_url
    ):
        camera.credentials = _sealed(address, sealer)
    camera.stream_url = stream_url.shown(address.url)
    camera.sealed_url = sealer.seal(address.url)
    camera.is_demo = False


def _require_room(session: Session) -> None:
    if (session.scalar(sa.select(sa.func.count()).select_from(Camera)) or 0) >= MAX_CAMERAS:
        raise TooManyCameras(f"There are {MAX_CAMERAS} cameras already.")


def _main_stream(address: StreamUrl, sealer: Sealer) -> dict[str, str | None]:
    """Return the columns of a camera's address."""
    return {
        "stream_url": stream_url.shown(address.url),
        "sealed_url": sealer.seal(address.url),
        "credentials": _sealed(address, sealer),
    }


def _sub_stream(
    typed_url: str | None, *, who: Principal, sealer: Sealer, of: Camera | None = None
) -> dict[str, str | None]:
    """Return the columns of a sub-stream. Its password, too, stays with its server alone.

    Args:
        typed_url: Where it is; None: there is none.
        who: The caller.
        sealer: For address and password.
        of: The camera that may have had another.
    """
    if typed_url is None:
        return {"sub_stream_url": None, "sealed_sub_url": None, "sub_credentials": None}
    address = _parse(typed_url, who=who, field="sub_stream_url")
    # One that is empty says that none are wanted, not even those of the main stream.
    credentials = None if address.credentials is None else sealer.seal(address.credentials)
    before = None if of is None else of.sub_stream_url
    if of is not None and before is not None and address.credentials is None:
        credentials = of.sub_credentials if stream_url.same_server(address.url, before) else None
    return {
        "sub_stream_url": stream_url.shown(address.url),
        "sealed_sub_url": sealer.seal(address.url),
        "sub_credentials": credentials,
    }


def _parse(typed_url: str, *, who: Principal, field: str = "stream_url") -> StreamUrl:
    try:
        address = stream_url.parse(typed_url)
    except StreamUrlInvalid as error:
        raise Invalid(f"{field} {error}.", {field: [f"It {error}."]}) from None
    if address.is_local and not who.may(Right.USE_LOCAL_SOURCES):
        raise LocalSourceForbidden(
            "Files and devices of the machine can be made cameras by admins alone."
        )
    return address


def _sealed(address: StreamUrl, sealer: Sealer) -> str | None:
    return sealer.seal(address.credentials) if address.credentials else None


def _taken(name: str) -> CameraNameTaken:
    return CameraNameTaken(f"There is a camera named {name} already.")


def _details(camera: Camera) -> dict[str, Any]:
    addresses = {"stream_url": camera.stream_url, "sub_stream_url": camera.sub_stream_url}
    return {"name": camera.name, **{name: url for name, url in addresses.items() if url}}
