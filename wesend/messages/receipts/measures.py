"""Counts what routes do, in the transactions that know it: submissions when they are settled, receipts when they move a message."""

from __future__ import annotations

from ...adapters.sms.base import Outcome, SmsGateway
from ...core import clock
from ...core.channels import SMS
from ...database import Tx, write
from ...gateways import breaker, registry
from ...routing import judging, quality
from ...routing.quality import Carried, Counts
from ..state import statuses
from ..state.outgoing import Outgoing
from ..state.transitions import REROUTED, Moved

TOLD = {statuses.DELIVERED: quality.DELIVERED, statuses.FAILED: quality.FAILED, statuses.SENT: "sent"}


def submissions(tx: Tx, gateway: SmsGateway | None, results: list[tuple[Outgoing, Outcome]], now: int) -> None:
    """What a gateway answered. Those that live in this process are nobody's carrier."""
    if gateway is None or gateway.in_process:
        return
    counts = Counts(tx, now)
    for outgoing, outcome in results:
        if outgoing.channel == SMS:
            counts.submitted(Carried(outgoing.country, outgoing.recipient, outgoing.gateway), outcome.kind)
    counts.write()


def receipts(tx: Tx, moved: list[Moved], now: int) -> None:
    """What gateways told of messages, as far as it changed them; what is given to another carrier has failed by this one."""
    counts = Counts(tx, now)
    for before, move in moved:
        status = quality.FAILED if move.event == REROUTED else TOLD.get(move.to)
        if status is None or before["channel"] != SMS or before["gateway"] in registry.RESERVED:
            continue
        code = (move.meta or {}).get("why") if move.event == REROUTED else (move.changes or {}).get("error_code")
        if code == statuses.TIMEOUT:
            continue  # it is no receipt, and was overdue long before
        adapter = registry.gateway(before["gateway"], tx)
        if status == quality.FAILED and adapter is not None and adapter.is_own_fault(code):
            status = quality.OWN_FAULT
        took_ms = None if before["submitted_at"] is None else max(0, now - before["submitted_at"])
        counts.told(Carried(before["country"], before["recipient"], before["gateway"]), status, code, took_ms)
    counts.write()


def figures() -> dict[quality.Key, quality.Figures]:
    """Of the last quarter of an hour."""
    return quality.figures(receipts_of={name: adapter.sends_receipts for name, adapter in registry.sms_gateways().items()})


def forget_old() -> None:
    """Housekeeping: what is older than two days."""
    write(quality.forget_old)


def judge() -> int:
    """Bring up to date how the routes stand; how many have changed."""
    told = {name: adapter.sends_receipts for name, adapter in registry.sms_gateways().items()}
    day = quality.figures(quality.DAY_MIN, receipts_of=told)

    def since(minute: int) -> dict[quality.Key, quality.Figures]:
        return quality.figures(min(clock.now_ms() // clock.MINUTE - minute + 1, quality.KEPT_MIN), receipts_of=told)

    return judging.judge(judging.Measured(figures(), day, breaker.resting(), since))
