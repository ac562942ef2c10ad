"""The fonts of text in pictures. Needs the extra ``text``.

Three come as wheels: Noto Sans (Latin, Greek, Cyrillic, Devanagari), Noto Sans Thai, and Noto Sans
CJK (Chinese, Japanese, Korean). What they lack is looked for among the fonts of the system.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import fontpkg
import noto_cjk_sans_otc
import uharfbuzz as hb

#: Every font is scaled to so many units an em, so that one line can mix them.
UNITS_PER_EM = 16384
#: A capital's height as a share of the em, in Noto Sans.
CAPITAL_SHARE = 0.714
#: Where the system keeps fonts; a container may mount some of its own into the first.
SYSTEM_FOLDERS = (Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))
_MAX_SYSTEM_FONTS = 500
_FONT_FILES = {".otf", ".ttc", ".ttf"}
#: What stands in the name of a font that is not the plain one of its family.
_STYLES = ("Bold", "Italic", "Light", "Mono", "Oblique", "Serif", "Thin")
#: A font with none of these tables holds bitmaps or colours alone.
_OUTLINES = {"glyf", "CFF ", "CFF2"}
#: Thin strokes drown in the noise of a video.
_WEIGHT = 550
#: By how much of an em a font without weights is made bolder, to match.
_BOLDER = 0.02
#: Of the ten faces in the collection: Noto Sans CJK TC, that of Taiwan. It holds the others'
#: shapes too, and shows them where the text's language is set.
_TAIWAN = 3


@lru_cache(maxsize=8192)
def font_for(char: str) -> hb.Font | None:
    """Return the first font that has a glyph for a character, or None."""
    code = ord(char)
    for fonts in (_fonts_of_wheels, fonts_of_system):
        for font in fonts():
            if font.get_nominal_glyph(code):
                return font
    return None


@cache
def _fonts_of_wheels() -> tuple[hb.Font, ...]:
    return (
        _font(fontpkg.path("Noto Sans")),
        _font(fontpkg.path("Noto Sans Thai")),
        _font(Path(str(noto_cjk_sans_otc.FONT_PATH)), index=_TAIWAN),
    )


@cache
def fonts_of_system() -> tuple[hb.Font, ...]:
    """Return what the system has, once somebody asked for a character that no wheel knows."""
    return tuple(fonts_in(SYSTEM_FOLDERS))


def fonts_in(folders: tuple[Path, ...]) -> Iterator[hb.Font]:
    """Yield the fonts in folders that have outlines, upright ones of normal weight first."""
    paths = (path for folder in folders for path in folder.rglob("*"))
    files = [path for path in paths if path.suffix.lower() in _FONT_FILES]
    files.sort(key=lambda path: (any(word in path.stem for word in _STYLES), path))
    for path in files[:_MAX_SYSTEM_FONTS]:
        try:
            font = _font(path)
        except (OSError, hb.HarfBuzzError):
            # Somebody else's file; there are others.
            continue
        if not _OUTLINES.isdisjoint(font.face.table_tags):
            yield font


def _font(path: Path, *, index: int = 0) -> hb.Font:
    # Mapped, not read: processes share the pages, and few are touched.
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(path)), index))
    font.scale = (UNITS_PER_EM, UNITS_PER_EM)
    if font.face.has_var_data:
        font.set_variations({"wght": _WEIGHT})
    else:
        font.synthetic_bold = (_BOLDER, _BOLDER, True)
    return font
