"""What SMPP calls the state of a message, and the receipts that its moves bring to the bind it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ...binds import receipts
from ...binds.receipts import News
from ...core.current_app import this_app
from ...database import Row, Tx
from .statuses import CANCELLED, DELIVERED, FAILED, SENT, TIMEOUT

OVER = frozenset({TIMEOUT, "expired"})
"""Error codes of messages whose time was over."""
NUMBER = re.compile(r"\d{1,3}")
IN_WORDS = re.compile(r"\berror (\d{1,3})\b")


def state_of(message: Row) -> int:
    """The message_state of a message as it is stored."""
    status = message["status"]
    if status == DELIVERED:
        return receipts.DELIVERED
    if status == CANCELLED:
        return receipts.DELETED
    if status != FAILED:
        return receipts.ENROUTE
    if message["error_code"] in OVER:
        return receipts.EXPIRED
    # What was refused has never been at a carrier.
    return receipts.REJECTED if message["submitted_at"] is None else receipts.UNDELIVERABLE


def error_of(message: Row, state: int) -> int:
    """The gateway's number of a failure, where it told one in up to three digits; else the state's. 0 for no failure."""
    if state in (receipts.ENROUTE, receipts.DELIVERED, receipts.ACCEPTED):
        return 0
    if NUMBER.fullmatch(message["error_code"] or ""):
        return int(message["error_code"])
    told = IN_WORDS.search(message["error_message"] or "")
    return int(told[1]) if told is not None else state


def tell(tx: Tx, moved: Iterable[tuple[Row, str, dict[str, Any]]], now: int) -> None:
    """Of messages as they were, with the status that each has come to and what else of it has changed."""
    news = []
    for before, status, changes in moved:
        message = {**before, **changes, "status": status}  # type: ignore[dict-item]  # a row has keys
        if status == SENT and "expires_at" in changes and changes["expires_at"] is None:
            # Nothing more will be heard of it: that it was accepted is all there is, once its time is over.
            news.append(News(message["id"], receipts.ACCEPTED, 0, now + this_app().config["WESEND"].validity_ms))
        elif status in (DELIVERED, FAILED, CANCELLED):
            state = state_of(message)
            news.append(News(message["id"], state, error_of(message, state), now))
    if news:
        receipts.tell(tx, news)
