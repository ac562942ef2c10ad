"""The console script ``vigil``: finds a command by name, and runs it.

Each service registers its commands as entry points of the group ``vigil.commands``, so that this
package imports no service, and a service that is not installed costs nothing.
"""

import sys
from importlib.metadata import EntryPoint, entry_points

from vigil.errors import SetupInvalid, Unavailable

GROUP = "vigil.commands"


def main(argv: list[str] | None = None) -> int:
    """Run ``vigil COMMAND [ARGUMENT ...]``; return the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    commands = {entry.name: entry for entry in entry_points(group=GROUP)}
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(_help(commands))
        return 0
    name, *rest = arguments
    if name not in commands:
        print(f"vigil: no command '{name}'.\n\n{_help(commands)}", file=sys.stderr)
        return 2
    try:
        run = commands[name].load()
        return int(run(rest) or 0)
    except ModuleNotFoundError as error:
        print(f"vigil {name}: needs '{error.name}', which is not installed.", file=sys.stderr)
        return 2
    except SetupInvalid as error:
        print(f"vigil {name}: {error}", file=sys.stderr)
        return 2
    except Unavailable as error:
        # A command that was told to stop, or does not wait, while the other side is away.
        print(f"vigil {name}: {error}", file=sys.stderr)
        return 1


def _help(commands: dict[str, EntryPoint]) -> str:
    lines = "\n".join(f"  {name}" for name in sorted(commands))
    return f"usage: vigil COMMAND [ARGUMENT ...]\n\ncommands:\n{lines}"
