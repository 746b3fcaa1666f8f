"""What a run found, for programs and for people."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from typing import Any

from .figure import Figure
from .sizes import Sizes

HEADINGS = ("", "", "figure", "", "bar", "", "ratio", "to")
RIGHT = (2, 6)  # columns of numbers


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def data(found: dict[str, list[Figure]], failed: dict[str, str], sizes: Sizes) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "sizes": sizes._asdict(),
        "figures": [{"bench": bench, **figure.data()} for bench, figures in found.items() for figure in figures],
        "failed": failed,
    }


def table(found: dict[str, list[Figure]]) -> str:
    """A line a figure; a bar that is not held is marked."""
    rows = [HEADINGS] + [
        (bench if number == 0 else "", *_cells(figure)) for bench, figures in found.items() for number, figure in enumerate(figures)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    held = {None: "", True: "held", False: "NOT HELD"}[figure.held]
    return (
        figure.name,
        _number(figure.measured),
        figure.unit,
        figure.bar.shown() if figure.bar else "",
        held,
        "" if figure.ratio is None else f"{_number(figure.ratio)} x",
        figure.ratio_to or "",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
