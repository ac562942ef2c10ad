"""Clips for tests, made when they are first asked for and kept for the session."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from standalone.demo.clip import ClipFormat, render_test_card

#: Small and short, so that a camera loops within a test.
SMALL = ClipFormat(size_wh=(320, 180), fps=Fraction(25), length_s=2.0, gop_s=0.4)

CardClip = Callable[[ClipFormat], Path]


@pytest.fixture(scope="session")
def card_clip(tmp_path_factory: pytest.TempPathFactory) -> CardClip:
    """Give clips of numbered test cards, by their format."""
    folder = tmp_path_factory.mktemp("clips")

    @cache
    def clip(form: ClipFormat) -> Path:
        path = folder / f"{len(list(folder.iterdir()))}.mp4"
        render_test_card(path, form=form)
        return path

    return clip


@pytest.fixture(scope="session")
def small_clip(card_clip: CardClip) -> Path:
    """Give 2 s of numbered test cards in H.264, 320x180 at 25 frames a second."""
    return card_clip(SMALL)
