"""Resend: a message that its carrier could not deliver goes once more, by another route, where its route says so.

Only after a failure that the carrier itself told: never where the fault was ours, where time ran out, or where it was ever
in doubt what became of the message. It costs nothing more, and its sender hears of a failure only if this fails, too.
"""

from __future__ import annotations

import json

from ...adapters.sms.base import FAILED, Receipt
from ...core.channels import SMS
from ...core.erased import is_erased
from ...core.languages import marked
from ...core.sms_forms import read_bytes
from ...database import Row, Tx
from ...database.rows import MessageRow
from ...gateways import breaker, registry
from ...routing.order import in_order
from ...routing.routes import candidates
from ..sending import opted_out
from ..state import statuses
from ..state.sealed_texts import would_leave_masked
from ..state.transitions import REROUTED, Move

EVENTS = "SELECT event, meta FROM message_events WHERE message_id = ? ORDER BY id"
IS_REPLY = "SELECT 1 FROM replies WHERE message_id = ?"
IS_SUSPENDED = "SELECT 1 FROM accounts WHERE id = ? AND status = 'suspended'"
FORGET_PARTS = "DELETE FROM message_parts WHERE message_id = ?"
ANOTHER_WAY = marked("It was not delivered this way; another one is tried")
NEVER_AFTER = (REROUTED, "unknown")
AS_NEW = dict.fromkeys(
    ("gateway_ref", "submitted_at", "claim_token", "lease_until", "poll_at", "error_code", "error_message"), None
) | {"polls": 0}
"""Columns of a message that is queued after a gateway had it."""


def plan(tx: Tx, message: MessageRow, receipt: Receipt, now: int) -> Move | None:
    """The move that sends it once more; None: the receipt is recorded as it is."""
    if receipt.status != FAILED or message["channel"] != SMS or message["status"] not in (statuses.SUBMITTED, statuses.SENT):
        return None
    following = _following(tx, message, receipt, now)
    if following is None:
        return None
    tx.execute(FORGET_PARTS, (message["id"],))
    why = receipt.code or receipt.status.upper()
    return Move(
        message["id"],
        statuses.QUEUED,
        REROUTED,
        ANOTHER_WAY,
        {"from": message["gateway"], "to": following, "why": why},
        {**AS_NEW, "gateway": following, "due_at": now, "backoffs": 0},
    )


def _following(tx: Tx, message: MessageRow, receipt: Receipt, now: int) -> str | None:
    """The gateway to go by: the first in order that has not had it and does not rest."""
    if message["gateway"] == registry.SANDBOX or message["country"] is None or (message["expires_at"] or 0) <= now:
        return None
    found = candidates(message["country"], message["recipient"], tx=tx)
    ordered = in_order(found, message["recipient"], message["uid"], tx)
    if not any(route.resend_undelivered and route.gateway == message["gateway"] for route in ordered):
        return None
    adapters = registry.sms_gateways(tx)
    adapter = adapters.get(message["gateway"])
    if adapter is not None and adapter.is_own_fault(receipt.code):
        return None
    events = tx.all(EVENTS, (message["id"],))
    if any(row["event"] in NEVER_AFTER for row in events) or _may_not_leave(tx, message):
        return None
    had, resting = {message["gateway"], *_tried(events)}, breaker.resting(tx)
    is_text = read_bytes(message["form"]) is None
    usable = (
        route.gateway
        for route in ordered
        if route.gateway in adapters and route.gateway != registry.SANDBOX and (is_text or adapters[route.gateway].carries_bytes)
    )
    return next((name for name in usable if name not in had and name not in resting), None)


def _tried(events: list[Row]) -> set[str]:
    """The gateways that the timeline names as having been given it."""
    return {json.loads(row["meta"]).get("gateway", "") for row in events if row["meta"]}


def _may_not_leave(tx: Tx, message: MessageRow) -> bool:
    """A reply's sender is a number of its gateway alone; what is somebody's secret is masked by now."""
    return (
        tx.one(IS_REPLY, (message["id"],)) is not None or is_barred(tx, message) or would_leave_masked(tx, message, statuses.QUEUED)
    )


def is_barred(tx: Tx, message: MessageRow) -> bool:
    """Opt-outs and suspensions bind it as they do any message; who was erased is not known any more."""
    if is_erased(message["recipient"]) or tx.one(IS_SUSPENDED, (message["account_id"],)) is not None:
        return True
    somebody = opted_out.Waiting(
        message["id"], message["wallet_id"], message["account_id"], message["channel"], message["recipient"]
    )
    return bool(opted_out.among([somebody], tx))
