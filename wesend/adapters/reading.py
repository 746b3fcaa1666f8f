"""Reading what vendors send. All of it is hostile until read: nothing here raises, whatever the input."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from hashlib import sha256
from typing import Any

from ..core import money

LONGEST = 200  # characters kept of any text that a vendor sends
NUMBER = re.compile(r"^\+?(\d{6,15})$")


def json_value(body: bytes) -> Any:
    """The JSON document with exact decimals; None when it is none (or too deep, or with a number beyond reason)."""
    try:
        return json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None


def json_object(body: bytes) -> dict | None:
    """The JSON object; None when the body is anything else."""
    document = json_value(body)
    return document if isinstance(document, dict) else None


def pick(document: Any, path: str) -> Any:
    """The value at a dotted path (``messages.0.status.name``); None where it leads nowhere."""
    for step in path.split("."):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and len(step) < 6 and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def text(value: Any, longest: int = LONGEST) -> str | None:
    """A vendor's text, number or truth value as one storable line; None for nothing, lists and objects."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        value = format(value, "f") if -30 < value.adjusted() < 30 else str(value)
    if not isinstance(value, str | int):
        return None
    line = str(value).encode(errors="replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in line[: 4 * longest]).split())[:longest] or None


LONGEST_TEXT = 2000  # characters kept of what somebody wrote


def message_text(value: Any) -> str:
    """What somebody wrote, with its lines, as far as it can be stored; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    return value[: 2 * LONGEST_TEXT].replace("\0", "").encode(errors="replace").decode()[:LONGEST_TEXT]


def fingerprint(*facts: str | None) -> str:
    """Stands for the id of a message whose vendor gives it none."""
    return sha256("\0".join(fact or "" for fact in facts).encode(errors="replace")).hexdigest()


def whole(value: Any) -> int | None:
    """A code such as ``101`` or ``"101"``; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value.strip()):
        return int(value)
    return None


def e164(value: Any) -> str | None:
    """``+256712345678`` of a number with or without its plus; None when it is no such number."""
    found = NUMBER.match((text(value) or "").replace(" ", ""))
    return "+" + found[1] if found and found[1].isascii() else None


def micros(value: Any) -> int | None:
    """Micro-units of an amount above zero, given as a number or as text; None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = money.to_micros(value)
    except (ValueError, ArithmeticError):
        return None
    return amount if amount > 0 else None
