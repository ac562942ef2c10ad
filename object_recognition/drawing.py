"""The annotated picture: boxes, zones, and a line that says who looked and when."""

import colorsys
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import cv2
import numpy as np

from object_recognition.detection import Detections, ImageBgr
from vigil.messages import Zone

Bgr = tuple[int, int, int]
Point = tuple[int, int]

_WHITE: Bgr = (255, 255, 255)
_INK: Bgr = (24, 24, 24)
_FONT = cv2.FONT_HERSHEY_DUPLEX
#: Height of a capital letter of that font at scale 1, in pixels.
_CAPITAL_PX = 21
#: Labels that come often have colours that are told apart at a glance, also by most who see
#: fewer colours; all others get a fixed one each from their name.
_COLORS: dict[str, Bgr] = {
    "person": (80, 200, 60),
    "moving": (190, 175, 160),
    "car": (235, 160, 50),
    "truck": (200, 110, 40),
    "bus": (215, 190, 70),
    "motorcycle": (200, 90, 200),
    "bicycle": (60, 180, 245),
    "dog": (90, 130, 245),
    "cat": (130, 110, 235),
}
_ZONE_FILL = 0.10
_FOOTER_SHADE = 0.55


class _Sizes(NamedTuple):
    """What is drawn how large, in pixels, for one size of picture."""

    line: int
    text_scale: float
    text_line: int
    capital: int
    padding: int


class _Mark(NamedTuple):
    """One detection as it is drawn: two corners, a text, a colour."""

    low: Point
    high: Point
    text: str
    color: Bgr


@dataclass(frozen=True, slots=True)
class Caption:
    """What the picture says about itself.

    Attributes:
        recogniser: The detector's name for people.
        captured_at: When the frame was captured, in the time zone to be shown.
        note: A warning worth a place in the picture; empty: none.
    """

    recogniser: str
    captured_at: datetime
    note: str = ""


def annotate(
    image: ImageBgr,
    found: Detections,
    *,
    labels: Sequence[str],
    zones: Sequence[Zone],
    caption: Caption,
) -> None:
    """Draw everything on a frame: a copy would take longer than all that is drawn.

    Args:
        image: The frame.
        found: In its pixels.
        labels: What class ids mean.
        zones: In its pixels.
        caption: For the footer.
    """
    sizes = _sizes_for(image.shape[1], image.shape[0])
    for zone in zones:
        _draw_zone(image, zone, sizes)
    # The surest last, on top; every tag above every line.
    marks = [_mark(found, row, labels) for row in np.argsort(found.confidence, kind="stable")]
    for mark in marks:
        _draw_outline(image, mark, sizes)
    for mark in marks:
        _draw_label(image, mark, sizes)
    _draw_footer(image, caption, sizes)


def color_of(label: str) -> Bgr:
    """Return the colour of a label: the same in every picture, on every machine."""
    known = _COLORS.get(label)
    if known is not None:
        return known
    hue = hashlib.blake2b(label.encode(), digest_size=2).digest()
    red, green, blue = colorsys.hsv_to_rgb(int.from_bytes(hue, "big") / 65536, 0.65, 0.95)
    return (round(255 * blue), round(255 * green), round(255 * red))


def _sizes_for(width: int, height: int) -> _Sizes:
    # By the mean side, so that a tall picture has no giant letters and a wide one no tiny ones.
    side = (width * height) ** 0.5
    capital = max(7, round(side / 72))
    line = max(1, round(side / 460))
    return _Sizes(
        line=line,
        text_scale=capital / _CAPITAL_PX,
        text_line=max(1, round(capital / 13)),
        capital=capital,
        padding=max(3, round(capital * 0.55)),
    )


def _mark(found: Detections, row: int, labels: Sequence[str]) -> _Mark:
    label = labels[found.class_id[row]]
    x_min, y_min, x_max, y_max = (int(value) for value in np.rint(found.xyxy[row]))
    text = f"{label} {found.confidence[row]:.0%}"
    return _Mark((x_min, y_min), (x_max, y_max), text, color_of(label))


