"""A figure: what was measured, beside its bar and beside what it is compared with. Every bench gives these."""

from __future__ import annotations

from typing import Any, NamedTuple


class Bar(NamedTuple):
    """A promise of the design; ``times``: it is about the ratio, not about what was measured."""

    limit: float
    at_least: bool = False
    times: bool = False

    def shown(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:,g}{' x' if self.times else ''}"


class Yardstick(NamedTuple):
    """Something bare that was measured in the same run; ``value`` in the unit of the figure."""

    what: str
    value: float


class Figure(NamedTuple):
    """``ratio``: times the yardstick. ``details`` go to the JSON only."""

    name: str
    measured: float
    unit: str
    bar: Bar | None
    ratio: float | None
    ratio_to: str | None
    details: dict[str, Any]

    @property
    def held(self) -> bool | None:
        """None without a bar."""
        if self.bar is None:
            return None
        value = self.ratio if self.bar.times else self.measured
        assert value is not None, f"{self.name}: a bar on a ratio needs a yardstick"
        return value >= self.bar.limit if self.bar.at_least else value <= self.bar.limit

    def data(self) -> dict[str, Any]:
        bar = None if self.bar is None else {**self.bar._asdict(), "held": self.held}
        return {
            "name": self.name,
            "measured": round(self.measured, 3),
            "unit": self.unit,
            "bar": bar,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "ratio_to": self.ratio_to,
            **self.details,
        }


def figure(
    name: str,
    measured: float,
    unit: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    at_least_times: float | None = None,
    at_most_times: float | None = None,
    beside: Yardstick | None = None,
    **details: Any,
) -> Figure:
    """At most one of the bars; ``beside`` gives the ratio."""
    bar = (
        Bar(at_least, at_least=True)
        if at_least is not None
        else Bar(at_most)
        if at_most is not None
        else Bar(at_least_times, at_least=True, times=True)
        if at_least_times is not None
        else Bar(at_most_times, times=True)
        if at_most_times is not None
        else None
    )
    ratio = measured / beside.value if beside is not None and beside.value else None
    return Figure(name, measured, unit, bar, ratio, beside.what if beside is not None else None, details)
