"""The order of the layers, read from the imports: each module imports only from those above it (design, section 1).

core → gateways → domains (in their order) → edges, which do not import one another → the factory.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

import wesend

PACKAGE = Path(wesend.__file__).parent

CORE = {"errors", "clock", "phones", "segments", "money", "templating", "columns", "ids", "settings", "secret",
        "current", "database", "intervals", "locks", "pause", "running", "schema_version", "storage", "wake", "vault",
        "countries", "csv_cells", "number_text"}
GATEWAYS = {"gateways"}
DOMAINS = ["accounts", "upstreams", "wallets", "routing", "contacts", "webhooks", "messages", "operations"]
EDGES = {"dialects", "dashboard", "docs", "callbacks", "cli", "jobs", "server", "doctor", "sandbox", "sandbox_api", "health",
         "request_ids", "request_objects", "client_addresses", "mail_catcher", "metrics", "metrics_files",
         "metrics_folder", "logs", "api_sessions", "connections", "response_headers", "unstorable"}
FACTORY = {"", "models"}  # the package itself, and the list of all models that migrations compare with

EXCEPTIONS = {
    ("cli", "server"): "`wesend up` serves",
    ("dashboard", "doctor"): "an operator sees its findings",
    ("dashboard", "sandbox"): "the checklist shows what is published of it",
    ("cli", "sandbox"): "`wesend sandbox` makes it and prints what is published of it",
    ("cli", "doctor"): "`wesend doctor` prints its findings",
    ("server", "sandbox"): "`up` makes the sandbox and prints the example that uses it",
    ("server", "jobs"): "the workers run them",
    ("api_sessions", "dialects"): "asks whether a path is an API's",
    ("server", "logs"): "sets the process's logging up, and gunicorn's",
    ("server", "metrics"): "names the folder where the workers' counts add up",
    ("server", "metrics_folder"): "and makes it",
    ("metrics", "metrics_files"): "what is counted is kept there",
    ("server", "connections"): "gunicorn's worker is there",
    ("connections", "dialects"): "who is refused for want of descriptors is answered in the API's words",
    ("unstorable", "dialects"): "so is who is refused because nothing can be stored",
    ("logs", "request_ids"): "every line names its request",
    ("logs", "client_addresses"): "every line names who asked",
    ("dialects", "request_objects"): "on the path of every request",
    ("request_ids", "request_objects"): "on the path of every request",
    ("metrics", "request_objects"): "on the path of every request",
    ("dashboard", "client_addresses"): "sign-in is throttled by who asks",
    ("client_addresses", "request_objects"): "on the path of every request with a published key",
    ("dialects", "client_addresses"): "who may use the sandbox; and where from, for the audit log",
    ("sandbox_api", "client_addresses"): "so does what it caught",
    ("docs", "client_addresses"): "the examples carry published keys for those whom they answer",
    ("health", "client_addresses"): "strangers are told nothing but ok or not",
    ("metrics", "client_addresses"): "figures are for this machine, not for who comes through a proxy on it",
    ("docs", "dialects"): "it documents their routes, schemas and errors",
    ("docs", "sandbox"): "its examples use the published credentials",
    ("jobs", "mail_catcher"): "it listens where the jobs run",
    ("cli", ""): "the command group makes the application; the import stands inside the function",
    ("server", ""): "so does `up`, once the settings given as options are known",
}
"""Imports against the order that are sensible, and why."""


class Import(NamedTuple):
    """``target`` is a dotted name: of a module, or of something in one. ``line`` for the message."""

    module: str
    target: str
    line: int


def modules() -> list[str]:
    """Every module of the package as ``messages.send``; a package as its own name, the root as ''."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def path_of(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(module: str) -> list[Import]:
    """Every import of a module, those inside functions too, relative ones made absolute."""
    path = path_of(module)
    package = ["wesend", *filter(None, module.split("."))]
    if path.name != "__init__.py":
        package.pop()
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            found += [Import(module, f"{prefix}.{alias.name}", node.lineno) for alias in node.names]
    return found


TOP_LEVEL = {module.split(".")[0] for module in modules()}
ALL_IMPORTS = [found for module in modules() for found in imports_of(module)]


def unit(module: str) -> str:
    """The top-level module or package that a module belongs to."""
    return module.split(".")[0]


def imported_unit(target: str) -> str | None:
    """The unit of wesend that an import names; '' for the factory, None for other packages."""
    parts = target.split(".")
    if parts[0] != "wesend":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in TOP_LEVEL else ""


