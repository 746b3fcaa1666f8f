"""Messages into a server whose gateways are other processes, and how far they have come."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.support.live import number
from tests.support.server import Server
from tests.support.wire import Customer, Wire


def count(server: Server, condition: str) -> int:
    return server.query(f"SELECT count(*) FROM messages WHERE {condition}")[0][0]


def seconds_until(server: Server, began: float, is_over: Callable[[], bool]) -> float:
    server.wait_until(is_over, 300, "it does not come to its end", every=0.02)
    return time.monotonic() - began


def send_for(
    server: Server, customer: Customer, concurrency: int, *, seconds: float | None = None, size: int | None = None
) -> list[float]:
    """Single sends from as many connections; seconds that each answer took."""
    end = time.monotonic() + (seconds or 1e9)

    def work(worker: int) -> list[float]:
        taken: list[float] = []
        with Wire(server.port, customer) as wire:
            index = worker
            while time.monotonic() < end and (size is None or index < size):
                began = time.monotonic()
                try:
                    answer = wire.send(number(index), f"Hello {index}")
                except (OSError, http.client.HTTPException):
                    continue
                assert answer.status == 200, answer
                taken.append(time.monotonic() - began)
                index += concurrency
        return taken

    with ThreadPoolExecutor(concurrency) as pool:
        return [each for done in pool.map(work, range(concurrency)) for each in done]
