"""Whether this process can do its work: what it needs, asked one by one."""

from collections.abc import Callable, Mapping

from vigil.errors import SetupInvalid, Unavailable

#: Returns when the other side answers, and raises Unavailable when it does not.
Check = Callable[[], object]


class Readiness:
    """The servers that this process cannot do without.

    Args:
        checks: Name of a server, to what asks it.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def ask(self) -> dict[str, bool]:
        """Return for each server whether it answers."""
        return {name: _answers(check) for name, check in self._checks.items()}


def _answers(check: Check) -> bool:
    try:
        check()
    except (Unavailable, SetupInvalid):
        return False
    return True
