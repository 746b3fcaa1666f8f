"""The jobs: what runs beside requests, and how often.

Due work lives in rows, so every job is a sweep: idempotent, bounded, harmless to interrupt. Who runs them: `jobs`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import suppress

from flask import Flask

from .accounts import api_calls, daily_use, idempotency, spending
from .binds import deliveries
from .binds import measures as measures_of_binds
from .contacts import groups, uploads
from .coordination import leadership, lease
from .core import clock
from .gateways import balances, links, registry, simulated
from .guards import recent
from .messages.campaigns import drafts
from .messages.dispatch import failover, holding, last_look, queue
from .messages.receipts import inbox as receipt_inbox
from .messages.receipts import measures, polling
from .messages.sending import actions, bulk
from .messages.smpp import parts
from .operations import (
    alerts,
    backup,
    burst_alerts,
    carrier_alerts,
    clock_changes,
    forwarding,
    new_devices,
    notice_alerts,
    retention,
    status_counts,
    storage_watch,
)
from .routing import strategies
from .sandbox import handed_in
from .two_way import approval, incoming, matching, months
from .two_way import forwarding as forwards
from .verification import ending
from .wallets import deposit_polling
from .webhooks import attempts

SUBMISSIONS_KEPT_MS = 90 * clock.DAY
"""How long a part's id is known, and what a receipt needs that comes very late."""


def repeat(sweep: Callable[[], int], at_most: int = 20) -> None:
    """Run a bounded sweep until it finds nothing more, or has run ``at_most`` times."""
    for _ in range(at_most):
        if not sweep():
            return


def release(app: Flask) -> None:
    """Queue what is due."""
    before = queue.release_due()
    if before:
        repeat(queue.release_due)
        app.extensions["wesend.dispatcher"].ring()


class Apart:
    """A sweep for each gateway on a thread of its own, so that a hanging one holds up no other; one at once for each.

    ``due``: the gateways to sweep, without some; ``here``: the one that never hangs and needs no thread.
    """

    def __init__(self, name: str, due: Callable[[Collection[str]], set[str]], sweep: Callable[[str], int], here: str):
        self.name, self.due, self.sweep, self.here = name, due, sweep, here
        self.busy: set[str] = set()
        self.lock = threading.Lock()

    def run(self, app: Flask) -> None:
        with self.lock:
            due = self.due(self.busy)
            self.busy |= due - {self.here}
        for gateway in due - {self.here}:
            threading.Thread(target=self._run, args=(app, gateway), name=f"{self.name}-{gateway}", daemon=True).start()
        if self.here in due:
            repeat(lambda: self.sweep(self.here), SWEEPS_AT_MOST)

    def _run(self, app: Flask, gateway: str) -> None:
        try:
            with leadership.at_work(app):
                repeat(lambda: self.sweep(gateway), SWEEPS_AT_MOST)
        except lease.LeaseLost:
            pass  # whoever runs the jobs now goes on with it
        except Exception:
            app.logger.exception("%s of %s failed; it runs again", self.name, gateway)
        finally:
            app.extensions["wesend.database"].close_thread()
            with self.lock:
                self.busy.discard(gateway)


SWEEPS_AT_MOST = 50
_receipts = Apart(
    "ask-receipts",
    polling.due_gateways,
    # While messages are sent some are always due: what a full look has left is looked for at once, the others next time.
    lambda name: polling.poll_due(gateway=name) == polling.ASK_LIMIT,
    registry.SANDBOX,
)
_balances = Apart("ask-balances", balances.due_gateways, balances.ask, registry.SANDBOX)
_deposits = Apart(
    "ask-deposits", deposit_polling.due_gateways, lambda name: deposit_polling.poll_due(gateway=name), registry.SANDBOX_MONEY
)


def poll_receipts(app: Flask) -> None:
    """Ask gateways for receipts."""
    _receipts.run(app)


def poll_deposits(app: Flask) -> None:
    """Ask mobile-money gateways for results."""
    _deposits.run(app)


def ask_balances(app: Flask) -> None:
    """Ask vendors what is left there, and tell of what is low."""
    _balances.run(app)
    carrier_alerts.tell()


def recover(app: Flask) -> None:
    """Put right what a crash left: leases that are over, bulks that were never opened."""
    repeat(lambda: sum(queue.recover_leases()))
    bulk.undo_abandoned()
    actions.finish_cancellations()
    holding.give_back()
    app.extensions["wesend.dispatcher"].ring()


def match_receipts(_app: Flask) -> None:
    """Match the receipts that gateways have reported."""
    repeat(receipt_inbox.match_new)


def match_messages(_app: Flask) -> None:
    """Give what people wrote to the accounts that it is for."""
    matching.match_new()


def bill_services(app: Flask) -> None:
    """Take the months of numbers and keywords, and approve what the sandbox was asked for."""
    if clock_changes.is_true(app):
        repeat(months.bill_due)
    approval.approve_sandbox(round(app.config["WESEND"].sandbox_delay * clock.SECOND), actor="system")


def forward_messages(_app: Flask) -> None:
    """Mail what people wrote to those who asked for it."""
    forwarding.send_due()


