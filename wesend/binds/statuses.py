"""The command_status of answers to clients: the specification's, and from 0x400 to 0x4FF, which are an SMSC's own, ours."""

from __future__ import annotations

from ..adapters.sms.smpp import statuses

INSUFFICIENT_BALANCE, OPTED_OUT, INSUFFICIENT_SCOPE, LIMIT_REACHED = 0x400, 0x401, 0x402, 0x403
OWN_NAMES = {
    INSUFFICIENT_BALANCE: "INSUFFICIENT_BALANCE",
    OPTED_OUT: "OPTED_OUT",
    INSUFFICIENT_SCOPE: "INSUFFICIENT_SCOPE",
    LIMIT_REACHED: "LIMIT_REACHED",
}


def name(status: int) -> str:
    """For people and for counting."""
    if status == statuses.OK:
        return "ESME_ROK"
    return OWN_NAMES.get(status) or statuses.name(status)
