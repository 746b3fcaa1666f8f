"""A deliver_sm that is no receipt → what somebody wrote: its text, and which part of a long one it is."""

from __future__ import annotations

from hashlib import sha256

from ...reading import message_text
from ..base import CallbackInbound, Part
from . import texts
from .parts import part_of
from .pdu import Delivery

LONGEST_ADDRESS = 65  # characters; the protocol allows fewer


def read_incoming(delivery: Delivery, body: bytes) -> CallbackInbound:
    """``body``: the PDU's, whose every byte counts when the same is told again."""
    has_udh = bool(delivery.esm_class & texts.UDH_INDICATOR)
    part = part_of(delivery.content, delivery.tlvs, has_udh=has_udh)
    return CallbackInbound(
        delivery.source[:LONGEST_ADDRESS],
        delivery.destination[:LONGEST_ADDRESS] or None,
        message_text(texts.decode(delivery.content, delivery.data_coding, has_udh)),
        part=Part(*part) if part is not None else None,
        digest=sha256(body).hexdigest(),
    )
