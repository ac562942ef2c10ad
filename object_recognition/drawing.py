"""The annotated picture: boxes, zones, lines, what is counted, and who looked and when."""

import colorsys
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from object_recognition.canvas import Canvas, Point
from object_recognition.detection import Detections
from object_recognition.skeleton import draw_skeleton
from vigil.camera_document import Line, Zone
from vigil.media.text import Bgr, Lettering, lettering
from vigil.messages import LineTally

_WHITE: Bgr = (255, 255, 255)
_INK: Bgr = (24, 24, 24)
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
    capital: int
    padding: int
    space: int


class _Mark(NamedTuple):
    """One detection as it is drawn: two corners, two words, a colour, and whether it waits."""

    low: Point
    high: Point
    name: str
    confidence: str
    color: Bgr
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Caption:
    """What the picture says about itself.

    Attributes:
        recogniser: The detector's name for people.
        captured_at: When the frame was captured, in the time zone to be shown.
        looked_fps: Looks a second; 0: not known yet.
        counts: How many objects are confirmed of each label.
    """

    recogniser: str
    captured_at: datetime
    looked_fps: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """Return it as one line, without the time."""
        rate = f"{self.looked_fps:.1f}/s" if self.looked_fps else ""
        counted = ", ".join(f"{count} {label}" for label, count in self.counts.items())
        return " - ".join(filter(None, [counted, self.recogniser, rate]))


def annotate(
    canvas: Canvas,
    found: Detections,
    *,
    labels: Sequence[str],
    track_id: NDArray[np.int64] | None = None,
    is_waiting: NDArray[np.bool_] | None = None,
    zones: Sequence[Zone],
    occupancy: Sequence[int] = (),
    lines: Sequence[Line] = (),
    tallies: Sequence[LineTally] = (),
    caption: Caption,
) -> None:
    """Draw everything on a frame: a copy would take longer than all that is drawn.

    Args:
        canvas: The frame.
        found: In its pixels.
        labels: What class ids mean.
        track_id: ``(n,)``. Which object each is; 0, or no array at all: nobody knows.
        is_waiting: ``(n,)``. Which do not count yet in a zone, and are drawn paler; None: no one.
        zones: In its pixels.
        occupancy: How many count in each of these; none at all: that is not said.
        lines: In its pixels.
        tallies: How many crossed each of these.
        caption: For the footer.
    """
    sizes = _sizes_for(canvas.width_px, canvas.height_px)
    for zone, count in zip_longest(zones, occupancy):
        _draw_zone(canvas, zone, count, sizes)
    for line, tally in zip(lines, tallies, strict=True):
        _draw_line(canvas, line, tally, sizes)
    # The surest last, on top; every tag above every line.
    ids = np.zeros(len(found), np.int64) if track_id is None else track_id
    waits = np.zeros(len(found), np.bool_) if is_waiting is None else is_waiting
    order = np.argsort(found.confidence, kind="stable")
    marks = [_mark(found, row, labels, int(ids[row]), bool(waits[row])) for row in order]
    for row, mark in zip(order.tolist(), marks, strict=True):
        _draw_outline(canvas, mark, sizes)
        draw_skeleton(canvas, found.keypoints_of(row), mark.color, line_px=sizes.line)
    for mark in marks:
        _draw_label(canvas, mark, sizes)
    _draw_footer(canvas, caption, sizes)


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
        capital=capital,
        padding=max(3, round(capital * 0.55)),
        space=round(capital * 0.4),
    )


