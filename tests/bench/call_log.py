"""What the log of API calls costs: single sends to a server that keeps it, beside one that does not, in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from .figure import Figure, figure
from .rounds import Measured, over_http
from .serving import serving
from .sizes import Sizes

CONCURRENCY = 8
TIMES = 2
"""As many rounds as other benches have: 2 % are less than what a round differs from the next by."""
KEPT = 0.98
"""Of the rate without the log."""
LOGGED, UNLOGGED = "with the log", "without the log of calls"


def bench(sizes: Sizes) -> Iterator[Figure]:
    with serving() as (_, logged), serving(("-m", "tests.bench.unlogged")) as (_, unlogged):
        servers = {LOGGED: logged, UNLOGGED: unlogged}

        def run(system: str, seconds: float) -> Measured:
            server = servers[system]
            return over_http(
                system,
                server,
                CONCURRENCY,
                seconds,
                sizes.wrk,
                lambda: server.query("SELECT count(*) FROM messages WHERE poll_at IS NOT NULL") == [(0,)],
            )

        for system in servers:
            run(system, min(1, sizes.seconds))
        pairs = [_pair(run, sizes.seconds, number) for number in range(sizes.rounds * TIMES)]
        calls = [len(server.query("SELECT 1 FROM api_calls LIMIT 1")) for server in (logged, unlogged)]
        if calls != [1, 0]:
            raise RuntimeError("the log was not kept where it should be, or where it should not")
    yield figure(
        f"c={CONCURRENCY}: sends {LOGGED}", median(pair[LOGGED].load.per_second for pair in pairs), "/s", at_least_times=KEPT
    )._replace(ratio=_ratio(pairs, lambda each: each.load.per_second), ratio_to=UNLOGGED)
    yield figure(
        f"c={CONCURRENCY}: server CPU per 1,000, until delivered and written",
        median(pair[LOGGED].cpu_to_the_end or 0.0 for pair in pairs),
        "s",
    )._replace(ratio=_ratio(pairs, lambda each: each.cpu_to_the_end or 1e-9), ratio_to=UNLOGGED)


def _pair(run: Callable[[str, float], Measured], seconds: float, number: int) -> dict[str, Measured]:
    """A round of each, which of them first by turns: the second finds the machine warmer."""
    order = (LOGGED, UNLOGGED) if number % 2 else (UNLOGGED, LOGGED)
    return {system: run(system, seconds) for system in order}


def _ratio(pairs: list[dict[str, Measured]], value: Callable[[Measured], float]) -> float:
    """Rounds of a pair lie beside each other: their ratio is taken before the median."""
    return median(value(pair[LOGGED]) / max(value(pair[UNLOGGED]), 1e-9) for pair in pairs)
