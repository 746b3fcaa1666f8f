"""What a gateway's acceptance makes of a message, told after it was asked or, for the sandbox's numbers, before."""

from __future__ import annotations

from typing import Any

from ...adapters.sms.base import Outcome
from .outgoing import Outgoing
from .statuses import SENT, SUBMITTED
from .transitions import Move


def meta_of(outgoing: Outgoing, outcome: Outcome) -> dict[str, Any]:
    """What the timeline keeps of a submission."""
    meta: dict[str, Any] = {"gateway": outgoing.gateway}
    if outcome.gateway_ref:
        meta["gateway_message_id"] = outcome.gateway_ref
    return meta | (outcome.meta or {})


def accepted(
    outgoing: Outgoing, outcome: Outcome, token: str, now: int, *, first_poll_ms: int | None, validity_ms: int | None
) -> Move:
    """``first_poll_ms`` after which its receipt is first asked for (None: never); ``validity_ms`` that it has to come
    (None: none will)."""
    return Move(
        outgoing.id,
        SENT if validity_ms is None else SUBMITTED,
        "submitted",
        "Gateway accepted",
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
        },
        token,
    )
