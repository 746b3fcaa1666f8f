"""The order of the layers, read from the imports: each module imports only from those above it (docs/architecture.md).

core → adapters, database → coordination → domains (in their order) → dialects → the other edges, which do not import one
another → web, which stands around them → jobs and the server → the factory.
"""

from __future__ import annotations

import ast
import re

import pytest

from .support.source import TOP_LEVEL, all_imports, imported_unit, imports_of, module_of, modules, nodes_of, unit

LAYERS: list[list[str]] = [
    ["core"],
    ["adapters", "database"],
    ["coordination"],
    ["accounts"],
    ["gateways"],
    ["wallets"],
    ["routing"],
    ["guards"],
    ["contacts"],
    ["webhooks"],
    ["binds"],
    ["messages"],
    ["two_way", "verification"],
    ["sandbox"],
    ["operations"],
    ["people"],
    ["dialects"],
    ["callbacks", "dashboard", "docs", "cli", "smpp"],
    ["web"],
    ["sweeps"],
    ["jobs"],
    ["server"],
    ["models"],
    ["testing"],
    [""],
]
"""Those of one list do not import one another. ``models`` lists every table for the migrations; '' is the factory."""
DOMAINS = [
    "accounts",
    "gateways",
    "wallets",
    "routing",
    "guards",
    "contacts",
    "webhooks",
    "binds",
    "messages",
    "two_way",
    "verification",
    "sandbox",
    "operations",
    "people",
]
MESSAGES = ["state", "reporting", "sending", "email", "receipts", "dispatch", "smpp", "campaigns"]
"""The packages of ``messages`` in their order."""
INSIDE = ("core", "adapters", "database", "coordination", *DOMAINS)

EXCEPTIONS = {
    ("cli", "server"): "`wesend up` serves; the import stands inside the function",
    ("cli", ""): "the command group makes the application; the import stands inside the function",
    ("server", ""): "so does `up`, once the settings given as options are known",
}
"""Imports against the order that are sensible, and why."""
SANDBOX_EDGE = ("sandbox.answers", "sandbox.arguments", "sandbox.control")
AT_THE_DOOR = ("core.current_request", "core.request_ids", "core.client_addresses", "sandbox.api", *SANDBOX_EDGE)
"""The modules inside that see a request: they tell everybody else what of it matters."""


def layer(name: str) -> int:
    """Place in the order."""
    found = [place for place, names in enumerate(LAYERS) if name in names]
    assert len(found) == 1, f"wesend/{name} belongs to {len(found)} layers: give it one in this test"
    return found[0]


def test_every_module_belongs_to_exactly_one_layer():
    named = [name for names in LAYERS for name in names]
    assert len(named) == len(set(named))
    assert TOP_LEVEL - set(named) == set(), "give each of these a layer in this test"
    assert set(named) - TOP_LEVEL == set(), "these are gone"


def test_no_module_is_named_as_a_test():
    """pytest, and people, take ``test_….py`` and ``…_test.py`` for tests."""
    assert [name for name in modules() if re.search(r"(^|\.)test_|_test$", name)] == []


def test_the_test_sees_imports_in_every_form():
    targets = {(found.module, found.target) for found in all_imports()}
    assert ("messages.sending.send", "wesend.messages.sending.accept.accept") in targets, "from .accept import accept"
    assert ("messages.sending.bulk", "wesend.database.query") in targets, "from ...database import query"
    assert ("server", "wesend.create_app") in targets, "from . import create_app, inside a function"
    assert ("cli.routing", "wesend.core.money") in targets, "from ..core import money"


def test_each_layer_imports_only_from_those_above_it():
    wrong = []
    for found in all_imports():
        importer, imported = unit(found.module), imported_unit(found.target)
        if imported is None or imported == importer or (importer, imported) in EXCEPTIONS:
            continue
        if layer(imported) >= layer(importer):
            wrong.append(f"wesend/{found.module}:{found.line} imports {found.target}")
    assert wrong == []


def test_within_messages_each_package_imports_only_from_those_above_it():
    """Without an exception: what lies below and must act above says so when the application is made
    (`sending.in_request.dispatch_by`, `opt_outs.when_recorded`)."""
    places = {f"messages.{name}": place for place, name in enumerate(MESSAGES)}
    inside = {name for name in modules() if name.startswith("messages.")}
    assert {".".join(name.split(".")[:2]) for name in inside} == set(places), "give each of these a place in this test"
    wrong = []
    for found in all_imports():
        imported = module_of(found.target)
        if found.module not in inside or imported not in inside:
            continue
        importer, target = (".".join(name.split(".")[:2]) for name in (found.module, imported))
        if importer != target and places[target] >= places[importer]:
            wrong.append(f"wesend/{found.module}:{found.line} imports {found.target}")
    assert wrong == []


ADAPTERS_KNOWN_TO_ACCEPT = {"adapters.sms.base", "adapters.sms.sandbox_numbers"}
"""What outcomes are called, and what a sandbox number does: neither can call anybody."""


def test_accept_knows_no_adapter():
    """No gateway is called before a send is paid for: who pays and writes has none at hand, nor has `state`, which it uses.
    Which gateways a request calls afterwards is said to it by name."""
    paying = {"messages.sending.accept", "messages.sending.bulk", "wallets.ledger"}
    paying |= {name for name in modules() if name.startswith("messages.state")}
    named = {imported for found in all_imports() if found.module in paying and (imported := module_of(found.target))}
    assert {name for name in named if name.startswith("adapters")} <= ADAPTERS_KNOWN_TO_ACCEPT
    assert not any(name.startswith("messages.dispatch") for name in named)
    of_registry = {found.target.split(".")[-1] for found in all_imports() if found.module in paying and ".registry" in found.target}
    assert of_registry <= {"SANDBOX"}, "its name is no adapter"


@pytest.mark.parametrize("package", INSIDE)
def test_modules_of_a_package_do_not_import_one_another_in_a_circle(package):
    inside = {name for name in modules() if unit(name) == package}
    needs = {
        name: {target for found in imports_of(name, at_run_time=True) if (target := module_of(found.target)) in inside - {name}}
        for name in inside
    }
    while ready := [name for name, rest in needs.items() if not rest]:
        for name in ready:
            del needs[name]
        for rest in needs.values():
            rest.difference_update(ready)
    assert needs == {}


def test_every_exception_is_still_needed():
    used = {(unit(found.module), imported_unit(found.target)) for found in all_imports()}
    assert set(EXCEPTIONS) - used == set()


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) in INSIDE and name not in AT_THE_DOOR])
def test_nothing_inside_the_house_sees_a_request_or_an_http_error(module):
    forbidden = (
        "flask.request",
        "flask.session",
        "flask.g",
        "flask.abort",
        "flask.jsonify",
        "flask.Response",
        "flask.make_response",
        "flask.Blueprint",
        "flask.redirect",
        "flask.url_for",
        "flask.views",
        "werkzeug",
        "marshmallow",
    )
    assert [
        found
        for found in imports_of(module)
        if any(found.target == name or found.target.startswith(f"{name}.") for name in forbidden)
    ] == []
    attributes = {
        f"{node.value.id}.{node.attr}"
        for node in nodes_of(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert attributes & set(forbidden) == set()


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) == "adapters"])
def test_adapters_know_no_database(module):
    assert [
        found
        for found in imports_of(module)
        if found.target.split(".")[0] in ("sqlite3", "sqlalchemy", "flask_sqlalchemy") or found.target.startswith("wesend.database")
    ] == []