def layer(name: str) -> tuple[int, int]:
    """Place in the order; domains have a place of their own each, edges share one."""
    if name in CORE:
        return 0, 0
    if name in GATEWAYS:
        return 1, 0
    if name in DOMAINS:
        return 2, DOMAINS.index(name)
    if name in EDGES:
        return 3, 0
    assert name in FACTORY, f"wesend/{name} belongs to no layer: give it one in this test"
    return 4, 0


def test_every_module_belongs_to_exactly_one_layer():
    layers = [CORE, GATEWAYS, set(DOMAINS), EDGES, FACTORY]
    assert sum(map(len, layers)) == len(set().union(*layers))
    assert TOP_LEVEL - set().union(*layers) == set(), "give each of these a layer in this test"


def test_the_test_sees_imports_in_every_form():
    targets = {(found.module, found.target) for found in ALL_IMPORTS}
    assert ("messages.send", "wesend.messages.accept.accept") in targets, "from .accept import accept"
    assert ("messages.send", "wesend.database.query") in targets, "from ..database import query"
    assert ("server", "wesend.create_app") in targets, "from . import create_app, inside a function"
    assert ("cli.routing", "wesend.money") in targets, "from .. import money"


def test_each_layer_imports_only_from_those_above_it():
    wrong = []
    for found in ALL_IMPORTS:
        importer, imported = unit(found.module), imported_unit(found.target)
        if imported is None or imported == importer or (importer, imported) in EXCEPTIONS:
            continue
        below, above = layer(importer), layer(imported)
        if not (above < below or (below == above and importer in CORE | FACTORY)):
            wrong.append(f"wesend/{found.module}:{found.line} imports {found.target}")
    assert wrong == []


def test_core_modules_do_not_import_one_another_in_a_circle():
    needs = {name: {imported_unit(found.target) for found in ALL_IMPORTS if unit(found.module) == name} & CORE - {name}
             for name in CORE}
    while ready := [name for name, rest in needs.items() if not rest]:
        for name in ready:
            del needs[name]
        for rest in needs.values():
            rest.difference_update(ready)
    assert needs == {}


def test_every_exception_is_still_needed():
    used = {(unit(found.module), imported_unit(found.target)) for found in ALL_IMPORTS}
    assert set(EXCEPTIONS) - used == set()


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) in (*DOMAINS, *GATEWAYS, *CORE)])
def test_nothing_inside_the_house_sees_a_request_or_an_http_error(module):
    forbidden = ("flask.request", "flask.session", "flask.g", "flask.abort", "flask.jsonify", "flask.Response",
                 "flask.make_response", "flask.Blueprint", "flask.redirect", "flask.url_for", "flask.views", "werkzeug",
                 "marshmallow")
    assert [found for found in imports_of(module)
            if any(found.target == name or found.target.startswith(f"{name}.") for name in forbidden)] == []
    attributes = {f"{node.value.id}.{node.attr}" for node in ast.walk(ast.parse(path_of(module).read_text()))
                  if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    assert attributes & set(forbidden) == set()


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) == "gateways"])
def test_gateways_know_no_database(module):
    assert [found for found in imports_of(module) if found.target.split(".")[0] in ("sqlite3", "sqlalchemy",
                                                                                     "flask_sqlalchemy")
            or found.target.startswith("wesend.database")] == []


@pytest.mark.parametrize("module", [name for name in modules() if name.split(".")[0] != "database"])
def test_only_the_database_package_commits(module):
    """Neither a call of commit(), nor a transaction opened or ended in SQL, nor a write of SQLAlchemy's session."""
    wrong = []
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_session = isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "session"
            writes = of_session and node.func.attr in ("add", "add_all", "delete", "merge", "flush", "begin")
            if writes or node.func.attr in ("commit", "begin_nested", "executescript"):
                wrong.append(f"line {node.lineno}: {ast.unparse(node)[:80]}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (
                node.value.strip().upper().rstrip(";") in ("COMMIT", "BEGIN", "BEGIN IMMEDIATE", "END", "ROLLBACK")):
            wrong.append(f"line {node.lineno}: {node.value!r}")
    assert wrong == []


def test_no_domain_or_gateway_asks_which_dialect_it_serves():
    """What differs between dialects lives in the dialect: no comparison with a dialect's name further in."""
    dialects = {"wesendall", "wasambazie", "esms", "worldledgers"}
    wrong = []
    for module in modules():
        if unit(module) not in (*DOMAINS, *GATEWAYS) or module == "accounts.keys":
            continue  # the shapes of every dialect's credentials live in accounts.keys
        for node in ast.walk(ast.parse(path_of(module).read_text())):
            if isinstance(node, ast.Compare) and any(isinstance(part, ast.Constant) and part.value in dialects
                                                     for part in ast.walk(node)):
                wrong.append(f"wesend/{module}:{node.lineno}")
    assert wrong == []
