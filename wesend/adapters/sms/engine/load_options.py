"""The parts of a vendor's file that its gateways are set up with: options, and secrets."""

from __future__ import annotations

import re
from typing import Any

from ...options import READERS, Option
from . import checks
from .checks import BadVendorFile, Expected, Table
from .load_calls import Names
from .templates import names_in

SETTING = re.compile(r"[a-z][a-z0-9_]{0,63}")
KINDS = ("text", "url", "integer", "decimal", "choice", "flag")
OF_EVERY_GATEWAY = ("tps", "parallel", "balance_alert")
OF_THE_MESSAGE = ("to", "to_digits", "text", "sender", "reference", "callback_url", "valid_seconds", "ttl_ms", "unicode", "count")
"""Placeholders that every message fills."""
TAKEN = frozenset((*OF_THE_MESSAGE, "items", "to_list", "id", "ids", "body"))


def read_options(top: Table) -> tuple[Option, ...]:
    """BadVendorFile where one is missing or misnamed."""
    table = top.table("options", required=True)
    assert table is not None
    found = []
    for name in table.values:
        one = table.table(name)
        assert one is not None
        if not SETTING.fullmatch(name) or name in OF_EVERY_GATEWAY or name in TAKEN:
            raise table.wrong(name, "expected a name in small letters that is no placeholder's and no setting of every gateway")
        found.append(_option(name, one))
    if not any(option.name == "base_url" and option.kind == "url" for option in found):
        raise BadVendorFile(f"{top.file}: [options.base_url] is missing: where the vendor's API is, of kind url")
    return tuple(found)


def _option(name: str, table: Table) -> Option:
    kind = table.read("kind", checks.one_of(*KINDS), "text")
    choices = table.read("choices", checks.list_of(checks.text, "a list of texts"), ())
    if (kind == "choice") != bool(choices):
        raise table.wrong("choices", 'expected a list of texts, with kind = "choice" and with no other')
    bound = checks.integer(-(10**9), 10**9)
    least, most = table.read("least", bound), table.read("most", bound)
    pattern = table.read("pattern", checks.pattern, "")
    default = table.read("default", _scalar)
    required = table.read("required", checks.flag, False)
    option = Option(name, kind, required, None, table.read("help", checks.text, ""), choices, least, most, pattern)
    table.done()
    if default is None:
        return option
    try:
        return option._replace(default=READERS[kind](option, default))
    except ValueError as error:
        raise table.wrong("default", f"expected {error}, not {checks.shown(default)}") from None


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise Expected("a text, a number, true or false")
    return value


def read_secrets(top: Table) -> tuple[Option, ...]:
    table = top.table("secrets")
    if table is None:
        misspelt = top.misspelt("secrets")
        if misspelt is not None:
            raise misspelt
        return ()
    found = []
    for name in table.values:
        one = table.table(name)
        assert one is not None
        options = top.values.get("options", {})
        if not SETTING.fullmatch(name) or name in TAKEN or name in OF_EVERY_GATEWAY or name in options:
            raise table.wrong(name, "expected a name in small letters that is no placeholder's and no option's")
        help_text, required = one.read("help", checks.text, ""), one.read("required", checks.flag, False)
        one.done()
        found.append(Option(name, required=required, help=help_text))
    return tuple(found)


def with_destinations(options: tuple[Option, ...], document: dict, names: Names) -> tuple[Option, ...]:
    """An option that stands in a URL says where the secrets go, as a URL does."""
    urls = [
        table.get("url")
        for table in (document.get("send"), document.get("poll"), document.get("balance"), document.get("auth"))
        if isinstance(table, dict)
    ]
    leading = {name for url in urls for name in names_in(url)}
    return tuple(option._replace(destination=option.kind == "url" or option.name in leading) for option in options)
