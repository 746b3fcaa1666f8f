"""Which part of a long message a PDU carries: by its UDH, or by SMPP's own parameters."""

from __future__ import annotations

from collections.abc import Mapping

from . import texts
from .pdu import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS


def part_of(content: bytes, tlvs: Mapping[int, bytes], *, has_udh: bool) -> tuple[str, int, int] | None:
    """Reference, number and total; None for a whole message. A header may hold something else, as ports."""
    return (texts.concatenation(content) if has_udh else None) or _sar(tlvs)


def _sar(tlvs: Mapping[int, bytes]) -> tuple[str, int, int] | None:
    reference, total, number = (
        int.from_bytes(tlvs.get(tag, b""), "big") for tag in (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM)
    )
    return (f"sar:{reference}", number, total) if 1 <= number <= total and total > 1 else None
