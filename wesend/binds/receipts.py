"""Receipts of submit_sm: what became of a message, as SMPP tells it (3.4, appendix B), once and as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..adapters.sms.smpp import requests
from ..adapters.sms.smpp.pdu import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID
from ..adapters.sms.smpp.receipt import RECEIPT as RECEIPT_TYPE
from ..adapters.sms.smpp.receipt import STATES
from ..core import clock
from ..core.chunks import chunks
from ..database import Tx, marks
from ..database.rows import SmppSubmissionRow
from . import deliveries

ENROUTE, DELIVERED, EXPIRED, DELETED, UNDELIVERABLE, ACCEPTED, _UNKNOWN, REJECTED = range(1, 9)
NONE, FINAL, FAILURES, DELIVERIES = range(4)
"""What registered_delivery asks for."""
GSM_NETWORK = b"\x03"
BEGINNING = 20  # signs of a message that its receipt repeats


class News(NamedTuple):
    """A message has come to a ``state``. ``error``: the gateway's number for it, or the state's; ``due_at``: when it is true."""

    message_id: int
    state: int
    error: int
    due_at: int


OF_MESSAGES = "SELECT * FROM smpp_submissions WHERE message_id IN ({ids}) AND registered <> 0"
TOLD = "UPDATE smpp_submissions SET told = ? WHERE id = ?"


def tell(tx: Tx, news: Sequence[News]) -> None:
    """Write down what is to be told of messages, in the transaction in which it happens."""
    by_message = {one.message_id: one for one in news}
    for chunk in chunks(list(by_message)):
        # Put in order here: asked for it, PostgreSQL may walk through the table in the order of its ids.
        rows: list[SmppSubmissionRow] = sorted(tx.all(OF_MESSAGES.format(ids=marks(chunk)), chunk), key=lambda row: row["id"])
        tell_of(tx, [(row, by_message[row["message_id"]]) for row in rows if row["message_id"] is not None])


def tell_of(tx: Tx, pairs: Sequence[tuple[SmppSubmissionRow, News]]) -> None:
    """The same of submissions at hand."""
    wanted = [(row, one) for row, one in pairs if is_asked_for(row["registered"], one.state) and _is_news(row["told"], one.state)]
    now = clock.now_ms()
    for row, _ in wanted:
        if row["told"] == ACCEPTED:
            deliveries.withdraw(tx, row["id"], now)
    tx.executemany(TOLD, [(one.state, row["id"]) for row, one in wanted])
    deliveries.enqueue(tx, [_delivery(row, one) for row, one in wanted])


def is_asked_for(registered: int, state: int) -> bool:
    if registered == FINAL:
        return True
    if state == ACCEPTED:
        return False
    return registered == (DELIVERIES if state == DELIVERED else FAILURES)


def _is_news(told: int | None, state: int) -> bool:
    """One final receipt; a delivery after the validity was over is a second one."""
    return told is None or (told == ACCEPTED and state != ACCEPTED) or (told == EXPIRED and state == DELIVERED)


def _delivery(row: SmppSubmissionRow, news: News) -> deliveries.New:
    error = 0 if news.state in (DELIVERED, ACCEPTED) else news.error
    # Its addresses are exchanged: it comes from where the message went.
    body = requests.deliver_body(row["destination"], row["source"], RECEIPT_TYPE, 0, _text(row, news, error))
    return deliveries.New(row["api_key_id"], deliveries.RECEIPT, body, _parameters(row, news, error), news.due_at, row["id"])


def _text(row: SmppSubmissionRow, news: News, error: int) -> bytes:
    return (
        f"id:{row['uid']} sub:001 dlvrd:{int(news.state == DELIVERED):03} submit date:{_minute(row['created_at'])} "
        f"done date:{_minute(news.due_at)} stat:{STATES[news.state]} err:{error:03} text:{row['beginning']}"
    ).encode("ascii", "replace")


def _minute(ms: int) -> str:
    return clock.to_datetime(ms).strftime("%y%m%d%H%M")


def _parameters(row: SmppSubmissionRow, news: News, error: int) -> bytes:
    found = [requests.tlv(RECEIPTED_MESSAGE_ID, row["uid"].encode() + b"\0"), requests.tlv(MESSAGE_STATE, bytes((news.state,)))]
    if row["reference"] is not None:
        found.append(requests.tlv(requests.USER_MESSAGE_REFERENCE, bytes(row["reference"])))
    if news.state not in (DELIVERED, ACCEPTED):
        found.append(requests.tlv(NETWORK_ERROR_CODE, GSM_NETWORK + error.to_bytes(2, "big")))
    return b"".join(found)


def beginning_of(text: str) -> str:
    """What a receipt repeats of a text: ASCII alone."""
    return "".join(sign if " " <= sign <= "~" else "?" for sign in text[:BEGINNING])