def _draw_outline(image: ImageBgr, mark: _Mark, sizes: _Sizes) -> None:
    # A dark line around the bright one keeps it visible on every ground.
    halo = sizes.line + 2 * max(1, sizes.line // 2)
    # Not anti-aliased: lines along the pixels are crisper without.
    cv2.rectangle(image, mark.low, mark.high, _INK, halo)
    cv2.rectangle(image, mark.low, mark.high, mark.color, sizes.line)


def _draw_label(image: ImageBgr, mark: _Mark, sizes: _Sizes) -> None:
    width, height = _tag_size(mark.text, sizes)
    left = min(max(0, mark.low[0] - sizes.line // 2), max(0, image.shape[1] - width))
    # Above the box, or within it where the picture ends.
    top = mark.low[1] - height if mark.low[1] >= height else max(0, mark.low[1])
    _draw_tag(image, (left, top), mark.text, mark.color, sizes)


def _draw_zone(image: ImageBgr, zone: Zone, sizes: _Sizes) -> None:
    points = np.asarray(zone.points, np.float64)
    if not np.isfinite(points).all():
        return
    limit = 4 * max(image.shape[:2])
    corners = np.rint(np.clip(points, -limit, limit)).astype(np.int32)
    color = _parsed(zone.color)
    low = np.clip(corners.min(axis=0), 0, image.shape[1::-1])
    high = np.clip(corners.max(axis=0) + 1, 0, image.shape[1::-1])
    if (high <= low).any():
        return
    part = image[low[1] : high[1], low[0] : high[0]]
    filled = part.copy()
    cv2.fillPoly(filled, [corners - low], color)
    cv2.addWeighted(filled, _ZONE_FILL, part, 1 - _ZONE_FILL, 0, dst=part)
    cv2.polylines(
        image, [corners], isClosed=True, color=color, thickness=sizes.line, lineType=cv2.LINE_AA
    )
    if _printable(zone.name):
        _draw_tag(image, (int(low[0]), int(low[1])), zone.name, color, sizes)


def _draw_tag(image: ImageBgr, corner: Point, text: str, color: Bgr, sizes: _Sizes) -> None:
    text = _printable(text)
    width, height = _tag_size(text, sizes)
    cv2.rectangle(image, corner, (corner[0] + width - 1, corner[1] + height - 1), color, -1)
    _write(
        image,
        (corner[0] + sizes.padding, corner[1] + height - sizes.padding),
        text,
        _ink_on(color),
        sizes,
    )


def _draw_footer(image: ImageBgr, caption: Caption, sizes: _Sizes) -> None:
    height = sizes.capital + 2 * sizes.padding
    band = image[-height:]
    cv2.convertScaleAbs(band, dst=band, alpha=1 - _FOOTER_SHADE)
    base = image.shape[0] - sizes.padding
    when = f"{caption.captured_at:%Y-%m-%d %H:%M:%S %Z}".rstrip()
    right = image.shape[1] - sizes.padding - _text_width(when, sizes)
    left = sizes.padding
    who = _printable(" - ".join(filter(None, [caption.recogniser, caption.note])))
    _write(image, (max(left, right), base), when, _WHITE, sizes)
    # The time is what a picture is evidence by; the name gives way.
    while who and left + _text_width(who, sizes) + 2 * sizes.padding > right:
        who = who[:-1]
    _write(image, (left, base), who, _WHITE, sizes)


def _write(image: ImageBgr, base: Point, text: str, color: Bgr, sizes: _Sizes) -> None:
    cv2.putText(image, text, base, _FONT, sizes.text_scale, color, sizes.text_line, cv2.LINE_AA)


def _tag_size(text: str, sizes: _Sizes) -> Point:
    text = _printable(text)
    return _text_width(text, sizes) + 2 * sizes.padding, sizes.capital + 2 * sizes.padding


def _text_width(text: str, sizes: _Sizes) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, sizes.text_scale, sizes.text_line)
    return int(width)


def _printable(text: str) -> str:
    """Return what the font can write of a text: it knows ASCII alone."""
    return text.encode("ascii", "ignore").decode().strip()[:60]


def _ink_on(color: Bgr) -> Bgr:
    blue, green, red = color
    return _INK if 0.114 * blue + 0.587 * green + 0.299 * red > 120 else _WHITE


def _parsed(css_color: str) -> Bgr:
    """Return a CSS hex colour; amber where it is none."""
    digits = css_color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        return (0, 176, 255)
    return (blue, green, red)
