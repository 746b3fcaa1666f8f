"""What a customer is told of a message's way: not who carried it, nor what that cost, nor a receipt word for word.

Operators see all of it. What is written down today names no gateway in its sentences; what was written before is read
through here, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ...accounts import roles
from ...accounts.roles import OPERATE, Actor
from ...core.languages import marked
from ...database import Row
from ...database.rows import MessageRow
from ..state.statuses import DELIVERED

API, PEOPLE = ("gateway_message_id", "code", "url"), ("code", "url")
"""What of a line's particulars is told: eSMS's clients know the carrier's id of a message; people have no use for it."""

FAILOVER = marked("It could not leave this way; another one is tried")
NAMES = (
    (re.compile(r"\b([Tt])he gateway \S+ (?=rests after failures|was removed)"), r"\1he gateway "),
    (re.compile(r"\b(No session with the SMSC): .*?(?=; tried again in|$)", re.DOTALL), r"\1"),
    (re.compile(r"\b(could not be reached): .*?(?=; tried again in|$)", re.DOTALL), r"\1"),
    (re.compile(r"\b([Ff])ound out by (?!an operator\b).*", re.DOTALL), r"\1ound out by an operator"),
)
"""Sentences that named a gateway, its address or an operator, and what is left of them."""


RECEIPT = re.compile(r"\bstat:\S")
"""In the text of a receipt as SMPP delivers it."""


def sentence(text: str | None) -> str | None:
    """A reason or a detail without the names in it; None where it is a receipt word for word."""
    if text and RECEIPT.search(text):
        return None
    for pattern, rest in NAMES if text else ():
        text = pattern.sub(rest, text or "")
    return text


def reason(message: MessageRow, *, actor: Actor) -> str | None:
    """Why a message failed, as ``actor`` is told. What a gateway says of a delivery is no reason."""
    if message["status"] == DELIVERED:
        return None
    said = message["error_message"]
    return (said if roles.may(actor, OPERATE) else sentence(said)) or message["error_code"]


def detail(line: Row) -> str | None:
    """Of a line of the timeline."""
    return FAILOVER if line["event"] == "failover" else sentence(line["detail"])


def particulars(line: Row, told: tuple[str, ...]) -> dict[str, Any]:
    """Of a line of the timeline, those that may be told."""
    known: Mapping[str, Any] = json.loads(line["meta"]) if line["meta"] else {}
    return {name: known[name] for name in told if name in known}
