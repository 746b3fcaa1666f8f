"""Medians over the rounds, ratios to the empty route of the same run, and the bars."""

from __future__ import annotations

import os
from statistics import median
from typing import Any, NamedTuple

from .rounds import BARE, EMPTY, WESEND, Measured, Plan


class Bar(NamedTuple):
    """A promise about single sends: ``figure`` of a row at ``concurrency``, at least or at most ``limit``."""

    name: str
    concurrency: int
    figure: str
    at_least: bool
    limit: float

    def check(self, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
        for row in rows:
            if row["system"] == WESEND and row["concurrency"] == self.concurrency:
                value = row[self.figure]
                held = value >= self.limit if self.at_least else value <= self.limit
                return {"bar": self.name, "limit": self.limit, "measured": value, "held": held}
        return None


BARS = (
    Bar("c=8: sends/s, times the empty route's, at least", 8, "ratio_to_empty", True, 0.20),
    Bar("c=8: p99 ms, at most", 8, "p99_ms", False, 30),
    Bar("c=8: server CPU s per 1,000 sends, at most", 8, "cpu_s_per_1000", False, 1.1),
    Bar("c=32: sends/s, times the empty route's, at least", 32, "ratio_to_empty", True, 0.20),
    Bar("c=32: p99 ms, at most", 32, "p99_ms", False, 80),
    Bar("c=32: server CPU s per 1,000 sends, at most", 32, "cpu_s_per_1000", False, 1.1),
)


def report(measured: list[Measured], plan: Plan) -> dict[str, Any]:
    rows = [_row(system, concurrency, measured) for concurrency in plan.concurrencies
            for system in (BARE, EMPTY, WESEND)]
    return {"cores": os.cpu_count(), "rounds": plan.rounds, "seconds": plan.seconds,
            "client": "wrk" if plan.wrk else "python", "rows": rows,
            "bars": [checked for bar in BARS if (checked := bar.check(rows)) is not None],
            "errors": sum(each.load.errors for each in measured)}


def _row(system: str, concurrency: int, measured: list[Measured]) -> dict[str, Any]:
    rounds = [each for each in measured if each.system == system and each.concurrency == concurrency]
    # Empty and wesend of one round lie beside each other: their ratio is taken before the median.
    floor = [each.load.per_second for each in measured if each.system == EMPTY and each.concurrency == concurrency]
    return {
        "system": system, "concurrency": concurrency,
        "per_second": round(median(each.load.per_second for each in rounds), 1),
        "ratio_to_empty": round(median(each.load.per_second / max(empty, 1e-9)
                                       for each, empty in zip(rounds, floor, strict=True)), 3),
        "p50_ms": round(median(each.load.p50_ms for each in rounds), 2),
        "p99_ms": round(median(each.load.p99_ms for each in rounds), 2),
        "cpu_s_per_1000": _median([each.cpu for each in rounds]),
        "cpu_s_per_1000_delivered": _median([each.cpu_to_the_end for each in rounds]),
    }


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None


def table(found: dict[str, Any]) -> str:
    """For people: a line a system and concurrency, then the bars."""
    lines = [f"{found['cores']} cores, {found['rounds']} rounds of {found['seconds']} s by {found['client']}; medians."
             " Load and server share the cores: the ratios count.",
             "", f"{'':<18} {'c':>3} {'per s':>9} {'x empty':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU s/1,000':>12} "
             f"{'and delivered':>14}"]
    for row in found["rows"]:
        cpu, delivered = (("-" if value is None else f"{value:.2f}")
                          for value in (row["cpu_s_per_1000"], row["cpu_s_per_1000_delivered"]))
        lines.append(f"{row['system']:<18} {row['concurrency']:>3} {row['per_second']:>9,.0f} "
                     f"{row['ratio_to_empty']:>8.2f} {row['p50_ms']:>8.1f} "
                     f"{row['p99_ms']:>8.1f} {cpu:>12} {delivered:>14}")
    lines.append("")
    lines += [f"{'held    ' if bar['held'] else 'NOT HELD'}  {bar['bar']} {bar['limit']:g}: {bar['measured']:g}"
              for bar in found["bars"]]
    if found["errors"]:
        lines.append(f"{found['errors']} requests were not answered with 200")
    return "\n".join(lines)
