"""``python -m bench [ROW]``: measure every row, or one; print a line each, and keep the table."""

import argparse
import json
from pathlib import Path

from bench.rows import ROWS
from bench.surroundings import described_machine, measured_now, versions
from bench.table import updated

_TABLE = Path(__file__).parent / "RESULTS.md"


def main() -> int:
    """Measure; return 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("row", nargs="?", choices=[*ROWS], help="one row; else all of them")
    chosen = parser.parse_args().row
    has_missed = False
    for name in [chosen] if chosen else ROWS:
        result = ROWS[name]()
        line = result.as_json()
        print(json.dumps(line), flush=True)
        has_missed |= line["holds"] is False
        # After each row: a later one that fails takes nothing with it.
        text = _TABLE.read_text(encoding="utf-8") if _TABLE.exists() else ""
        _TABLE.write_text(
            updated(
                text,
                result,
                machine=described_machine(),
                versions=versions(),
                measured=measured_now(),
                order=list(ROWS),
            ),
            encoding="utf-8",
        )
    return int(has_missed)


if __name__ == "__main__":
    raise SystemExit(main())
