"""A vendor's TOML file → `Vendor`, or BadVendorFile: one sentence with the file, the key and what was expected."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from typing import Any

import phonenumbers

from ..base import ACCEPTED, DELIVERED, FAILED, NEVER_SENT, REFUSED, SENT, TEMPORARY, UNKNOWN
from . import checks
from .checks import BadVendorFile, Expected, Table
from .definition import Answer, Balance, Condition, Inbound, Item, Limits, Poll, Receipts, Sample, Send, Vendor
from .load_calls import Names, read_auth, read_call, read_check, templates_of
from .load_options import OF_THE_MESSAGE, read_options, read_secrets, with_destinations
from .templates import filler, names_in

LARGEST = 64 * 1024  # bytes
NAME = re.compile(r"[a-z][a-z0-9_\-]{0,39}")
OUTCOMES = (ACCEPTED, REFUSED, TEMPORARY, UNKNOWN)
STATUS_WORDS = (SENT, DELIVERED, FAILED, NEVER_SENT)
CURRENCY = re.compile(r"[A-Z]{3}")
SAMPLES = ("answer", "receipt", "poll", "inbound", "balance")


def parse(content: bytes, file: str) -> Vendor:
    """``file``: its name, which says the type's."""
    if len(content) > LARGEST:
        raise BadVendorFile(f"{file}: expected at most 64 KiB, not {len(content)} bytes")
    try:
        document = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is no text in UTF-8, or too deep"
        raise BadVendorFile(f"{file}: not TOML: {reason}") from None
    return read_document(document, file)


def read_document(document: dict, file: str) -> Vendor:
    """What stands in the file, already taken apart."""
    try:
        return _vendor(Table(file, "", document), file)
    except RecursionError:
        raise BadVendorFile(f"{file}: it is nested too deeply") from None


def _vendor(top: Table, file: str) -> Vendor:
    top.read("format", checks.integer(1, 1), required=True)
    name = top.read("name", checks.text, required=True)
    stem = file.removesuffix(".toml")
    if name != stem or not NAME.fullmatch(name):
        raise top.wrong("name", f'expected the file\'s own name "{stem}", in small letters, not {checks.shown(name)}')
    label = top.read("label", checks.text, required=True)
    countries = top.read("countries", _countries, ())
    options, secrets = read_options(top), read_secrets(top)
    names = Names(
        options=tuple(option.name for option in options),
        addresses=tuple(option.name for option in options if option.kind == "url"),
        secrets=tuple(secret.name for secret in secrets),
    )
    send_table = top.table("send", required=True)
    answer_table = top.table("answer")
    assert send_table is not None
    vendor = Vendor(
        name,
        label,
        countries,
        with_destinations(options, top.values, names),
        secrets,
        read_auth(top.table("auth"), names),
        _send(send_table, names),
        _answer(answer_table) if answer_table is not None else Answer(),
        _receipts(top.table("receipt"), names),
        _poll(top.table("poll"), names),
        _inbound(top.table("inbound")),
        _balance(top.table("balance"), names),
        _limits(top.table("limits")),
        _samples(top),
    )
    top.done()
    _fits_together(top, vendor)
    return vendor


def _countries(value: Any) -> tuple[str, ...]:
    found = checks.list_of(checks.text, "a list of ISO 3166 countries")(value)
    for country in found:
        if country not in phonenumbers.SUPPORTED_REGIONS:
            raise Expected("a list of ISO 3166 countries such as UG")
    return found


def _send(table: Table, names: Names) -> Send:
    item_table = table.table("item")
    more = OF_THE_MESSAGE + ("to_list",) + (("items",) if item_table is not None else ())
    call = read_call(table, names, more)
    item = None
    if item_table is not None:
        templates = table.checked("item", item_table.values, checks.document)
        templates_of(table, "item", templates, names.all + OF_THE_MESSAGE)
        item = filler(templates, names.all + OF_THE_MESSAGE)
    send = Send(
        call,
        table.read("to", checks.one_of("e164", "digits", "national", "significant"), "e164"),
        table.read("batch", checks.integer(1, 1000), 1),
        table.read("same", _same, ("text", "sender")),
        table.read("join", checks.any_text),
        item,
        frozenset(name for key in ("query", "headers", "body") for name in names_in(table.values.get(key))),
    )
    table.done()
    used = set(names_in(table.values.get("body"))) | set(names_in(table.values.get("query")))
    if send.batch > 1 and not used & {"items", "to_list"}:
        raise table.wrong("batch", f"expected 1 where neither body nor query holds {{items}} or {{to_list}}, not {send.batch}")
    if item is not None and "items" not in used:
        raise BadVendorFile(f"{table.where('item')}: expected {{items}} in the body that the items are the list of")
    return send


