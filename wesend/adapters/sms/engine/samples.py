"""A vendor's file tried without sending: each of its samples is read as if the vendor had sent it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from ...callbacks import CallbackRequest, UnreadableCallback
from ...http_client import ANSWERED, Reply
from ..base import UNKNOWN
from . import answers, receipts
from .answers import Recipient
from .checks import BadVendorFile, shown
from .definition import Sample, Vendor
from .documents import first_at, of_answer, value_at
from .gateway import read_balance

NOBODY = "+25670000000{}"  # for samples that name no numbers


def check(vendor: Vendor, file: str) -> None:
    """BadVendorFile with the first sample that is not read as it says."""
    for number, sample in enumerate(vendor.samples, 1):
        where = f"{file}: [sample {number}]"
        read = _READERS[sample.of](vendor, sample)
        if len(read) != len(sample.gives):
            raise BadVendorFile(f"{where} gives: expected {len(read)} of them, as were read, not {len(sample.gives)}")
        for place, (given, found) in enumerate(zip(sample.gives, read, strict=True), 1):
            for key, wanted in given.items():
                if key not in found:
                    known = ", ".join(sorted(found))
                    raise BadVendorFile(f"{where} gives {place}: unknown key {key}; known are {known}")
                if not _same(wanted, found[key]):
                    raise BadVendorFile(f"{where} gives {place} {key}: expected {shown(wanted)}, not {shown(found[key])}")


def _same(wanted: Any, found: Any) -> bool:
    """As texts, amounts as numbers."""
    if found is None:
        return wanted in (None, "")
    if str(wanted).casefold() == str(found).casefold():
        return True
    try:
        return not isinstance(wanted, bool) and Decimal(str(wanted)) == Decimal(str(found))
    except InvalidOperation:
        return False


def _answer(vendor: Vendor, sample: Sample) -> list[dict[str, Any]]:
    body = sample.body.encode()
    kind = ANSWERED if 200 <= sample.http < 300 else UNKNOWN
    reply = Reply(kind, sample.http, body, f"http_{sample.http}")
    recipients = _recipients(vendor, sample, of_answer(body, vendor.answer.format))
    found = []
    for recipient, outcome in zip(recipients, answers.read(vendor.answer, reply, recipients), strict=True):
        found.append(
            {
                "outcome": outcome.kind,
                "id": outcome.gateway_ref,
                **_told_cost((outcome.meta or {}).get("cost")),
                "code": outcome.code,
                "error": outcome.text,
                "to": recipient.told,
            }
        )
    return found


def _told_cost(text: str | None) -> dict[str, str | None]:
    currency, _, cost = (text or "").rpartition(" ")
    return {"cost": cost or None, "currency": currency or None}


def _recipients(vendor: Vendor, sample: Sample, document: Any) -> list[Recipient]:
    """Those whom ``gives`` names, else those whom the answer names, else as many as ``gives`` has."""
    item, numbers = vendor.answer.item, [str(given["to"]) for given in sample.gives if "to" in given]
    if item is not None and item.to and len(numbers) < len(sample.gives):
        listed = value_at(document, item.path)
        told = [first_at(entry, item.to) for entry in listed] if isinstance(listed, list) else []
        numbers += [number for number in told if number and number not in numbers]
    spare: Iterator[str] = (NOBODY.format(position) for position in range(len(sample.gives)))
    numbers = (numbers + list(spare))[: len(sample.gives)]
    return [Recipient("+" + number.lstrip("+"), number) for number in numbers]


def _call(sample: Sample) -> CallbackRequest:
    form = dict(parse_qsl(sample.body, keep_blank_values=True)) if sample.body[:1] not in ("{", "[") else {}
    return CallbackRequest("POST", "", {}, sample.query, form, sample.body.encode())


def _receipt(vendor: Vendor, sample: Sample) -> list[dict[str, Any]]:
    assert vendor.receipts is not None
    try:
        found = receipts.read_call(vendor.receipts, _call(sample))
    except UnreadableCallback:
        return []
    return [
        {
            "outcome": one.receipt.status,
            "id": one.gateway_ref,
            "reference": one.reference,
            "to": one.to,
            "code": one.receipt.code,
            "text": one.receipt.text,
            **_told_cost(one.receipt.cost),
        }
        for one in found
    ]


def _poll(vendor: Vendor, sample: Sample) -> list[dict[str, Any]]:
    assert vendor.poll is not None
    if not 200 <= sample.http < 300 or sample.http in vendor.poll.none:
        return []
    return [
        {
            "outcome": told.receipt.status,
            "id": told.gateway_ref,
            "to": told.to,
            "code": told.receipt.code,
            "text": told.receipt.text,
            **_told_cost(told.receipt.cost),
        }
        for told in receipts.read_answer(vendor.poll, of_answer(sample.body.encode(), "json"))
    ]


def _inbound(vendor: Vendor, sample: Sample) -> list[dict[str, Any]]:
    assert vendor.inbound is not None
    return [
        {"from": one.sender, "to": one.to, "text": one.text, "id": one.id, "date": one.date}
        for one in receipts.read_inbound(vendor.inbound, _call(sample))
    ]


def _balance(vendor: Vendor, sample: Sample) -> list[dict[str, Any]]:
    assert vendor.balance is not None
    document = of_answer(sample.body.encode(), vendor.answer.format if vendor.balance.call is None else "json")
    found = read_balance(vendor, document, vendor.balance.amount or vendor.answer.balance)
    return [] if found is None else [{"amount": found.amount, "currency": found.currency}]


_READERS = {"answer": _answer, "receipt": _receipt, "poll": _poll, "inbound": _inbound, "balance": _balance}
