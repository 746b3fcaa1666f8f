"""`python -m tests.bench`: single sends on a real server with default settings, and the bars of the design."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from . import load
from .report import report, table
from .rounds import Plan, measure


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 when a request failed; a bar that is not held is told, not punished: machines differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each system at each concurrency (5)")
    parser.add_argument("--seconds", type=int, default=2, help="whole seconds a round (2)")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 32], help="connections at once (1 8 32)")
    parser.add_argument("--client", choices=("wrk", "python"), default="wrk" if load.has_wrk() else "python",
                        help="who makes the load (wrk where it is installed)")
    parser.add_argument("--json", metavar="FILE", help="write the figures here, too")
    given = parser.parse_args(arguments)
    plan = Plan(given.rounds, given.seconds, tuple(given.concurrency), given.client == "wrk")
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(Path(folder), plan, lambda line: print(line, file=sys.stderr))
    found = report(measured, plan)
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))
    return 1 if found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