def _same(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(one in ("text", "sender") for one in value):
        raise Expected('a list of "text" and "sender"')
    return tuple(dict.fromkeys(value))


def _answer(table: Table) -> Answer:
    item = table.table("item")
    answer = Answer(
        table.read("format", checks.one_of("json", "form", "text"), "json"),
        table.read("http", checks.status_table(OUTCOMES), {}),
        table.read("code", checks.paths, ()),
        table.read("codes", checks.word_table(OUTCOMES), {}),
        table.read("otherwise", checks.one_of(*OUTCOMES), UNKNOWN),
        table.read("id", checks.paths, ()),
        table.read("cost", checks.paths, ()),
        table.read("currency", checks.paths, ()),
        table.read("error", checks.paths, ()),
        table.read("balance", checks.paths, ()),
        _item(item) if item is not None else None,
        cost_count=table.read("cost_count", checks.paths, ()),
    )
    table.done()
    if answer.codes and not answer.code:
        raise table.wrong("code", "is missing: where the value stands that codes are about")
    return answer


def _item(table: Table) -> Item:
    item = Item(
        table.read("path", checks.path, required=True),
        table.read("to", checks.paths, ()),
        table.read("code", checks.paths, ()),
        table.read("codes", checks.word_table(OUTCOMES), {}),
        table.read("otherwise", checks.one_of(*OUTCOMES), UNKNOWN),
        table.read("id", checks.paths, ()),
        table.read("cost", checks.paths, ()),
        table.read("error", checks.paths, ()),
    )
    table.done()
    if item.codes and not item.code:
        raise table.wrong("code", "is missing: where the value stands that codes are about")
    return item


def _receipts(table: Table | None, names: Names) -> Receipts | None:
    if table is None:
        return None
    found = Receipts(
        table.read("by", checks.one_of("any", "query", "form", "json"), "any"),
        table.read("path", checks.path, ""),
        table.read("when", read_condition),
        table.read("id", checks.paths, ()),
        table.read("reference", checks.paths, ()),
        table.read("to", checks.paths, ()),
        table.read("status", checks.paths, required=True),
        table.read("code", checks.paths, ()),
        table.read("text", checks.paths, ()),
        table.read("cost", checks.paths, ()),
        table.read("cost_count", checks.paths, ()),
        table.read("currency", checks.paths, ()),
        table.read("words", checks.word_table(STATUS_WORDS), required=True),
        frozenset(table.read("own_fault", checks.values, ())),
        table.read("answer", checks.integer(200, 299), 200),
        table.read("answer_body", checks.any_text),
        read_check(table.table("check"), names),
    )
    table.done()
    if not found.id and not found.reference:
        raise table.wrong("id", "is missing: a receipt needs the path of an id or of our reference")
    return found


def read_condition(value: Any) -> Condition:
    if not isinstance(value, dict) or set(value) != {"path", "is"}:
        raise Expected('{path = "…", is = ["…"]}')
    return Condition(checks.paths(value["path"]), frozenset(checks.values(value["is"])))


def _poll(table: Table | None, names: Names) -> Poll | None:
    if table is None:
        return None
    more = ("id", "ids", "to", "to_digits", "reference", "count")
    call = read_call(table, names, more, in_url=("id", "reference", "to_digits"), method="GET", content_type="json")
    seconds = checks.integer(1, 7 * 24 * 3600)
    used = {name for key in ("url", "query", "headers", "body") for name in names_in(table.values.get(key))}
    found = Poll(
        call,
        table.read("batch", checks.integer(1, 1000), 1),
        table.read("join", checks.any_text),
        table.read("path", checks.path, ""),
        table.read("id", checks.paths, ()),
        table.read("to", checks.paths, ()),
        table.read("status", checks.paths, required=True),
        table.read("code", checks.paths, ()),
        table.read("text", checks.paths, ()),
        table.read("cost", checks.paths, ()),
        table.read("cost_count", checks.paths, ()),
        table.read("currency", checks.paths, ()),
        table.read("words", checks.word_table(STATUS_WORDS), required=True),
        frozenset(table.read("none", checks.statuses, ())),
        table.read("once", checks.flag, False),
        table.read("first", seconds, 30),
        table.read("gaps", _gaps, (30, 60, 120, 240)),
        bool(used & {"id", "ids", "reference"}),
        "reference" in used and not used & {"id", "ids"},
    )
    table.done()
    if found.batch > 1 and (not found.id or "ids" not in used):
        raise table.wrong("batch", f"expected 1 where there is no {{ids}}, or no path of an id, not {found.batch}")
    if found.once and not found.id:
        raise table.wrong("id", "is missing: what is told once has to be matched by an id")
    if not found.once and not found.asks_by_id:
        raise table.wrong("url", "expected {id}, {ids} or {reference} in the request, or once = true")
    return found


def _gaps(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise Expected("a list of seconds")
    return checks.list_of(checks.integer(1, 7 * 24 * 3600), "a list of seconds, each at least 1")(value)


def _inbound(table: Table | None) -> Inbound | None:
    if table is None:
        return None
    found = Inbound(
        table.read("by", checks.one_of("any", "query", "form", "json"), "any"),
        table.read("path", checks.path, ""),
        table.read("when", read_condition),
        table.read("from", checks.paths, required=True),
        table.read("to", checks.paths, ()),
        table.read("text", checks.paths, required=True),
        table.read("id", checks.paths, ()),
        table.read("date", checks.paths, ()),
        table.read("answer", checks.integer(200, 299), 200),
        table.read("answer_body", checks.any_text),
    )
    table.done()
    return found


def _balance(table: Table | None, names: Names) -> Balance | None:
    if table is None:
        return None
    comes = table.read("from", checks.one_of("answer"))
    call = None if comes else read_call(table, names, (), method="GET", content_type="json")
    currency = table.read("currency", checks.paths, ())
    fixed = currency[0] if len(currency) == 1 and CURRENCY.fullmatch(currency[0]) else None
    found = Balance(
        call,
        table.read("amount", checks.paths, (), required=call is not None),
        () if fixed else currency,
        fixed,
        table.read("unit", checks.one_of("money", "credits"), "money"),
    )
    table.done()
    return found


def _limits(table: Table | None) -> Limits:
    if table is None:
        return Limits()
    found = Limits(
        table.read("tps", checks.number),
        table.read("parallel", checks.integer(1, 256), 16),
        table.read("max_length", checks.integer(1, 100_000)),
        table.read("unicode", checks.flag, True),
        table.read("unicode_as", _unicode_as, (False, True)),
        table.read("sender", checks.pattern),
    )
    table.done()
    return found


def _unicode_as(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, str | int | float) for one in value):
        raise Expected("a list of two values: for plain texts, for others")
    return value[0], value[1]


def _samples(top: Table) -> tuple[Sample, ...]:
    top.asked.add("sample")
    given = top.values.get("sample", [])
    if not isinstance(given, list):
        raise top.wrong("sample", "expected [[sample]] tables")
    found = []
    for number, values in enumerate(given, 1):
        table = Table(top.file, f"sample {number}", values)
        found.append(
            Sample(
                table.read("of", checks.one_of(*SAMPLES), required=True),
                table.read("http", checks.integer(100, 599), 200),
                table.read("query", checks.table_of_texts, {}),
                table.read("body", checks.any_text, ""),
                table.read("gives", _gives, required=True),
            )
        )
        table.done()
    return tuple(found)


def _gives(value: Any) -> list[dict[str, Any]]:
    given = [value] if isinstance(value, dict) else value
    if not isinstance(given, list) or not all(isinstance(one, dict) and checks.of_scalars(one) for one in given):
        raise Expected("a list of tables")
    return given


def _fits_together(top: Table, vendor: Vendor) -> None:
    balance = vendor.balance
    if balance is not None and balance.call is None and not (vendor.answer.balance or balance.amount):
        raise BadVendorFile(f'{top.file}: [answer] balance: is missing: [balance] from = "answer" says that it stands there')
    present: Collection[str] = {"answer"} | {
        word
        for word, part in (
            ("receipt", vendor.receipts),
            ("poll", vendor.poll),
            ("inbound", vendor.inbound),
            ("balance", vendor.balance),
        )
        if part is not None
    }
    for number, sample in enumerate(vendor.samples, 1):
        if sample.of not in present:
            raise BadVendorFile(f"{top.file}: [sample {number}] of: expected a table of this file, not {checks.shown(sample.of)}")
