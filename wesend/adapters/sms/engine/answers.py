"""A vendor's answer to a send → what became of each message: accepted, refused, temporary or, when in doubt, unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ... import reading
from ...http_client import Reply
from ..base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Outcome
from .definition import Answer, Item, Paths
from .documents import amount_in, currency_at, entries, first_at, folded, of_answer, value_at

UNSURE_4XX = (408, 425)
MOST_PARTS = 1000
SAME_DIGITS = 8  # of two spellings of one number


class Recipient(NamedTuple):
    """A number in E.164, and as the vendor was told it."""

    e164: str
    told: str


def by_status(status: int, http: Mapping[int, str]) -> str | None:
    """What a status means by itself; None: it is a success, whose body is read on."""
    word = http.get(status)
    if word is not None:
        return word
    if 200 <= status < 300:
        return None
    if status in (429, 503):
        return TEMPORARY
    return REFUSED if 400 <= status < 500 and status not in UNSURE_4XX else UNKNOWN


def read(answer: Answer, reply: Reply, recipients: Sequence[Recipient]) -> list[Outcome]:
    """An outcome for each recipient, in order. Never raises, whatever the answer is."""
    if reply.status is None:
        return [Outcome(reply.kind, code=reply.code, text=reply.reason)] * len(recipients)
    word = by_status(reply.status, answer.http)
    document = of_answer(reply.body, answer.format)
    if word is not None and word != ACCEPTED:
        said = first_at(document, answer.error) or reply.said() or f"The gateway answered {reply.status}"
        return [Outcome(word, code=f"http_{reply.status}", text=said)] * len(recipients)
    says_more = word is None and (answer.code or answer.item)
    if document is None and answer.strict and (says_more or reply.body.strip()):
        return [_unreadable(reply.status)] * len(recipients)
    code = first_at(document, answer.code) if word is None else None
    if code is not None:
        word = answer.codes.get(folded(code), answer.otherwise)
        if word != ACCEPTED:
            gateway_ref = first_at(document, answer.id)
            return [Outcome(word, gateway_ref, code, _said(document, answer.error, reply, code))] * len(recipients)
    if answer.item is not None and _reads_items(word, code, document, answer.item):
        return _by_recipient(answer, answer.item, document, reply.status, recipients)
    if answer.code and word is None:
        return [_unreadable(reply.status)] * len(recipients)
    one = len(recipients) == 1
    meta = _cost(document, answer.cost, answer.currency, answer.cost_count) if one else None
    return [Outcome(ACCEPTED, first_at(document, answer.id), meta=meta)] * len(recipients)


def _reads_items(word: str | None, code: str | None, document: Any, item: Item) -> bool:
    """Recipients are read wherever they stand; a status that means acceptance by itself needs none."""
    return code is not None or word is None or next(iter(entries(document, item.path)), None) is not None


def _unreadable(status: int) -> Outcome:
    return Outcome(UNKNOWN, code="unreadable", text=f"The gateway answered {status}, but not as documented")


def _said(document: Any, paths: Paths, reply: Reply, code: str) -> str:
    return first_at(document, paths) or reply.said() or f"The gateway answered {code}"


def _by_recipient(answer: Answer, item: Item, document: Any, status: int, recipients: Sequence[Recipient]) -> list[Outcome]:
    listed = _listed(document, item.path)
    if not item.to:
        told: list[Any] = listed if len(listed) == len(recipients) else [None] * len(recipients)
    else:
        told = _matched(listed, item.to, recipients)
    return [_outcome(answer, item, document, entry, one=len(recipients) == 1) for entry in told]


def _listed(document: Any, path: str) -> list[Any]:
    found = value_at(document, path)
    if isinstance(found, list):
        return [entry if isinstance(entry, dict) else None for entry in found]
    return [found] if isinstance(found, dict) else list(entries(document, path))


def digits(text: str | None) -> str:
    return "".join(char for char in text or "" if char.isascii() and char.isdigit())


def _matched(listed: list[Any], paths: Paths, recipients: Sequence[Recipient]) -> list[Any]:
    """The entry of each number: by its digits, else by its last ones, where they lead from one number to one entry.

    Numbers of two countries may end alike: an entry that names one of them says nothing of the other.
    """
    by_number: dict[str, Any] = {}
    for entry in listed:
        number = digits(first_at(entry, paths))
        if number:
            by_number.setdefault(number, entry)
    spellings = [(digits(recipient.e164), digits(recipient.told)) for recipient in recipients]
    exactly = [next((number for number in spelled if number in by_number), None) for spelled in spellings]
    ends = Counter(_end(spelled[0]) for spelled, number in zip(spellings, exactly, strict=True) if number is None)
    left: dict[str, list[str]] = {}
    for number in by_number.keys() - set(exactly):
        left.setdefault(_end(number), []).append(number)

    def entry_of(spelled: tuple[str, str], number: str | None) -> Any:
        if number is not None:
            return by_number[number]
        alike = left.get(_end(spelled[0]), [])
        return by_number[alike[0]] if len(alike) == 1 and ends[_end(spelled[0])] == 1 else None

    return [entry_of(spelled, number) for spelled, number in zip(spellings, exactly, strict=True)]


def _end(number: str) -> str:
    return number[-SAME_DIGITS:]


def _outcome(answer: Answer, item: Item, document: Any, entry: Any, *, one: bool) -> Outcome:
    if not isinstance(entry, dict):
        return Outcome(UNKNOWN, code="unreadable", text="The gateway's answer does not name this number")
    code = first_at(entry, item.code)
    if item.code and code is None:
        return Outcome(UNKNOWN, code="unreadable", text="The gateway's answer does not say what became of this number")
    word = ACCEPTED if code is None else item.codes.get(folded(code), item.otherwise)
    gateway_ref = first_at(entry, item.id) or (first_at(document, answer.id) if one or not item.id else None)
    if word == ACCEPTED:
        meta = _cost(entry, item.cost, answer.currency) or (
            _cost(document, answer.cost, answer.currency, answer.cost_count) if one else None
        )
        return Outcome(ACCEPTED, gateway_ref, meta=meta)
    said = first_at(entry, item.error) or first_at(document, answer.error) or f"The gateway answered {code}"
    return Outcome(word, gateway_ref if word == UNKNOWN else None, code, said)


def _cost(document: Any, paths: Paths, currency: Paths, count: Paths = ()) -> dict[str, str] | None:
    """What the vendor takes for it, for the timeline: ``KES 0.8``; as often as ``count`` says, where it is each part's."""
    text = first_at(document, paths)
    amount = amount_in(text)
    if amount is None:
        return None
    parts = reading.whole(first_at(document, count)) if count else None
    if parts is not None and 1 < parts < MOST_PARTS:
        amount = f"{Decimal(amount) * parts:f}"
    unit = currency_at(document, currency, text)
    return {"cost": f"{unit} {amount}" if unit else amount}
