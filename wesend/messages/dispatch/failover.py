"""Failover: what waits for a gateway that rests, or is gone, is sent by the next route."""

from __future__ import annotations

from ...adapters.sms.base import TEMPORARY, Outcome
from ...core.languages import marked
from ...database import query, write
from ...gateways import breaker, registry
from . import queue
from .settle import next_gateway, settle

CHUNK = 200
WAITING_FOR = """
    SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 0
    UNION SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 1
"""


def fail_over(name: str, *, gone: bool = False) -> bool:
    """Send what waits for a gateway that rests (or is gone) by the next route, where there is one; whether more may wait.

    Without one, what was never tried waits for the gateway. What it refused for now was promised no more than the retry
    delays: a try that falls into a rest counts as one in vain, then it fails and is refunded. So does all for one that is gone.
    """
    claimed = queue.claim(name, CHUNK)
    rests = breaker.rests(name)  # while the gateway is tried again, what comes of that is waited for
    moved = [message for message in claimed.messages if gone or next_gateway(message) or (rests and message.backoffs)]
    queue.hand_back([claimed._replace(messages=[message for message in claimed.messages if message not in moved])])
    ours = queue.start([claimed._replace(messages=moved)])[0].messages if moved else []
    if ours:
        outcome = (
            Outcome(TEMPORARY, code="no_gateway", text=marked("The gateway was removed"))
            if gone
            else Outcome(TEMPORARY, code="resting", text=marked("The gateway rests after failures"))
        )
        write(lambda tx: settle(tx, [(message, outcome) for message in ours], claimed.token, called=False))
    return len(ours) == CHUNK


def fail_over_removed() -> None:
    """Messages that are queued for gateways which are not set up any more; mail waits for its server."""
    names = {row["gateway"] for row in query(WAITING_FOR)}
    for name in names - registry.gateways().keys() - {registry.SMTP}:
        fail_over(name, gone=True)
