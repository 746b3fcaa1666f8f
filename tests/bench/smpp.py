"""SMPP on loopback, window 50, a receipt for everything: delivered by single API calls and by calls of many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from tests.support.live import customer_of, number
from tests.support.server import Server
from tests.support.smsc_smpp34 import Smpp34Smsc
from tests.support.wire import Wire

from .figure import Figure, figure
from .load import summary
from .serving import cpu_seconds, serving
from .sizes import Sizes
from .traffic import count, seconds_until, send_for
from .yardsticks import bare_sends

A_CALL = 500


class ReceiptSmsc(Smpp34Smsc):
    """Brings a receipt of everything that it accepts."""

    def _take(self, event) -> None:
        super()._take(event)
        receipt = f"id:{self.arrived[-1].message_id} sub:001 dlvrd:001 stat:DELIVRD err:000"
        asyncio.get_running_loop().create_task(self._deliver(event.destination_addr, receipt.encode(), 4, 0, {}))


def bench(sizes: Sizes) -> Iterator[Figure]:
    bare, size = bare_sends(sizes), sizes.queued
    smsc = ReceiptSmsc().start()
    try:
        with serving() as (_, server):
            server.command(
                "gateway",
                "set",
                "smsc",
                "--type",
                "smpp",
                "--option",
                "host=127.0.0.1",
                "--option",
                f"port={smsc.port}",
                "--option",
                "system_id=wesend",
                "--option",
                "window=50",
                "--secret",
                "password=p",
            )
            customer = customer_of(server, "smsc")
            answers: list[float] = []
            rate, cpu = _delivered(server, size, lambda: answers.extend(send_for(server, customer, 8, size=size)))
            yield figure(
                "single sends at c=8: delivered",
                rate,
                "/s",
                beside=bare,
                cpu_s_per_1000=cpu,
                p99_ms=round(summary(answers, 1, errors=0).p99_ms, 1),
            )

            def many() -> None:
                with Wire(server.port, customer) as wire:
                    for start in range(size, 2 * size, A_CALL):
                        numbers = [number(index) for index in range(start, min(start + A_CALL, 2 * size))]
                        assert wire.send(numbers, "Hello all").status == 200

            rate, cpu = _delivered(server, size, many)
            yield figure(
                f"{A_CALL} recipients a call: accepted and delivered", rate, "/s", at_least=1500, beside=bare, cpu_s_per_1000=cpu
            )
    finally:
        smsc.stop()
        smsc.close()


def _delivered(server: Server, size: int, send: Callable[[], None]) -> tuple[float, float]:
    """Messages a second, from the first call to the last receipt; server CPU seconds per 1,000."""
    before = count(server, "status = 'delivered'")
    began, cpu = time.monotonic(), cpu_seconds(server)
    send()
    taken = seconds_until(server, began, lambda: count(server, "status = 'delivered'") >= before + size)
    return size / taken, round((cpu_seconds(server) - cpu) * 1000 / size, 2)
