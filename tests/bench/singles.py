"""Single sends to the sandbox, beside bare sqlite3 and an empty Flask route: medians over short rounds of all three."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from .figure import Figure, Yardstick, figure
from .rounds import BARE, EMPTY, WESEND, Measured, measure
from .sizes import Sizes

P99_MS = {8: 30, 32: 80}
"""The concurrencies that have bars, and what their 99th percentile may be."""
TIMES_EMPTY = 0.20
CPU = 1.1  # server seconds per 1,000 sends


def bench(sizes: Sizes) -> Iterator[Figure]:
    measured = measure(sizes)
    for concurrency in sizes.concurrencies:
        yield from figures(concurrency, [each for each in measured if each.concurrency == concurrency])


def figures(concurrency: int, measured: list[Measured]) -> Iterator[Figure]:
    """Of one concurrency."""
    has_bars = concurrency in P99_MS

    def middle(value: Callable[[Measured], float | None], system: str = WESEND) -> float:
        return median(value(each) or 0.0 for each in measured if each.system == system)

    def beside_empty(value: Callable[[Measured], float | None]) -> Yardstick:
        return Yardstick(EMPTY, middle(value, EMPTY))

    rate, bare = middle(_per_second), middle(_per_second, BARE)
    # Empty and wesend of one round lie beside each other: their ratio is taken before the median.
    times = median(
        _per_second(ours) / max(_per_second(empty), 1e-9)
        for ours, empty in zip(*([each for each in measured if each.system == system] for system in (WESEND, EMPTY)), strict=True)
    )
    yield figure(
        f"c={concurrency}: sends",
        rate,
        "/s",
        at_least_times=TIMES_EMPTY if has_bars else None,
        p50_ms=round(middle(lambda each: each.load.p50_ms), 2),
        times_bare_sqlite3=round(rate / bare, 3),
    )._replace(ratio=times, ratio_to=EMPTY)
    yield figure(f"c={concurrency}: p99", middle(_p99), "ms", at_most=P99_MS.get(concurrency), beside=beside_empty(_p99))
    yield figure(
        f"c={concurrency}: server CPU per 1,000", middle(_cpu), "s", at_most=CPU if has_bars else None, beside=beside_empty(_cpu)
    )
    yield figure(
        f"c={concurrency}: the same, until delivered", middle(lambda each: each.cpu_to_the_end), "s", beside=beside_empty(_cpu)
    )


def _per_second(each: Measured) -> float:
    return each.load.per_second


def _p99(each: Measured) -> float:
    return each.load.p99_ms


def _cpu(each: Measured) -> float | None:
    return each.cpu
