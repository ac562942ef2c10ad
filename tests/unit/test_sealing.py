import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.errors import MessageInvalid
from vigil.sealing import Sealer

OLD, NEW = "an old secret of 32 characters!!", "a new secret of 32 characters!!!"


@given(text=st.text(max_size=200))
def test_opens_what_it_sealed(text: str) -> None:
    sealer = Sealer(NEW)

    assert sealer.open(sealer.seal(text)) == text


def test_a_sealed_text_shows_nothing_of_it_and_is_ascii() -> None:
    sealed = Sealer(NEW).seal("admin:pässword")

    assert sealed.isascii()
    assert "admin" not in sealed
    assert b"admin" not in base64.urlsafe_b64decode(sealed)


def test_the_same_text_sealed_twice_looks_different() -> None:
    sealer = Sealer(NEW)

    assert sealer.seal("admin:secret") != sealer.seal("admin:secret")


def test_after_a_rotation_both_secrets_open_and_the_new_one_seals() -> None:
    before = Sealer(OLD).seal("admin:secret")
    rotated = Sealer(NEW, OLD)

    assert rotated.open(before) == "admin:secret"
    assert Sealer(NEW).open(rotated.seal("admin:secret")) == "admin:secret"


def test_what_the_previous_secret_sealed_is_renewed_and_nothing_else() -> None:
    rotated = Sealer(NEW, OLD)
    old, new = Sealer(OLD).seal("admin:secret"), Sealer(NEW).seal("admin:secret")

    assert Sealer(NEW).open(rotated.renewed(old)) == "admin:secret"
    assert rotated.renewed(new) == new
    with pytest.raises(MessageInvalid):
        Sealer(NEW).renewed(old)


def test_another_secret_opens_nothing() -> None:
    sealed = Sealer(OLD).seal("admin:secret")

    with pytest.raises(MessageInvalid, match="another SECRET_KEY, or damaged") as raised:
        Sealer(NEW).open(sealed)
    assert raised.value.__cause__ is None


@given(at=st.integers(0), bit=st.integers(0, 5))
def test_a_token_that_was_changed_anywhere_is_refused(at: int, bit: int) -> None:
    sealer = Sealer(NEW)
    token = bytearray(base64.urlsafe_b64decode(sealer.seal("admin:secret")))
    token[at % len(token)] ^= 1 << bit

    with pytest.raises(MessageInvalid):
        sealer.open(base64.urlsafe_b64encode(token).decode())


@pytest.mark.parametrize("token", ["", "admin:secret", "ü", "=" * 100, "gAAAAA"])
def test_what_was_never_sealed_is_refused(token: str) -> None:
    with pytest.raises(MessageInvalid):
        Sealer(NEW).open(token)
