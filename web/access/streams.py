"""Addresses that can be signed: pictures, streams and footage of cameras, files of exports."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.orm import Session

from web.access.principal import Principal
from web.access.viewing import StreamUnknown
from web.errors import Invalid
from web.exports.service import find as find_export
from web.images.service import camera_of
from web.recordings import service as recordings
from web.schemas import MAX_ID

_OF_ONE_CAMERA = re.compile(
    r"/(?:get_snapshot|get_stream|recognized_stream)/(?P<id>[0-9]{1,19})"
    r"|/recordings/(?P<recorded>[0-9]{1,19})/(?:playlist\.m3u8|thumbnail)",
    re.ASCII,
)
_FOOTAGE = re.compile(r"/recordings/files/(?P<id>[0-9]{1,19})", re.ASCII)
_MONTAGE_PATH = "/recognized_stream"
_IMAGE_PREFIX = "/image/"
_OF_AN_EXPORT = re.compile(r"/exports/(?P<id>[0-9]{1,19})/file", re.ASCII)

#: How many cameras one montage may show.
MAX_MONTAGE = 64


def cameras_at(session: Session, who: Principal, address: str) -> tuple[str, Sequence[int]]:
    """Return the path of an address, and the cameras that it shows; they may be hidden from who.

    Raises:
        StreamUnknown: No picture or stream can be there.
        PictureNotFound: No such picture was saved.
        FootageNotFound: There is no such file of footage, or its camera is hidden from them.
        ExportNotFound: There is no such export, or it is hidden from them.
        Invalid: A montage of no cameras, or of too many.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise StreamUnknown("No picture or stream is at this address.") from None
    if parts.scheme or parts.netloc:
        raise StreamUnknown("Give the path alone, such as /get_stream/1.")
    if match := _OF_ONE_CAMERA.fullmatch(parts.path):
        return parts.path, [min(int(match["id"] or match["recorded"]), MAX_ID)]
    if match := _FOOTAGE.fullmatch(parts.path):
        return parts.path, [recordings.camera_of(session, who, min(int(match["id"]), MAX_ID))]
    if match := _OF_AN_EXPORT.fullmatch(parts.path):
        return parts.path, find_export(session, who, min(int(match["id"]), MAX_ID)).camera_ids
    if parts.path == _MONTAGE_PATH:
        return parts.path, montage_ids(parse_qs(parts.query).get("camera_ids", [""])[0])
    if parts.path.startswith(_IMAGE_PREFIX):
        return parts.path, [camera_of(session, parts.path.removeprefix(_IMAGE_PREFIX))]
    raise StreamUnknown("No picture or stream is at this address.")


def montage_ids(text: str) -> list[int]:
    """Return the cameras of ``camera_ids=1,2,3``, in order.

    Raises:
        Invalid: It names none, too many, or something that is no number.
    """
    words = text.split(",")
    are_numbers = all(re.fullmatch(r"[0-9]{1,18}", word.strip(), re.ASCII) for word in words)
    if not are_numbers or len(words) > MAX_MONTAGE:
        raise Invalid(
            f"camera_ids must be up to {MAX_MONTAGE} numbers, as in camera_ids=1,2,3.",
            {"camera_ids": ["Not a list of camera numbers."]},
        )
    return [int(word) for word in words]
