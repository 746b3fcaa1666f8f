"""A deliver_sm that is a receipt → what it says: its parameters first, then its text (SMPP 3.4, appendix B)."""

from __future__ import annotations

import re

from ... import reading
from ..base import DELIVERED, FAILED, SENT, CallbackReceipt, Receipt
from .ids import canonical
from .pdu import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID, Delivery

MESSAGE_TYPE = 0x3C  # the bits of esm_class that tell what a deliver_sm is
RECEIPT, INTERMEDIATE = 0x04, 0x20

STATES = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}
MEANING = {
    "DELIVRD": DELIVERED,
    "DELIVERED": DELIVERED,
    "EXPIRED": FAILED,
    "DELETED": FAILED,
    "UNDELIV": FAILED,
    "UNDELIVERABLE": FAILED,
    "REJECTD": FAILED,
    "REJECTED": FAILED,
    "FAILED": FAILED,
}
"""Final words; every other one (ENROUTE, ACCEPTD, UNKNOWN, a vendor's own) says no more than that it is on its way."""

FIELD = re.compile(r"\b(id|stat|err)\s*:\s*([^\s:]+)", re.IGNORECASE)
TEXT_AT_END = re.compile(r"\btext\s*:.*", re.IGNORECASE | re.DOTALL)  # what was sent: it may hold anything


def is_receipt(delivery: Delivery) -> bool:
    """By its type or its id parameter, never by its text: anybody can write ``id:1 stat:DELIVRD`` on a phone."""
    return delivery.esm_class & MESSAGE_TYPE in (RECEIPT, INTERMEDIATE) or RECEIPTED_MESSAGE_ID in delivery.tlvs


def read_receipt(delivery: Delivery) -> CallbackReceipt | None:
    """None when it doesn't tell whose it is."""
    fields = _fields(delivery.content)
    identifier = _cstring(delivery.tlvs.get(RECEIPTED_MESSAGE_ID)) or fields.get("id", "")
    if not identifier:
        return None
    word = _word(delivery, fields)
    status = MEANING.get(word, SENT)
    if delivery.esm_class & MESSAGE_TYPE == INTERMEDIATE and status == FAILED:
        status = SENT  # one attempt failed; the SMSC goes on
    text = None
    if status == FAILED:
        error = _error(delivery, fields)
        text = f"{word}, error {error}" if error else word
    recipient = delivery.source if delivery.source.startswith("+") or not delivery.source else "+" + delivery.source
    return CallbackReceipt(canonical(identifier), None, recipient or None, Receipt(status, word, text))


def _fields(content: bytes) -> dict[str, str]:
    """The first ``id``, ``stat`` and ``err`` of a receipt's text."""
    text = TEXT_AT_END.sub("", content.decode("latin-1"))
    found: dict[str, str] = {}
    for name, value in FIELD.findall(text):
        found.setdefault(name.lower(), value)
    return found


def _word(delivery: Delivery, fields: dict[str, str]) -> str:
    state = delivery.tlvs.get(MESSAGE_STATE, b"")
    if len(state) == 1 and state[0] in STATES:
        return STATES[state[0]]
    return (reading.text(fields.get("stat"), 32) or "UNKNOWN").upper()


def _error(delivery: Delivery, fields: dict[str, str]) -> str | None:
    network = delivery.tlvs.get(NETWORK_ERROR_CODE, b"")
    if len(network) == 3:
        return str(int.from_bytes(network[1:], "big"))
    return reading.text(fields.get("err"))


def _cstring(value: bytes | None) -> str:
    """An id parameter's text; its NUL is left out by some."""
    return (value or b"").partition(b"\0")[0].decode("latin-1").strip()
