"""Detours: what waits for a gateway that rests, or is gone, is sent by the next route."""

from __future__ import annotations

from ..database import query, write
from ..gateways.sms.base import TEMPORARY, Outcome
from ..upstreams import registry
from . import queue
from .settle import next_gateway, settle

LEAD_AROUND = 200


def lead_around(name: str, *, gone: bool = False) -> bool:
    """Send what waits for a gateway that rests (or is gone) by the next route, where there is one; whether more may wait.

    Without one it waits for the gateway; for one that is gone it is tried a while, then fails and is refunded.
    """
    claimed = queue.claim(name, LEAD_AROUND)
    led = [message for message in claimed.messages if gone or next_gateway(message)]
    queue.hand_back([claimed._replace(messages=[message for message in claimed.messages if message not in led])])
    ours = queue.start([claimed._replace(messages=led)])[0].messages if led else []
    if ours:
        outcome = (Outcome(TEMPORARY, code="no_gateway", text=f"The gateway {name} was removed") if gone
                   else Outcome(TEMPORARY, code="resting", text=f"The gateway {name} rests after failures"))
        write(lambda tx: settle(tx, [(message, outcome) for message in ours], claimed.token, called=False))
    return len(ours) == LEAD_AROUND


def lead_around_the_gone() -> None:
    """Messages that are queued for gateways which are not set up any more."""
    names = {row[0] for row in query("SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 0"
                                     " UNION SELECT DISTINCT gateway FROM messages WHERE status = 'queued' AND lane = 1")}
    for name in names - registry.gateways().keys():
        lead_around(name, gone=True)
