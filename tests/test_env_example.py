"""The file that operators copy says what the settings classes say, and nothing else."""

import ast
from pathlib import Path

from tests.env_example import PACKAGES, ROOT, render, settings_classes

EXAMPLE = ROOT / ".env.example"


def test_is_what_the_settings_classes_say() -> None:
    assert EXAMPLE.read_text() == render(), "run `make env-example`"


def test_names_each_field_once() -> None:
    lines = [line.lstrip("#") for line in EXAMPLE.read_text().splitlines() if "=" in line]
    names = [name for line in lines if (name := line.partition("=")[0]).isupper()]
    assert len(names) == len(set(names))
    assert set(names) == {name.upper() for each in settings_classes() for name in each.model_fields}


def test_each_field_has_a_meaning() -> None:
    without = [
        f"{each.__name__}.{name}"
        for each in settings_classes()
        for name, field in each.model_fields.items()
        if not field.description
    ]
    assert without == []


def test_no_setting_hides_in_another_module() -> None:
    known = {name for each in settings_classes() for name in each.model_fields}
    hidden = {
        f"{path.relative_to(ROOT)}: {name}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in _fields_of_settings(path)
        if name not in known
    }
    assert hidden == set()


def _fields_of_settings(path: Path) -> list[str]:
    """Return the annotated names in classes whose base ends in ``Settings``."""
    return [
        statement.target.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id.endswith("Settings") for base in node.bases)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
