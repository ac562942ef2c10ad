"""What looks at a camera, as it is shown and as it is kept: a model's address can hold a secret."""

from collections.abc import Sequence
from typing import Any, Final

from vigil.camera_document import ModelUse
from vigil.domain.model_name import names_checkpoint
from vigil.masking import MASK, redact
from vigil.sealing import Sealer
from web.access.principal import Principal
from web.access.rights import Right
from web.cameras.models import Camera
from web.errors import Forbidden, Invalid

#: What a camera's ``recognition`` says when nothing is to look at it.
OFF: Final = "off"
_HIDES: Final = f"holds {MASK}, which hides a secret: write the secret itself"


class CheckpointForbidden(Forbidden):
    """The caller may not have a checkpoint of PyTorch's run on this installation."""


def kept(
    recognition: Any, sealer: Sealer, *, who: Principal, before: Camera | None
) -> dict[str, Any]:
    """Return the columns of `Camera` that hold what somebody typed.

    An address is sealed whatever it looks like, as that of a camera is. One that comes back as it
    was shown is what it was.

    Args:
        recognition: A name; or a list of names, and of objects with ``model`` and what counts.
        sealer: For addresses.
        who: The caller.
        before: The camera as it is; None: it is new.

    Raises:
        Invalid: A secret in it is masked, so nobody knows it; or a model is there twice.
        CheckpointForbidden: It names a ``.pt``, and the caller is no admin.
    """
    if not isinstance(recognition, list):
        name, token = _kept_name(recognition, sealer, who, before, place=None)
        return {"recognition": name, "sealed_recognition": None if token is None else [token]}
    names, tokens = [], []
    for place, entry in enumerate(recognition):
        name, token = _kept_name(_name_of(entry), sealer, who, before, place=place)
        if name in names:
            said = f"names {name} a second time"
            raise Invalid(f"recognition {said}.", {"recognition": {place: [f"It {said}."]}})
        names.append(name)
        tokens.append(token)
    shown = [
        name if isinstance(entry, str) else {**entry, "model": name}
        for name, entry in zip(names, recognition, strict=True)
    ]
    return {"recognition": shown, "sealed_recognition": tokens if any(tokens) else None}


def uses_of(camera: Camera) -> tuple[ModelUse, ...]:
    """Return the models that look at a camera, as the other services learn of them."""
    if camera.recognition == OFF:
        return ()
    entries = _entries(camera.recognition)
    uses = [entry if isinstance(entry, dict) else {"model": entry} for entry in entries]
    tokens = camera.sealed_recognition or [None] * len(uses)
    return tuple(ModelUse(**use, sealed=token) for use, token in zip(uses, tokens, strict=True))


def _kept_name(
    typed: str, sealer: Sealer, who: Principal, before: Camera | None, *, place: int | None
) -> tuple[str, str | None]:
    """Return a model's name as it is shown, and sealed where it is an address."""
    known = {} if before is None else _tokens_of(before)
    if typed in known:
        return typed, known[typed]
    if MASK in typed:
        why = [f"It {_HIDES}."]
        raise Invalid(
            f"recognition {_HIDES}.", {"recognition": why if place is None else {place: why}}
        )
    if names_checkpoint(typed) and not who.may(Right.RUN_CHECKPOINTS):
        raise CheckpointForbidden(
            "A .pt is a program that its maker wrote: admins alone can add one. Others can use "
            "the same model as an .onnx file."
        )
    shown = redact(typed)
    is_secret = "://" in typed or shown != typed
    return shown, sealer.seal(typed) if is_secret else None


def _tokens_of(camera: Camera) -> dict[str, str | None]:
    names = [_name_of(entry) for entry in _entries(camera.recognition)]
    tokens = camera.sealed_recognition or [None] * len(names)
    return dict(zip(names, tokens, strict=True))


def _entries(recognition: Any) -> Sequence[Any]:
    return recognition if isinstance(recognition, list) else [recognition]


def _name_of(entry: Any) -> str:
    name: str = entry["model"] if isinstance(entry, dict) else entry
    return name
