"""What a vendor tells later: receipts, answers about a message, messages that people wrote."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from ... import reading
from ...callbacks import CallbackRequest, UnreadableCallback, require_signature
from ..base import UNLISTED, CallbackInbound, CallbackReceipt, Receipt
from ..placeholders import PLACEHOLDER
from .definition import Check, Inbound, Paths, Poll, Receipts
from .documents import currency_at, entries, first_at, folded, meets, of_call, value_at

MOST = 1000  # read from one call to us, or from one answer


def check(how: Check | None, request: CallbackRequest, values: Mapping[str, Any]) -> None:
    """BadSignature unless the call shows what only the vendor knows; without our secret the address has to do."""
    if how is None:
        return
    if how.kind == "secret":
        assert how.expected is not None
        expected = str(how.expected(values) or "")
        given = request.header(how.header) if how.header else first_at(of_call(request, "any"), (how.field or "",)) or ""
        if expected:
            require_signature(expected, given)
        return
    assert how.key is not None and how.header is not None
    key = str(how.key(values) or "")
    if key:
        digest = hmac.digest(key.encode(), _signed(how.over, request.body, values), how.hash)
        written = digest.hex() if how.encoding == "hex" else b64encode(digest).decode()
        given = request.header(how.header)
        start = len(how.prefix)
        require_signature(how.prefix + written, given[:start] + given[start:].lower() if how.encoding == "hex" else given)


def is_unchecked(how: Check | None, values: Mapping[str, Any]) -> bool:
    """Whether its secret was not given, so that the address alone has to do."""
    if how is None:
        return False
    secret = how.expected if how.kind == "secret" else how.key
    return secret is not None and not str(secret(values) or "")


def _signed(over: str, body: bytes, values: Mapping[str, Any]) -> bytes:
    """Bytes as they came: a body that is no text is signed, too."""
    found, end = b"", 0
    for placeholder in PLACEHOLDER.finditer(over):
        name = placeholder[1]
        found += over[end : placeholder.start()].encode()
        found += body if name == "body" else str(values.get(name, "")).encode()
        end = placeholder.end()
    return found + over[end:].encode()


def read_call(how: Receipts, request: CallbackRequest) -> list[CallbackReceipt]:
    """The receipts of a call to us. UnreadableCallback when it holds none, be it of another kind (``when``)."""
    document = of_call(request, how.by)
    found, was_one = [], False
    for entry in _some(document, how.path) if not _is_flat(document, how) else (document,):
        if not meets(entry, how.when):
            continue
        gateway_ref, reference = first_at(entry, how.id), first_at(entry, how.reference)
        if reference is None and how.reference:
            reference = first_at(dict(request.query), how.reference)
        word = first_at(entry, how.status)
        if (gateway_ref is None and reference is None) or word is None:
            continue
        was_one = True
        receipt = receipt_of(entry, word, how)
        if receipt.status != UNLISTED or how.tells_unlisted:
            to = reading.e164(first_at(entry, how.to)) if how.to else None
            found.append(CallbackReceipt(gateway_ref, reference, to, receipt))
    if not was_one:
        raise UnreadableCallback
    return found


def _is_flat(document: Any, how: Receipts) -> bool:
    return how.flat and isinstance(document, dict) and how.path.partition(".")[0] not in document


def receipt_of(entry: Any, word: str, how: Receipts | Poll) -> Receipt:
    status = how.words.get(folded(word), UNLISTED)
    code = (first_at(entry, how.code) if status != UNLISTED else None) or word
    return Receipt(status, code, first_at(entry, how.text), _cost(entry, how))


def _cost(entry: Any, how: Receipts | Poll) -> str | None:
    amount = first_at(entry, how.cost)
    count = first_at(entry, how.cost_count) if how.cost_count else "1"
    if amount is None or count is None or not count.isascii() or not count.isdigit():
        return None
    try:
        whole = Decimal(amount) * int(count[:4])
    except InvalidOperation:
        return None
    return f"{currency_at(entry, how.currency) or ''} {whole:f}".strip() if whole.is_finite() else None


def _some(document: Any, path: str) -> Iterator[Any]:
    for count, entry in enumerate(entries(document, path)):
        if count == MOST:
            return
        yield entry


class Told(NamedTuple):
    """An entry of an answer about messages."""

    gateway_ref: str | None
    to: str | None
    receipt: Receipt


def number_of(told: str | None) -> str | None:
    """E.164 of a number as a vendor tells it; None when it is none."""
    return reading.e164(told) if told else None


def read_answer(how: Poll, document: Any) -> list[Told]:
    """The receipts in an answer to our question; those without a word of theirs are none."""
    found = []
    for entry in _some(document, how.path):
        word = first_at(entry, how.status)
        if word is not None:
            receipt = receipt_of(entry, word, how)
            found.append(Told(first_at(entry, how.id), first_at(entry, how.to), receipt))
    return found


def read_inbound(how: Inbound, request: CallbackRequest) -> list[CallbackInbound]:
    """The messages of a call to us, as the vendor tells them; none when it is no such call."""
    found = []
    for entry in _some(of_call(request, how.by), how.path):
        if not meets(entry, how.when):
            continue
        sender, text = first_at(entry, how.sender), _whole_text(entry, how.text)
        if sender is not None and text is not None:
            to, id_, date = (first_at(entry, paths) for paths in (how.to, how.id, how.date))
            found.append(CallbackInbound(sender, to, text, id_, date))
    return found


LONGEST_TEXT = 2000


def _whole_text(entry: Any, paths: Paths) -> str | None:
    """With its line ends, which are the writer's."""
    for path in paths:
        value = value_at(entry, path)
        if isinstance(value, str):
            return value.replace("\0", "").encode(errors="replace").decode()[:LONGEST_TEXT]
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)[:LONGEST_TEXT]
    return None
