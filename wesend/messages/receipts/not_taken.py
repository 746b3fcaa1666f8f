"""A receipt that says of a message that its carrier has not taken it after all: it is tried again, then failed and refunded."""

from __future__ import annotations

from ...adapters.sms.base import FAILED, NOT_TAKEN, Receipt
from ...core.channels import SMS
from ...core.current_app import this_app
from ...database import Tx
from ...database.rows import MessageRow
from ...gateways import registry
from ..state import statuses
from ..state.sealed_texts import would_leave_masked
from ..state.transitions import Move, was_rerouted
from . import resend


def plan(tx: Tx, message: MessageRow, receipt: Receipt, now: int) -> Move | None:
    """The move that it asks for; None: the receipt says something else.

    Without a second charge, by the delays of a submission that failed for a while, and by its own gateway: that one knows
    how much it takes.
    """
    if receipt.status != FAILED or message["channel"] != SMS or (receipt.code or "").upper() not in NOT_TAKEN:
        return None
    delay = _delay(tx, message)
    if delay is None or not _may_go_again(tx, message, now):
        return _fail(tx, message, receipt, now)
    tx.execute(resend.FORGET_PARTS, (message["id"],))
    return Move(
        message["id"],
        statuses.QUEUED,
        "retrying",
        f"DLR: {receipt.code}; tried again in {delay:g} s",
        {"gateway": message["gateway"]},
        {
            **resend.AS_NEW,
            "attempts": max(message["attempts"], 1),
            "due_at": now + round(delay * 1000),
            "backoffs": message["backoffs"] + 1,
            "error_code": receipt.code,
        },
    )


def _fail(tx: Tx, message: MessageRow, receipt: Receipt, now: int) -> Move:
    """Refunded, unless another carrier had it before: what went out once stays paid."""
    return Move(
        message["id"],
        statuses.FAILED,
        "failed",
        f"DLR: {receipt.code}",
        {"text": receipt.text[:500]} if receipt.text else None,
        {"failed_at": now, "error_code": receipt.code, "error_message": receipt.text or receipt.code, "poll_at": None},
        refund=not was_rerouted(message["id"], tx),
        untaken=True,
    )


def _delay(tx: Tx, message: MessageRow) -> float | None:
    """Seconds until it is tried again; None: it was tried often enough."""
    gateway = registry.gateway(message["gateway"], tx)
    own = gateway.retry_delays if gateway is not None else None
    delays = this_app().config["WESEND"].retry_delays if own is None else own
    return delays[message["backoffs"]] if message["backoffs"] < len(delays) else None


def _may_go_again(tx: Tx, message: MessageRow, now: int) -> bool:
    """Not where it was ever in doubt what became of it, nor what is somebody's secret and masked by now."""
    return (
        message["status"] in (statuses.SUBMITTED, statuses.SENT)
        and (message["expires_at"] or 0) > now
        and not any(row["event"] == "unknown" for row in tx.all(resend.EVENTS, (message["id"],)))
        and not resend.is_barred(tx, message)
        and not would_leave_masked(tx, message, statuses.QUEUED)
    )
