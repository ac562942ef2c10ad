from bench.result import Bar, Part, RowResult
from bench.table import updated

ORDER = ["first", "second"]


def a_row(name: str, ours: float, **changes: str) -> RowResult:
    return RowResult(name, [Part("", "ms", Bar(5), [ours])], **changes)


def a_table(text: str, result: RowResult, *, machine: str = "a laptop", day: str = "Monday") -> str:
    return updated(text, result, machine=machine, versions="Python 3.11", measured=day, order=ORDER)


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| `")]


def test_a_row_that_is_measured_again_replaces_its_own_line_alone() -> None:
    both = a_table(a_table("", a_row("second", 7)), a_row("first", 1))

    again = a_table(both, a_row("second", 4), day="Tuesday")

    assert lines_of(again) == [
        "| `first` | 1 | - | - | ms | 1 to 1 | at most 5 | yes | Monday |",
        "| `second` | 4 | - | - | ms | 4 to 4 | at most 5 | yes | Tuesday |",
    ]


def test_a_bar_that_does_not_hold_stands_out() -> None:
    assert "| **no** |" in a_table("", a_row("first", 5.5))


def test_a_row_with_several_figures_has_a_line_for_each() -> None:
    row = RowResult("first", [Part("cpu", "%", Bar(3), [2]), Part("memory", "MB", None, [1234.0])])

    table = a_table(a_table("", row), row, day="Tuesday")

    assert lines_of(table) == [
        "| `first` cpu | 2 | - | - | % | 2 to 2 | at most 3 | yes | Tuesday |",
        "| `first` memory | 1230 | - | - | MB | 1230 to 1230 | - | - | Tuesday |",
    ]


def test_another_machine_has_a_table_of_its_own() -> None:
    server = a_table("", a_row("first", 1), machine="a server")

    both = a_table(server, a_row("second", 4))
    again = a_table(both, a_row("first", 2), machine="a server", day="Tuesday")

    assert [line for line in again.splitlines() if line.startswith(("## ", "| `"))] == [
        "## a server",
        "| `first` | 2 | - | - | ms | 2 to 2 | at most 5 | yes | Tuesday |",
        "## a laptop",
        "| `second` | 4 | - | - | ms | 4 to 4 | at most 5 | yes | Monday |",
    ]
    assert a_table(again, a_row("second", 4)) == again


def test_a_row_that_was_not_measured_says_why() -> None:
    table = a_table("", RowResult("first", [], missing="needs ffmpeg on the PATH"))

    [line] = lines_of(table)
    assert "not measured: needs ffmpeg on the PATH" in line
    assert line.count("|") == table.splitlines()[-3].count("|")