def _mark(
    found: Detections,
    row: int,
    labels: Sequence[str],
    track_id: int,
    is_waiting: bool,  # Private, and told by its place.
) -> _Mark:
    label = labels[found.class_id[row]]
    x_min, y_min, x_max, y_max = (int(value) for value in np.rint(found.xyxy[row]))
    name = f"{label} #{track_id}" if track_id else label
    color = color_of(label)
    if is_waiting:
        blue, green, red = ((each + 255) // 2 for each in color)
        color = (blue, green, red)
    # Apart: who it is stays from picture to picture, and each share is painted once for all.
    confidence = f"{found.confidence[row]:.0%}"
    return _Mark((x_min, y_min), (x_max, y_max), name, confidence, color, is_waiting)


def _draw_outline(canvas: Canvas, mark: _Mark, sizes: _Sizes) -> None:
    if mark.is_waiting:
        canvas.outline(mark.low, mark.high, mark.color, line_px=1)
        return
    # A dark line around the bright one keeps it visible on every ground.
    halo = sizes.line + 2 * max(1, sizes.line // 2)
    canvas.outline(mark.low, mark.high, _INK, line_px=halo)
    canvas.outline(mark.low, mark.high, mark.color, line_px=sizes.line)


def _draw_label(canvas: Canvas, mark: _Mark, sizes: _Sizes) -> None:
    texts = [_tag_text(each, canvas, sizes) for each in (mark.name, mark.confidence)]
    width, height = _tag_size(texts, sizes)
    left = min(max(0, mark.low[0] - sizes.line // 2), max(0, canvas.width_px - width))
    # Above the box, or within it where the picture ends.
    top = mark.low[1] - height if mark.low[1] >= height else max(0, mark.low[1])
    _draw_tag(canvas, (left, top), texts, mark.color, sizes)


def _draw_zone(canvas: Canvas, zone: Zone, count: int | None, sizes: _Sizes) -> None:
    points = np.asarray(zone.points, np.float64)
    if not np.isfinite(points).all():
        return
    limit = 4 * max(canvas.width_px, canvas.height_px)
    corners = np.rint(np.clip(points, -limit, limit)).astype(np.int32)
    size_wh = (canvas.width_px, canvas.height_px)
    low, high = corners.min(axis=0).clip(0), corners.max(axis=0)
    if (high < 0).any() or (low >= size_wh).any():
        return
    color = _parsed(zone.color)
    canvas.tint(corners, color, share=_ZONE_FILL)
    canvas.stroke([corners], color, line_px=sizes.line, is_closed=True)
    said = zone.name if count is None else f"{zone.name}: {count}" if zone.name else str(count)
    name = _tag_text(said, canvas, sizes)
    if name.width_px:
        _draw_tag(canvas, (int(low[0]), int(low[1])), [name], color, sizes)


class _Strokes(NamedTuple):
    """A line as it is drawn, with an arrow over its middle that points inwards."""

    lines: list[NDArray[np.int32]]
    middle: NDArray[np.float64]
    inwards: NDArray[np.float64]


def _draw_line(canvas: Canvas, line: Line, tally: LineTally, sizes: _Sizes) -> None:
    limit = 4.0 * max(canvas.width_px, canvas.height_px)
    strokes = _strokes(line.start, line.end, 2.2 * sizes.capital, limit)
    if strokes is None:
        return
    color = _parsed(line.color)
    for ink, thickness in ((_INK, sizes.line + 2), (color, sizes.line)):
        canvas.stroke(strokes.lines, ink, line_px=thickness)
    counted = f"{tally.in_count} in, {tally.out_count} out"
    said = _tag_text(": ".join(filter(None, [line.name, counted])), canvas, sizes)
    width, height = _tag_size([said], sizes)
    # On the side away from which the arrow points.
    x, y = strokes.middle - strokes.inwards * (1.2 * sizes.capital)
    left = x - width * (strokes.inwards[0] + 1) / 2
    top = y - height * (strokes.inwards[1] + 1) / 2
    corner = (
        min(max(0, round(left)), max(0, canvas.width_px - width)),
        min(max(0, round(top)), max(0, canvas.height_px - height)),
    )
    _draw_tag(canvas, corner, [said], color, sizes)


@lru_cache(maxsize=1000)
def _strokes(
    start: tuple[float, float], end: tuple[float, float], size_px: float, limit_px: float
) -> _Strokes | None:
    """Return a line's strokes, the same for picture after picture; None: it has no direction."""
    ends = np.clip(np.array([start, end], np.float64), -limit_px, limit_px)
    length_px = float(np.hypot(*(ends[1] - ends[0])))
    if not length_px > 0:
        return None
    along = (ends[1] - ends[0]) / length_px
    # In the picture, whose y points down, this is to the right of who looks from start to end.
    inwards = np.array([-along[1], along[0]])
    middle = ends.mean(axis=0)
    tip = middle + inwards * size_px
    barbs = [tip + (side * along - inwards) * size_px * 0.45 for side in (-1, 1)]
    lines = [ends, [middle, tip], [barbs[0], tip, barbs[1]]]
    return _Strokes([np.rint(np.array(each)).astype(np.int32) for each in lines], middle, inwards)


def _tag_text(text: str, canvas: Canvas, sizes: _Sizes) -> Lettering:
    # A long name leaves half of the picture's width to others.
    return lettering(text, capital_px=sizes.capital, max_width_px=canvas.width_px // 2)


def _tag_size(texts: Sequence[Lettering], sizes: _Sizes) -> Point:
    between = sizes.space * (len(texts) - 1)
    width = sum(text.width_px for text in texts) + between + 2 * sizes.padding
    return width, sizes.capital + 2 * sizes.padding


def _draw_tag(
    canvas: Canvas, corner: Point, texts: Sequence[Lettering], color: Bgr, sizes: _Sizes
) -> None:
    width, height = _tag_size(texts, sizes)
    left, top = corner
    canvas.fill(corner, (left + width - 1, top + height - 1), color)
    base, x, ink = top + height - sizes.padding, left + sizes.padding, _ink_on(color)
    for text in texts:
        canvas.write(text, left_px=x, base_px=base, color=ink)
        x += text.width_px + sizes.space


def _draw_footer(canvas: Canvas, caption: Caption, sizes: _Sizes) -> None:
    canvas.shade(canvas.height_px - sizes.capital - 2 * sizes.padding, share=_FOOTER_SHADE)
    base = canvas.height_px - sizes.padding
    left, room = sizes.padding, canvas.width_px - 2 * sizes.padding
    # The time is what a picture is evidence by; the name gives way.
    stamp = f"{caption.captured_at:%Y-%m-%d %H:%M:%S %Z}"
    when = lettering(stamp, capital_px=sizes.capital, max_width_px=room)
    right = max(left, canvas.width_px - sizes.padding - when.width_px)
    canvas.write(when, left_px=right, base_px=base, color=_WHITE)
    who = lettering(
        caption.text(),
        capital_px=sizes.capital,
        max_width_px=right - left - 2 * sizes.padding,
    )
    canvas.write(who, left_px=left, base_px=base, color=_WHITE)


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