def fail_over(_app: Flask) -> None:
    """Find another way for what waits for a gateway that is gone."""
    failover.fail_over_removed()


def judge_routes(_app: Flask) -> None:
    """Bring up to date how routes stand, where their order goes by that."""
    if strategies.strategies():
        measures.judge()


def expire(app: Flask) -> None:
    """Fail what has had no receipt within its validity, and what has not left while it was worth sending."""
    if clock_changes.is_true(app):
        repeat(polling.expire)
        repeat(lambda: last_look.expire(queue.RELEASE_LIMIT))


def end_verifications(app: Flask) -> None:
    """End verifications whose time is over, or whose code never left."""
    if clock_changes.is_true(app):
        repeat(ending.sweep)


def end_parts(_app: Flask) -> None:
    """End what SMPP clients submitted in parts of which some never came."""
    repeat(parts.end_late)


def give_up_deliveries(app: Flask) -> None:
    """Forget what no bind came for in time."""
    keep_ms = round(app.config["WESEND"].smpp_keep_hours * clock.HOUR)
    while given_up := deliveries.give_up(keep_ms):
        measures_of_binds.here().on_dropped(given_up)


def housekeeping(app: Flask) -> None:
    """Remove what nobody needs any more."""
    if clock_changes.is_true(app):
        repeat(idempotency.forget_old)
        ending.forget_old()
        daily_use.forget_old()
        spending.forget_old()
        drafts.forget_old()
    repeat(attempts.forget_old)
    repeat(receipt_inbox.forget_old)
    repeat(handed_in.forget_old)
    repeat(lambda: parts.forget_old(SUBMISSIONS_KEPT_MS))
    repeat(simulated.forget_old)
    repeat(api_calls.forget_old)
    measures.forget_old()
    repeat(incoming.forget_old)
    repeat(forwards.forget_old)
    groups.sweep_deleted()
    uploads.forget_old()
    bulk.sweep_rejected()


def remove_texts(_app: Flask) -> None:
    """Replace the texts of messages that are older than texts are kept."""
    repeat(retention.remove_texts, at_most=200)


def alert(_app: Flask) -> None:
    """Tell of wallets that have fallen below their threshold, and of accounts that reached their burst limit."""
    alerts.tell_of_low_balances()
    burst_alerts.tell()


def forget_recent(app: Flask) -> None:
    """Remove what counts for no limit on recent sends any more."""
    app.extensions.setdefault("wesend.recent_sends", recent.Rounds()).go_on()


def tell_of_new_devices(_app: Flask) -> None:
    """Mail to those who signed in from a browser that was not known."""
    new_devices.tell()


def count_statuses(_app: Flask) -> None:
    """Add the timeline's news up, for /metrics."""
    repeat(status_counts.roll_up)


def follow_clock(app: Flask) -> None:
    """Put right what waits when the clock was set."""
    clock_changes.follow(app)


def back_up(_app: Flask) -> None:
    """Make a backup when one is due."""
    backup.back_up_when_due()


def beat(app: Flask) -> None:
    """Show that the scheduler comes round."""
    with suppress(OSError):  # it is late then, as it looks
        app.extensions[leadership.TERM].beat()


def watch_links(app: Flask) -> None:
    """Note which gateways' own connections are down."""
    links.look(list(app.extensions["wesend.dispatcher"].listening.values()))


def watch_storage(app: Flask) -> None:
    """See whether there is room again where there was none."""
    if storage_watch.look():
        app.extensions["wesend.dispatcher"].ring()


def warn_of_low_disk(_app: Flask) -> None:
    """Tell of a disk that is filling up."""
    storage_watch.warn()


def tell_operator(_app: Flask) -> None:
    """Tell of gateways that rest, late backups, unknown outcomes and the like."""
    notice_alerts.tell()


SWEEPS: tuple[tuple[Callable[[Flask], None], float], ...] = (
    (release, 0.5),
    (poll_receipts, 0.3),
    (match_receipts, 0.2),
    (match_messages, 0.1),
    (bill_services, 0.5),
    (forward_messages, 1.0),
    (poll_deposits, 0.5),
    (ask_balances, 2.0),
    (recover, 2.0),
    (fail_over, 5.0),
    (expire, 2.0),
    (judge_routes, 15.0),
    (end_verifications, 2.0),
    (end_parts, 2.0),
    (give_up_deliveries, 5.0),
    (housekeeping, 300.0),
    (remove_texts, 300.0),
    (alert, 2.0),
    (forget_recent, 2.0),
    (tell_of_new_devices, 10.0),
    (count_statuses, 10.0),
    (back_up, 5.0),
    (follow_clock, clock_changes.LOOK_EVERY),
    (beat, leadership.BEAT_EVERY),
    (watch_links, 1.0),
    (watch_storage, 1.0),
    (warn_of_low_disk, 2.0),
    (tell_operator, 30),
)
"""Each job with its interval in seconds."""
WITHOUT_STORING: tuple[Callable[[Flask], object], ...] = (beat, watch_storage, warn_of_low_disk)
"""Jobs that run while nothing can be stored: any other would ask gateways again and again, and forget the answers."""
