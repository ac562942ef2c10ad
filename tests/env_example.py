"""Writes ``.env.example`` from the settings classes; ``make env-example`` calls it.

Every module named ``settings`` in a package of ours is read; a new one needs no entry here.
"""

import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

ROOT = Path(__file__).parents[1]

#: In the order in which an operator reads them; of a name that two classes know, both are told.
PACKAGES = ("vigil", "standalone", "web", "camera_ctrl", "recorder", "object_recognition")

_HEAD = """\
# Every setting of Vigil. Copy this file to .env and change what you need; `make run` needs none.
# A variable of the environment wins over its line in .env; an empty one counts as unset.
# Written by `make env-example` from the settings classes; a test holds them equal.
"""
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def settings_classes() -> list[type[BaseSettings]]:
    """Return every settings class that stands in a module named ``settings``."""
    return [
        value
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("settings.py"))
        for value in vars(importlib.import_module(_module(path))).values()
        if isinstance(value, type)
        and issubclass(value, BaseSettings)
        and value.__module__ == _module(path)
    ]


def render() -> str:
    """Return what ``.env.example`` must be."""
    names: dict[str, list[FieldInfo]] = {}
    sections: dict[str, str] = {}
    for settings_class in settings_classes():
        package = settings_class.__module__.partition(".")[0]
        section = f"{package}: {(settings_class.__doc__ or '').splitlines()[0]}"
        for name, field in settings_class.model_fields.items():
            known = names.setdefault(name.upper(), [])
            if field.description not in {other.description for other in known}:
                known.append(field)
            sections.setdefault(name.upper(), section)
    return _HEAD + "".join(_lines(names, sections))


def _lines(names: dict[str, list[FieldInfo]], sections: dict[str, str]) -> Iterator[str]:
    last = ""
    for name, fields in names.items():
        if sections[name] != last:
            last = sections[name]
            yield f"\n# --- {last}\n"
        text = " ".join(
            filter(None, [*(field.description for field in fields), _limits(fields[0])])
        )
        yield "\n" + textwrap.indent(textwrap.fill(text, 96), "# ") + "\n"
        yield f"{'' if fields[0].is_required() else '#'}{name}={_default(fields[0])}\n"


def _limits(field: FieldInfo) -> str:
    found = [
        f"{words} {getattr(bound, name)}"
        for bound in field.metadata
        for name, words in _BOUNDS.items()
        if getattr(bound, name, None) is not None
    ]
    if get_origin(field.annotation) is Literal:
        found = [", ".join(map(str, get_args(field.annotation)))]
    allowed = f"Allowed: {' and '.join(found)}." if found else ""
    if field.is_required():
        return f"{allowed} Required.".strip()
    return allowed


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    return "" if field.is_required() or value is None else str(value)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


if __name__ == "__main__":
    sys.stdout.write(render())
