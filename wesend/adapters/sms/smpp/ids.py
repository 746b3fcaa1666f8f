"""The ids of an SMSC: spelled differently in its answers and in its receipts, and several for a long message."""

from __future__ import annotations

from collections.abc import Mapping

from ..base import DELIVERED, FAILED, SENT, Receipt

SEPARATOR = ","
REFUSED_PART = "!"
UNKNOWN_PART = "?"
HEX_DIGITS = "0123456789abcdef"
LONGEST = 64  # characters of an id in SMPP; int() refuses thousands of digits
PARTLY_REFUSED = Receipt(FAILED, "PARTIAL", "The gateway refused a part of the message")


def canonical(identifier: str) -> str:
    """The spelling that is stored: lower case, no leading zeros, none of the signs that join several ids."""
    identifier = identifier.strip().lower().lstrip("0")[:LONGEST] or "0"
    return identifier.translate({ord(SEPARATOR): ".", ord(REFUSED_PART): ".", ord(UNKNOWN_PART): "."})


def alternatives(identifier: str) -> tuple[str, ...]:
    """The canonical spellings that an id in a receipt may be stored under, likeliest first.

    As it is, as hexadecimal if it was decimal, as decimal if it was hexadecimal. To be tried in this order, the first
    that is found: ``16`` is another message's ``10`` only where there is no ``16``.
    """
    spelled = canonical(identifier)
    found = [spelled]
    if spelled.isascii() and spelled.isdigit():
        found.append(f"{int(spelled):x}")
    if all(char in HEX_DIGITS for char in spelled):
        found.append(str(int(spelled, 16)))
    return tuple(dict.fromkeys(found))


def whole(gateway_ref: str, receipts: Mapping[str, Receipt]) -> Receipt | None:
    """What the receipts of its parts, by their ids in any spelling, say of the message; None: nothing yet.

    Delivered when all its parts are, failed when one is, or was never taken; ``sent`` in between.
    """
    parts = gateway_ref.split(SEPARATOR)
    by_part: dict[str, Receipt] = {}
    for identifier, receipt in receipts.items():
        for spelled in alternatives(identifier):
            if spelled in parts:
                by_part[spelled] = receipt
                break
    failed = next((receipt for receipt in by_part.values() if receipt.status not in (SENT, DELIVERED)), None)
    if failed is not None:
        return failed
    if REFUSED_PART in parts:
        return PARTLY_REFUSED
    if not by_part:
        return None
    if all(part in by_part and by_part[part].status == DELIVERED for part in parts):
        return by_part[parts[-1]]
    return Receipt(SENT)
