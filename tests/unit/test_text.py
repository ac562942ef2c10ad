"""Text in pictures: each script that users write is drawn, and nothing that they write hurts."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import fontpkg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.media import fonts
from vigil.media.shaping import MAX_CHARS, is_legible, printable
from vigil.media.text import Image, Lettering, lettering

INK, GROUND = (10, 200, 90), 60
NAMES = {
    "English": "Back door",
    "Polish": "Łódź, wejście",
    "Turkish": "Bahçe girişi ğ",
    "Vietnamese": "Cửa trước",
    "Russian": "Главный вход",
    "Greek": "Κύρια είσοδος",
    "Hindi": "मुख्य द्वार",
    "Thai": "ประตูหน้าบ้าน",
    "Taiwan": "後門停車場",
    "China": "后门停车场",
    "Japanese": "正面玄関カメラ",
    "Korean": "정문 카메라",
    "rare": "𠮷野家",
    "mixed": "大門 Door 3 ประตู",
}


def of(text: str, *, room_px: int = 2000, capital_px: int = 20) -> Lettering:
    return lettering(text, capital_px=capital_px, max_width_px=room_px)


def same(one: Lettering, other: Lettering) -> bool:
    return np.array_equal(one.alpha, other.alpha)


@pytest.fixture
def no_system_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave only the fonts of the wheels: what else there is differs from machine to machine."""

    def forget() -> None:
        fonts.fonts_of_system.cache_clear()
        fonts.font_for.cache_clear()

    monkeypatch.setattr(fonts, "SYSTEM_FOLDERS", ())
    forget()
    yield
    forget()


def ink_rows(text: str) -> list[int]:
    return np.flatnonzero((of(text).alpha > 127).any(axis=1)).tolist()


@pytest.mark.parametrize("script", NAMES)
def test_a_name_is_drawn_as_itself(script: str) -> None:
    name = NAMES[script]
    drawn = of(name)

    assert printable(name) == name
    assert (drawn.alpha > 200).sum() > 50
    others = [other for other in NAMES.values() if other != name]
    for other in [*others, "?" * len(name), "□" * len(name), "\ufffd" * len(name)]:
        assert not same(drawn, of(other)), other


def test_each_letter_of_a_chinese_name_is_drawn() -> None:
    assert not same(of("前門"), of("後門"))
    assert not same(of("前門"), of("前庭"))
    assert of("前門前門").width_px == pytest.approx(2 * of("前門").width_px, abs=2)


def test_letters_of_several_scripts_stand_in_one_line() -> None:
    parts = of("Door").width_px + of("大門").width_px + of("ประตู").width_px

    assert of("Door大門ประตู").width_px == pytest.approx(parts, abs=3)


def test_thai_marks_are_stacked_above_the_letter() -> None:
    # A consonant with a vowel above, and the same with a tone mark above that.
    assert of("ที่").width_px == of("ที").width_px
    assert ink_rows("ที่")[0] < ink_rows("ที")[0] < ink_rows("ท")[0]


def test_a_japanese_name_has_japanese_shapes() -> None:
    def first_letter(text: str) -> Image:
        return of(text).alpha[:, :24]

    assert not np.array_equal(first_letter("直カ"), first_letter("直中"))
    assert np.array_equal(first_letter("直中"), first_letter("直門"))


@pytest.mark.parametrize("capital_px", [7, 20, 42])
def test_a_capital_is_as_high_as_was_asked(capital_px: int) -> None:
    drawn = of("H", capital_px=capital_px)
    rows = np.flatnonzero((drawn.alpha > 127).any(axis=1))

    assert rows.size == pytest.approx(capital_px, abs=1)
    assert rows[-1] == drawn.base_px - 1


@pytest.mark.parametrize("letter", ["a", "庭", "ที่", "a\u0301\u0302", "庭a ", "א"])
def test_a_name_of_4000_letters_is_cut_to_its_room(letter: str) -> None:
    drawn = of(4000 * letter, room_px=300)

    assert 200 < drawn.width_px <= 300


def test_of_a_very_long_text_only_the_beginning_is_looked_at() -> None:
    assert printable(4000 * "庭") == MAX_CHARS * "庭"


def test_what_was_cut_ends_in_an_ellipsis() -> None:
    cut = of(100 * "b", room_px=300)

    assert sum(same(cut, of(kept * "b" + "…")) for kept in range(100)) == 1


def test_a_name_that_fits_is_whole() -> None:
    name = of("後門停車場")

    assert same(of("後門停車場", room_px=name.width_px + 1), name)


def test_no_room_shows_nothing() -> None:
    assert [of("door", room_px=room_px).width_px for room_px in (-5, 0, 1)] == [0, 0, 0]


