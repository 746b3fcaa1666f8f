"""`python -m tests.bench`: every bar of the design on real servers with default settings, in one run."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path

from . import (
    bulk,
    call_log,
    carriers,
    gateways,
    guards,
    inbox,
    margins,
    memory,
    million,
    report,
    scale,
    singles,
    smpp,
    smpp_server,
    start,
    webhooks,
)
from .figure import Figure
from .sizes import QUICK, Sizes

BENCHES = {
    "singles": singles.bench,
    "call_log": call_log.bench,
    "bulk": bulk.bench,
    "gateways": gateways.bench,
    "guards": guards.bench,
    "carriers": carriers.bench,
    "smpp": smpp.bench,
    "smpp_server": smpp_server.bench,
    "webhooks": webhooks.bench,
    "million": million.bench,
    "inbox": inbox.bench,
    "margins": margins.bench,
    "memory": memory.bench,
    "scale": scale.bench,
    "start": start.bench,
}


def main(arguments: list[str] | None = None, *, sizes: Sizes | None = None) -> int:
    """0, or 1 when a bench came to no end; a bar that is not held is told, not punished: machines differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=BENCHES, nargs="+", help="these, instead of all")
    parser.add_argument("--quick", action="store_true", help="a minute or two; its figures say little")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures here, too")
    given = parser.parse_args(arguments)
    sizes = sizes or (QUICK if given.quick else Sizes())
    found, failed = run(given.only or list(BENCHES), sizes)
    if given.json:
        given.json.write_text(json.dumps(report.data(found, failed, sizes), indent=2) + "\n")
    print(
        ", ".join(f"{name} {value}" for name, value in report.machine().items())
        + ". Load and server share the cores: the ratios count.\n"
    )
    print(report.table(found))
    for name, error in failed.items():
        print(f"\n{name} FAILED: {error}")
    return 1 if failed else 0


def run(names: list[str], sizes: Sizes) -> tuple[dict[str, list[Figure]], dict[str, str]]:
    """Figures of each bench, and the errors of those that came to no end: the others are measured all the same."""
    found: dict[str, list[Figure]] = {}
    failed: dict[str, str] = {}
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        found[name] = []
        try:
            found[name].extend(BENCHES[name](sizes))
        except Exception as error:
            traceback.print_exc()
            failed[name] = f"{type(error).__name__}: {error}"
    return found, failed


if __name__ == "__main__":
    sys.exit(main())
