"""Texts that hold a secret: a message keeps them masked, and beside them, sealed, what is to leave, until it has left.

So whatever shows, lists, exports or tells of a message shows the mask: none of it knows of secrets. ``messages.fields`` of an
SMS is what is sealed; of the sandbox's, which leave for nowhere, it stays, and who plays the phone reads it.
"""

from __future__ import annotations

import json

from ...core import vault
from ...database import Row, Tx
from ...gateways.registry import SANDBOX
from .mail_texts import Stored
from .statuses import CLAIMED, DRIPPING, QUEUED, SCHEDULED, SUBMITTING

SMS = "sms"
TO_LEAVE = frozenset({SCHEDULED, DRIPPING, QUEUED, CLAIMED, SUBMITTING})


def seal(text: str) -> str:
    """For ``messages.fields``."""
    return json.dumps({"sealed": vault.seal(text)})


def unseal(fields: str) -> str:
    return vault.unseal(json.loads(fields)["sealed"])


def readable(message: Stored) -> str:
    """What an SMS says, or said as long as it was kept."""
    return message["text"] if message["fields"] is None else unseal(message["fields"])


def is_over(message: Row, status: str) -> bool:
    """Whether a message that moves to a status has no need of its sealed text any more."""
    return message["fields"] is not None and message["channel"] == SMS and status not in TO_LEAVE and message["gateway"] != SANDBOX


def would_leave_masked(tx: Tx, message: Row, status: str) -> bool:
    """Whether a message that has left, or was given up, would be queued again without its secret: it never is, whoever asks."""
    if status not in TO_LEAVE or message["status"] in TO_LEAVE:
        return False
    return tx.one("SELECT 1 FROM batches WHERE id = ? AND confidential = 1", (message["batch_id"],)) is not None
