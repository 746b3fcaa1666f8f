"""Charts drawn here: figures → shapes of an SVG that stretches to any width; labels are HTML and stay sharp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..core.languages import gettext, told
from .filters import WORDS, number

STEP, WIDTH, HEIGHT = 10, 7, 100
"""A bar's place and breadth, and the drawing's height, in units of the view box."""
TICKS = 4


class Bar(NamedTuple):
    """One block of a stack; ``kind`` names its colour in the style sheet."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Stack(NamedTuple):
    label: str
    title: str
    bars: tuple[Bar, ...]
    x: float
    width: float


class Chart(NamedTuple):
    """``ticks`` are the axis's labels from the top; ``labels`` a label or nothing for each stack."""

    width: int
    height: int
    stacks: tuple[Stack, ...]
    ticks: tuple[int, ...]
    labels: tuple[str, ...]
    is_empty: bool


def stacked(rows: Sequence[tuple[str, dict[str, int]]], *, labels: int = 7) -> Chart:
    """Stacked bars of (label, kind → figure), the first kind at the bottom."""
    top = ceiling(max((sum(parts.values()) for _, parts in rows), default=0))
    stacks = tuple(_stack(index, label, parts, top) for index, (label, parts) in enumerate(rows))
    return Chart(
        STEP * len(rows),
        HEIGHT,
        stacks,
        tuple(top * step // TICKS for step in range(TICKS, -1, -1)),
        _spread([label for label, _ in rows], labels),
        not any(sum(parts.values()) for _, parts in rows),
    )


def _stack(index: int, label: str, parts: dict[str, int], top: int) -> Stack:
    x, y, bars = index * STEP + (STEP - WIDTH) / 2, float(HEIGHT), []
    for kind, figure in parts.items():
        if figure:
            height = round(figure * HEIGHT / top, 3)
            y -= height
            bars.append(Bar(kind, x, round(y, 3), WIDTH, height))
    told = ", ".join(f"{number(figure)} {named(kind)}" for kind, figure in parts.items() if figure) or gettext("nothing")
    return Stack(label, f"{label}: {told}", tuple(bars), index * STEP, STEP)


def named(kind: str) -> str:
    return told(WORDS.get(kind, kind))


def ceiling(figure: int) -> int:
    """The least round number of four equal whole steps that is not below ``figure``."""
    size = 4
    while True:
        for factor in (1, 2, 3, 5):
            if size * factor >= figure:
                return size * factor
        size *= 10


def _spread(labels: list[str], count: int) -> tuple[str, ...]:
    """Every n-th label, the last one (today) among them."""
    gap = -(-len(labels) // count)
    return tuple(label if (len(labels) - 1 - index) % gap == 0 else "" for index, label in enumerate(labels))
