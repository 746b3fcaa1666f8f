"""The margin report of a million messages: their roll-up, read by what an operator asks for. In this process."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import close, make_app
from wesend.accounts import service
from wesend.core import clock
from wesend.database import write
from wesend.messages.reporting import margins
from wesend.wallets import service as wallets

from .figure import Figure, Yardstick, figure
from .filling import DAYS
from .million import empty_ms
from .rounds import EMPTY
from .serving import prepare
from .sizes import Sizes

BAR_MS = 50.0
ACTOR = "bench"
CUSTOMERS = 20
PLACES = (("UG", "MTN", "UGX"), ("UG", "AIRTEL", "UGX"), ("KE", "SAFARICOM", "KES"), ("TZ", "VODACOM", "TZS"), ("KE", "", "USD"))
ROUTES = 2
GROUPINGS = ("", "account", "day", "account,route", "account,route,gateway,country,network")
WHOLE = ",".join(margins.DIMENSIONS)
ROW = f"INSERT INTO margin_days VALUES ({', '.join('?' * 14)})"


def bench(sizes: Sizes) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "instance")
        app = make_app(Path(folder) / "instance")
        with app.app_context():
            _fill(sizes.listed)
            bare = Yardstick(f"{EMPTY}, in process", empty_ms())
            gc.collect()
            gc.freeze()  # as the server does before it forks
            for by in GROUPINGS:
                yield figure(f"margins by {by or 'nothing'}", _ms(by), "ms", at_most=BAR_MS, beside=bare)
            # A row for each of the roll-up's: what is read is written out, too. Told, without a bar.
            yield figure("margins by everything", _ms(WHOLE), "ms", beside=bare, rows=_rows(WHOLE))
        close(app)


def _fill(total: int) -> None:
    """Each day each customer sends to each place by each route; a roll-up's row has as many messages as come out so."""
    accounts = [service.create_account(f"Customer {number}", "UG", actor=ACTOR) for number in range(CUSTOMERS)]
    paying = [wallets.create_wallet(account_id=account.id, currency="UGX", actor=ACTOR) for account in accounts]
    today = clock.to_datetime(clock.now_ms()).strftime("%Y-%m-%d")
    each = max(total // (DAYS * CUSTOMERS * len(PLACES) * ROUTES), 1)
    figures = (each, each, each, 0, each * 35_000_000, each * 22_000_000)
    rows = [
        (clock.days_before(today, day), wallet.account_id, wallet.id, f"R{route}", f"carrier{route}", *place, *figures)
        for day in range(DAYS)
        for wallet in paying
        for place in PLACES
        for route in range(ROUTES)
    ]
    write(lambda tx: tx.executemany(ROW, rows))


def _ms(by: str) -> float:
    """Milliseconds of CPU, the worst of a few."""
    spent = []
    for _ in range(5):
        start = time.thread_time()
        _rows(by)
        spent.append((time.thread_time() - start) * 1000)
    return max(spent)


def _rows(by: str) -> int:
    return len(margins.report(by=tuple(filter(None, by.split(","))), actor=ACTOR).rows)