def test_what_may_become_smaller_is_not_cut_before_it_must() -> None:
    def shrunk(text: str) -> Lettering:
        return lettering(text, capital_px=20, max_width_px=300, min_capital_px=10)

    assert same(shrunk("short"), of("short"))
    assert shrunk(20 * "m").capital_px in range(10, 20)
    assert 280 < shrunk(20 * "m").width_px <= 300
    assert shrunk(100 * "m").capital_px == 10
    assert same(shrunk(100 * "m"), of(100 * "m", room_px=300, capital_px=10))


PRINTABLE = {
    "control characters": ("a\x00\x1b\x7fb", "a b"),
    "line ends": (" two\r\nlines\u2028or three ", "two lines or three"),
    "direction overrides": ("a\u202egpj.exe\u2066", "agpj.exe"),
    "half a surrogate pair": ("a\ud800b", "a□b"),
    "a letter that no font has": ("a\U00013000b", "a□b"),
    "a letter that nobody knows": ("a\U000f0000b", "a□b"),
    "a name's own shape": ("葛\U000e0101城", "葛\U000e0101城"),
    "an emoji": ("Door 🚪\ufe0f back", "Door back"),
    "a family": ("👨\u200d👩\u200d👧", "\u200d\u200d"),
    "a letter in two parts": ("e\u0301", "é"),
    "nothing": ("", ""),
}


@pytest.mark.usefixtures("no_system_fonts")
@pytest.mark.parametrize("case", PRINTABLE)
def test_what_cannot_be_drawn_is_left_out_or_shows_as_a_box(case: str) -> None:
    text, shown = PRINTABLE[case]

    assert printable(text) == shown
    of(text)


@pytest.mark.usefixtures("no_system_fonts")
@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("後門", True),
        ("Door 🚪", True),
        ("a\ue000", False),
        ("👨\u200d👧", False),
        ("🚪🏠", False),
        (" \n", False),
    ],
)
def test_a_name_is_legible_when_most_of_it_can_be_drawn(text: str, *, is_so: bool) -> None:
    assert is_legible(text) is is_so


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_does_harm(text: str) -> None:
    drawn = of(text, room_px=200)

    assert drawn.width_px <= 200
    assert drawn.alpha.shape[0] < 60


def test_ink_covers_the_ground_and_nothing_else_changes() -> None:
    picture = np.full((60, 200, 3), GROUND, np.uint8)
    drawn = of("■ 門")

    drawn.draw_on(picture, left_px=30, base_px=40, color=INK)

    top = 40 - drawn.base_px
    part = picture[top : top + drawn.alpha.shape[0], 30 : 30 + drawn.width_px]
    assert (part[drawn.alpha == 255] == INK).all()
    assert (drawn.alpha == 255).any()
    assert (part[drawn.alpha == 0] == GROUND).all()
    part[:] = GROUND
    assert (picture == GROUND).all()


@pytest.mark.parametrize("left_px", [-500, -10, 0, 35, 500])
@pytest.mark.parametrize("base_px", [-500, 5, 20, 45, 500])
def test_what_lies_outside_of_the_picture_is_left_out(left_px: int, base_px: int) -> None:
    wide = np.full((1100, 1200, 3), GROUND, np.uint8)
    picture = wide[520:560, 520:560].copy()

    of("大門口").draw_on(wide, left_px=520 + left_px, base_px=520 + base_px, color=INK)
    of("大門口").draw_on(picture, left_px=left_px, base_px=base_px, color=INK)

    assert np.array_equal(picture, wide[520:560, 520:560])


def test_a_folder_of_fonts_is_read_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "empty.otf").touch()
    (tmp_path / "gone.ttf").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.ttf").mkdir()
    (tmp_path / "README.txt").write_text("fonts", encoding="ascii")
    for name in ("folder.ttf/A-Bold.TTF", "Z-Regular.ttf"):
        shutil.copy(fontpkg.path("Noto Sans Thai"), tmp_path / name)

    found = list(fonts.fonts_in((tmp_path, tmp_path / "missing")))

    assert [font.get_nominal_glyph(ord("ท")) is not None for font in found] == [True, True]


@pytest.mark.needs("dejavu")
def test_a_script_that_no_wheel_has_is_drawn_with_a_font_of_the_system() -> None:
    assert printable("דלת") == "דלת"
    assert not same(of("דלת"), of("□□□"))


@pytest.mark.needs("dejavu")
def test_hebrew_is_read_from_the_right() -> None:
    def starts_with(whole: str, part: str) -> bool:
        # Without the last columns, which the next letter may touch.
        columns = of(part).width_px - 2
        return np.array_equal(of(whole).alpha[:, :columns], of(part).alpha[:, :columns])

    # Among English, English begins; a Hebrew name begins at the right, and ends at the left.
    assert starts_with("door דלת", "door")
    assert starts_with("דלת door", "door")
    assert starts_with("דלת 12", "12")
    assert starts_with("12 דלת", "ת")
