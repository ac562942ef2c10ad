"""``bench/RESULTS.md``: the tables that running a row brings up to date. Pure but for its file.

The file itself is what is kept: a table a machine, since figures of two do not compare. A row that
is measured again takes the place of its own lines, all others stay as they are.
"""

import re
from collections.abc import Sequence

from bench.result import Part, RowResult

_COLUMNS = ("row", "ours", "baseline", "ratio", "unit", "spread", "bar", "holds", "measured")
_PREFACE = (
    "# Figures",
    "",
    "Written by `make bench`; what each row measures is told in `docs/benchmarks.md`.",
    "",
)
_NONE = "-"
#: What stands before each table: a heading, and what was measured with.
_SECTION = re.compile(r"^## (.*?)\n\nVersions: (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
#: A line of the table: its row's name stands in code marks.
_LINE = re.compile(r"^\| `([a-z0-9-]+)`.*\|$", re.MULTILINE)


def updated(
    text: str,
    result: RowResult,
    *,
    machine: str,
    versions: str,
    measured: str,
    order: Sequence[str],
) -> str:
    """Return the file's new text.

    Args:
        text: The file as it is; may be empty.
        result: What was measured now.
        machine: On which.
        versions: Of what figures depend on.
        measured: When, and of which commit.
        order: All rows' names, as the table has them.
    """
    sections = {found[1]: (found[2], found[3]) for found in _SECTION.finditer(text)}
    _, before = sections.get(machine, ("", ""))
    lines: dict[str, list[str]] = {}
    for line in _LINE.finditer(before):
        lines.setdefault(line[1], []).append(line[0])
    lines[result.row] = _lines(result, measured)
    head = [_joined(_COLUMNS), _joined(["---"] * len(_COLUMNS))]
    table = [line for row in order for line in lines.get(row, ())]
    sections[machine] = (versions, "\n".join(["", *head, *table, ""]))
    parts = [
        f"## {name}\n\nVersions: {with_versions}\n{body.rstrip()}\n"
        for name, (with_versions, body) in sections.items()
    ]
    return "\n".join([*_PREFACE, *parts])


def _lines(result: RowResult, measured: str) -> list[str]:
    if result.missing is not None:
        said = f"not measured: {result.missing}"
        cells = [f"`{result.row}`", *[_NONE] * 5, said, _NONE, measured]
        return [_joined(cells)]
    return [_line(result.row, part, measured) for part in result.parts]


def _line(row: str, part: Part, measured: str) -> str:
    shown = RowResult(row, [Part("", part.unit, part.bar, part.ours, part.baseline)]).as_json()
    low, high = shown["spread"]
    cells = [
        f"`{row}` {part.name}".rstrip(),
        shown["ours"],
        shown["baseline"],
        shown["ratio"],
        part.unit,
        f"{low:g} to {high:g}",
        shown["bar"],
        {True: "yes", False: "**no**", None: _NONE}[part.holds],
        measured,
    ]
    return _joined(
        [
            _NONE if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)
            for cell in cells
        ]
    )


def _joined(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
