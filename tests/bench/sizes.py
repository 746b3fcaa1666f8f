"""How much of everything a run measures."""

from __future__ import annotations

from typing import NamedTuple

from . import load


class Sizes(NamedTuple):
    """The bars are about the sizes that stand here."""

    rounds: int = 5
    seconds: float = 2  # a round of single sends
    concurrencies: tuple[int, ...] = (1, 8, 32)
    wrk: bool = load.has_wrk()
    contacts: int = 100_000
    on_postgresql: int = 20_000  # messages of a bulk
    queued: int = 4_000  # messages through a gateway
    slow_seconds: float = 10  # of single sends through a slow gateway
    events: int = 3_000  # webhooks a round
    listed: int = 1_000_000
    incoming: int = 10_000  # messages that people wrote, to be matched
    starts: int = 5


QUICK = Sizes(
    rounds=2,
    seconds=1,
    concurrencies=(8,),
    contacts=10_000,
    on_postgresql=4_000,
    queued=1_000,
    slow_seconds=4,
    events=800,
    listed=50_000,
    incoming=1_000,
    starts=2,
)
