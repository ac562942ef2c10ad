import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vigil import cli
from vigil.errors import BusUnavailable, SetupInvalid

#: Of the project that these tests belong to.
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

_GIVEN: list[Sequence[str]] = []


def works(arguments: Sequence[str]) -> int:
    _GIVEN.append(arguments)
    return 3 if arguments else 0


def says_nothing(_arguments: Sequence[str]) -> None:
    pass


def is_set_up_wrongly(_arguments: Sequence[str]) -> int:
    raise SetupInvalid("REDIS_URL: Field required")


def finds_nobody(_arguments: Sequence[str]) -> int:
    raise BusUnavailable("redis: connection refused")


def has_a_bug(_arguments: Sequence[str]) -> int:
    raise KeyError("a bug")


def needs_an_extra(_arguments: Sequence[str]) -> int:
    import no_such_module_of_ours  # type: ignore[import-not-found]  # noqa: PLC0415

    return int(no_such_module_of_ours.answer)


COMMANDS = (works, says_nothing, is_set_up_wrongly, finds_nobody, has_a_bug, needs_an_extra)


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    entries = [
        EntryPoint(each.__name__.replace("_", "-"), f"{__name__}:{each.__name__}", cli.GROUP)
        for each in COMMANDS
    ]
    entries.append(EntryPoint("not-installed", "no_such_service.__main__:main", cli.GROUP))

    def registered(*, group: str) -> list[EntryPoint]:
        return {cli.GROUP: entries}[group]

    monkeypatch.setattr(cli, "entry_points", registered)
    _GIVEN.clear()
    yield
    _GIVEN.clear()


def test_runs_a_command_with_its_arguments_and_returns_its_status() -> None:
    assert cli.main(["works", "--port", "5000"]) == 3
    assert cli.main(["works"]) == 0
    assert list(_GIVEN) == [["--port", "5000"], []]


def test_a_command_that_says_nothing_went_well() -> None:
    assert cli.main(["says-nothing"]) == 0


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 0

    out = capsys.readouterr().out
    assert out.startswith("usage: vigil COMMAND")
    assert out.splitlines()[-1] == "  works"
    assert "  says-nothing" in out


def test_a_commands_help_is_the_commands_own() -> None:
    assert cli.main(["works", "--help"]) == 3
    assert list(_GIVEN) == [["--help"]]


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("wroks", 2, "vigil: no command 'wroks'.\n\nusage: vigil COMMAND"),
        ("is-set-up-wrongly", 2, "vigil is-set-up-wrongly: REDIS_URL: Field required\n"),
        ("finds-nobody", 1, "vigil finds-nobody: redis: connection refused\n"),
        ("needs-an-extra", 2, "needs 'no_such_module_of_ours', which is not installed.\n"),
        ("not-installed", 2, "needs 'no_such_service', which is not installed.\n"),
    ],
)
def test_says_what_is_wrong_in_a_line(
    command: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command]) == status
    assert said in capsys.readouterr().err


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(KeyError, match="a bug"):
        cli.main(["has-a-bug"])


def test_every_command_of_the_project_can_be_loaded() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]

    for name, value in project["entry-points"][cli.GROUP].items():
        assert callable(EntryPoint(name, value, cli.GROUP).load())
