"""A process that takes a gateway's slot or turns: `python -m tests.support.slot_holder INSTANCE WHAT N`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from wesend import create_app, settings
from wesend.gateways.sms.base import SmsGateway
from wesend.upstreams import pace, slots


def gateway(*, parallel: int = 2, tps: float | None = None) -> SmsGateway:
    found = SmsGateway("shared")
    found.parallel, found.tps = parallel, tps
    return found


def app_on(instance: Path):
    return create_app(settings.load({"WESEND_INSTANCE": str(instance)}))


def main(instance: str, what: str, number: str) -> None:
    with app_on(Path(instance)).app_context():
        if what == "hold":
            with slots.slot(gateway(parallel=int(number)), 0) as free:
                print("held" if free else "none", flush=True)
                sys.stdin.read()
        if what == "wait":
            print("waits", flush=True)
            with slots.slot(gateway(parallel=int(number)), 60) as free:
                print("held" if free else "none", flush=True)
                sys.stdin.read()
        for _ in range(int(number) if what == "turns" else 0):
            assert pace.wait_for_turn(gateway(tps=50), 1, 60)
            print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
