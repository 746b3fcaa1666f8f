"""What a gateway's acceptance makes of a message, told after it was asked or, for the sandbox's numbers, before."""

from __future__ import annotations

from typing import Any

from ...adapters.sms.base import Outcome
from ...core import money
from ...core.languages import marked
from .outgoing import Outgoing
from .statuses import SENT, SUBMITTED
from .transitions import Move


def meta_of(outgoing: Outgoing, outcome: Outcome) -> dict[str, Any]:
    """What the timeline keeps of a submission."""
    meta: dict[str, Any] = {"gateway": outgoing.gateway}
    if outcome.gateway_ref:
        meta["gateway_message_id"] = outcome.gateway_ref
    return meta | (outcome.meta or {})


def told_cost(outcome: Outcome, currency: str | None) -> tuple[int, str] | None:
    """What the gateway says that the message cost, in micro-units, and of which currency: ``currency`` if it names none."""
    told = (outcome.meta or {}).get("cost")
    found = money.read_told(str(told)) if told is not None else None
    if found is None or (found.currency or currency) is None:
        return None
    return found.micros, found.currency or currency or ""


def _cost_changes(outgoing: Outgoing, outcome: Outcome) -> dict[str, Any]:
    told = told_cost(outcome, outgoing.carrier_currency)
    if told is None or told == (outgoing.carrier_cost_micros, outgoing.carrier_currency):
        return {}
    return {"carrier_cost_micros": told[0], "carrier_currency": told[1]}


def accepted(
    outgoing: Outgoing, outcome: Outcome, token: str, now: int, *, first_poll_ms: int | None, validity_ms: int | None
) -> Move:
    """``first_poll_ms`` after which its receipt is first asked for (None: never); ``validity_ms`` that it has to come
    (None: none will)."""
    return Move(
        outgoing.id,
        SENT if validity_ms is None else SUBMITTED,
        "submitted",
        marked("Gateway accepted"),
        meta_of(outgoing, outcome),
        {
            "gateway_ref": outcome.gateway_ref,
            "submitted_at": now,
            "attempts": outgoing.attempts + 1,
            "error_code": None,
            "error_message": None,
            "poll_at": None if first_poll_ms is None else now + first_poll_ms,
            "expires_at": None if validity_ms is None else now + validity_ms,
            "lease_until": None,
            **(_cost_changes(outgoing, outcome) if outcome.meta else {}),
        },
        token,
    )
