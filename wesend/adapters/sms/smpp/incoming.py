"""A deliver_sm that is no receipt → what somebody wrote: its text, and which part of a long one it is."""

from __future__ import annotations

from hashlib import sha256

from ...reading import message_text
from ..base import CallbackInbound, Part
from . import texts
from .pdu import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS, Delivery

LONGEST_ADDRESS = 65  # characters; the protocol allows fewer


def read_incoming(delivery: Delivery, body: bytes) -> CallbackInbound:
    """``body``: the PDU's, whose every byte counts when the same is told again."""
    has_udh = bool(delivery.esm_class & texts.UDH_INDICATOR)
    part = texts.concatenation(delivery.content) if has_udh else _sar(delivery)
    return CallbackInbound(
        delivery.source[:LONGEST_ADDRESS],
        delivery.destination[:LONGEST_ADDRESS] or None,
        message_text(texts.decode(delivery.content, delivery.data_coding, has_udh)),
        part=Part(*part) if part is not None else None,
        digest=sha256(body).hexdigest(),
    )


def _sar(delivery: Delivery) -> tuple[str, int, int] | None:
    """Reference, number and total by the parameters of SMPP; None for a whole message."""
    reference, total, number = (
        int.from_bytes(delivery.tlvs.get(tag, b""), "big") for tag in (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM)
    )
    return (f"sar:{reference}", number, total) if 1 <= number <= total and total > 1 else None
