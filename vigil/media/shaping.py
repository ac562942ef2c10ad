"""What a line of text is made of: which glyph of which font stands where.

Needs the extra ``text``.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import uharfbuzz as hb

from vigil.media.fonts import font_for

#: More of a text is never looked at.
MAX_CHARS = 256
_ELLIPSIS = "…"
#: Stands for a letter that no font has.
_BOX = "□"
#: Letters of some scripts join, or do not, by these.
_JOINERS = "\u200c\u200d"
#: Which shape of the Chinese character before it somebody's name has.
_FIRST_SHAPE, _LAST_SHAPE = "\U000e0100", "\U000e01ef"
#: Whether the sign before it shall be an emoji.
_FIRST_STYLE, _LAST_STYLE = "\ufe00", "\ufe0f"
#: What marks its neighbour, and is set in its neighbour's font.
_MARKS = {"Mn", "Mc", "Me", "Cf"}
#: Of the letters of one direction or the other: the level at which they are read.
_LEVELS = {"L": 0, "R": 1, "AL": 1}
_DIGITS = {"EN", "AN"}


class Glyph(NamedTuple):
    """One glyph and where its origin is, in units of the em."""

    font: hb.Font
    glyph_id: int
    x: int
    y: int


class Shaped(NamedTuple):
    """The glyphs of a line, from left to right, and how long it is, in units of the em."""

    glyphs: Sequence[Glyph]
    advance: int


class _Run(NamedTuple):
    """Part of a text that is set in one font, at one level: even ones are read from the left."""

    font: hb.Font
    level: int
    text: str


def printable(text: str) -> str:
    """Return what can be drawn of a text.

    Control characters and line ends become spaces. Signs that no font has, such as most emoji,
    are left out; letters that no font has become boxes.
    """
    known = unicodedata.normalize("NFC", text[:MAX_CHARS])
    return " ".join("".join(map(_drawable, known)).split())


def is_legible(text: str) -> bool:
    """Tell whether most of a text can be drawn: a name that cannot is better replaced."""
    visible = [char for char in printable(text) if unicodedata.category(char)[0] not in "CMZ"]
    return 2 * visible.count(_BOX) < len(visible)


def shaped(text: str) -> Shaped:
    """Return the glyphs of a printable text, from left to right."""
    language = _language(text)
    glyphs, x = [], 0
    for run in _from_left(list(_runs(text))):
        buffer = hb.Buffer()
        buffer.add_str(run.text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if run.level % 2 else "ltr"
        buffer.language = language
        hb.shape(run.font, buffer)
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            glyphs.append(Glyph(run.font, info.codepoint, x + place.x_offset, place.y_offset))
            x += place.x_advance
    return Shaped(glyphs, x)


def fitting(text: str, most: int) -> Shaped:
    """Return as much of a printable text as fits, with an ellipsis when that is not all.

    Args:
        text: What ``printable`` returned.
        most: How long it may be, in units of the em.
    """
    whole = shaped(text)
    if whole.advance <= most:
        return whole
    kept = bisect_left(range(len(text)), True, key=lambda n: shaped(_cut(text, n)).advance > most)
    # The first that is too long, less one character.
    return shaped(_cut(text, kept - 1)) if kept else Shaped((), 0)


def _drawable(char: str) -> str:
    kind = unicodedata.category(char)
    if char.isspace() or kind == "Cc":
        return " "
    if char in _JOINERS or _FIRST_SHAPE <= char <= _LAST_SHAPE:
        return char
    if kind == "Cf" or _FIRST_STYLE <= char <= _LAST_STYLE:
        return ""
    # Half a surrogate pair is no text, whatever a font says.
    if kind != "Cs" and font_for(char):
        return char
    return _BOX if kind[0] in "LN" or kind in {"Cs", "Co"} else ""


def _cut(text: str, kept: int) -> str:
    while kept and unicodedata.category(text[kept]) in _MARKS:
        kept -= 1
    return text[:kept].rstrip() + _ELLIPSIS


def _runs(text: str) -> Iterator[_Run]:
    """Yield the runs of a printable text, as they are read."""
    font = font_for(" ")
    styled = []
    for char, level in zip(text, _levels(text), strict=True):
        follows = char == " " or unicodedata.category(char) in _MARKS
        if not (follows and font and font.get_nominal_glyph(ord(char))):
            font = font_for(char) or font
        styled.append((font, level, char))
    for (font, level), group in groupby(styled, key=lambda each: each[:2]):
        yield _Run(font, level, "".join(char for _, _, char in group))


def _levels(text: str) -> list[int]:
    """Return each character's level: 0 from the left, 1 from the right, 2 a number among those.

    The Unicode bidirectional algorithm as far as names need it.
    """
    sides = [unicodedata.bidirectional(char) for char in text]
    strong = [_LEVELS.get(side) for side in sides]
    if 1 not in strong:
        return [0] * len(text)
    whole = next(level for level in strong if level is not None)
    before = _filled(strong, whole)
    # A number goes on as what was before it; what stands between two directions, as the whole.
    strong = [
        left if side in _DIGITS else own
        for left, own, side in zip(before, strong, sides, strict=True)
    ]
    after = _filled(strong[::-1], whole)[::-1]
    return [
        2 * left if side in _DIGITS else left if left == right else whole
        for left, right, side in zip(before, after, sides, strict=True)
    ]


def _filled(strong: Sequence[int | None], first: int) -> list[int]:
    """Return levels in which None became the level before it."""
    filled = []
    for level in strong:
        first = first if level is None else level
        filled.append(first)
    return filled


def _from_left(runs: list[_Run]) -> Iterator[_Run]:
    """Yield runs from left to right: those of one direction stay together, in their order."""
    groups = [list(group) for _, group in groupby(runs, key=lambda run: run.level > 0)]
    if runs and runs[0].level:
        groups.reverse()
    for group in groups:
        yield from reversed(group) if group[0].level else group


def _language(text: str) -> str:
    """Return the language whose shapes the Chinese characters of a text have."""
    if any("\u3040" <= char <= "\u30ff" for char in text):
        return "ja"
    return "ko" if any("\uac00" <= char <= "\ud7a3" for char in text) else "zh-Hant"
