"""The order of the layers, read from the imports: each module imports only from those above it (docs/architecture.md).

core → adapters, database → coordination → domains (in their order) → dialects → the other edges, which do not import one
another → web, which stands around them → jobs and the server → the factory.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import NamedTuple

import pytest

import wesend
from wesend.adapters import money, sms
from wesend.dialects import DIALECTS

PACKAGE = Path(wesend.__file__).parent

LAYERS: list[list[str]] = [
    ["core"],
    ["adapters", "database"],
    ["coordination"],
    ["accounts"],
    ["gateways"],
    ["wallets"],
    ["routing"],
    ["contacts"],
    ["webhooks"],
    ["messages"],
    ["sandbox"],
    ["operations"],
    ["dialects"],
    ["callbacks", "dashboard", "docs", "cli"],
    ["web"],
    ["jobs"],
    ["server"],
    ["models"],
    [""],
]
"""Those of one list do not import one another. ``models`` lists every table for the migrations; '' is the factory."""
DOMAINS = ["accounts", "gateways", "wallets", "routing", "contacts", "webhooks", "messages", "sandbox", "operations"]
INSIDE = ("core", "adapters", "database", "coordination", *DOMAINS)

EXCEPTIONS = {
    ("cli", "server"): "`wesend up` serves; the import stands inside the function",
    ("cli", ""): "the command group makes the application; the import stands inside the function",
    ("server", ""): "so does `up`, once the settings given as options are known",
}
"""Imports against the order that are sensible, and why."""
AT_THE_DOOR = ("core.current_request", "core.request_ids", "core.client_addresses", "sandbox.api")
"""The modules inside that see a request: they tell everybody else what of it matters."""


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


def imports_of(module: str, *, at_run_time: bool = False) -> list[Import]:
    """Every import of a module, those inside functions too, relative ones made absolute; ``at_run_time``: but for types."""
    path = path_of(module)
    package = ["wesend", *filter(None, module.split("."))]
    if path.name != "__init__.py":
        package.pop()
    found = []
    tree = ast.parse(path.read_text())
    of_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in node.body
    }
    for node in ast.walk(tree):
        if at_run_time and node in of_types:
            continue
        if isinstance(node, ast.Import):
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            found += [Import(module, f"{prefix}.{alias.name}", node.lineno) for alias in node.names]
    return found


MODULES = set(modules())
TOP_LEVEL = {module.split(".")[0] for module in MODULES}
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


def module_of(target: str) -> str | None:
    """The module that an import names, or in which what it names stands."""
    parts = target.split(".")[1:] if target.split(".")[0] == "wesend" else []
    while parts and ".".join(parts) not in MODULES:
        parts.pop()
    return ".".join(parts) or None


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
    targets = {(found.module, found.target) for found in ALL_IMPORTS}
    assert ("messages.sending.send", "wesend.messages.sending.accept.accept") in targets, "from .accept import accept"
    assert ("messages.sending.send", "wesend.database.query") in targets, "from ...database import query"
    assert ("server", "wesend.create_app") in targets, "from . import create_app, inside a function"
    assert ("cli.routing", "wesend.core.money") in targets, "from ..core import money"


def test_each_layer_imports_only_from_those_above_it():
    wrong = []
    for found in ALL_IMPORTS:
        importer, imported = unit(found.module), imported_unit(found.target)
        if imported is None or imported == importer or (importer, imported) in EXCEPTIONS:
            continue
        if layer(imported) >= layer(importer):
            wrong.append(f"wesend/{found.module}:{found.line} imports {found.target}")
    assert wrong == []


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
    used = {(unit(found.module), imported_unit(found.target)) for found in ALL_IMPORTS}
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
        for node in ast.walk(ast.parse(path_of(module).read_text()))
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
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (node.value.strip().upper().rstrip(";") in ("COMMIT", "BEGIN", "BEGIN IMMEDIATE", "END", "ROLLBACK"))
        ):
            wrong.append(f"line {node.lineno}: {node.value!r}")
    assert wrong == []


WRITERS_OF_MOMENTS = {"operations.clock_changes": "the columns of WAITS, which are moments: a test of its own says so"}
"""Whose UPDATE names its columns only when it runs."""
STATE_OF = {"messages": ("status", "lane"), "batches": ("state",)}
UPDATE = r"\bUPDATE (?:OR \w+ )?(\w+|\{\}) SET (.*?)(?= WHERE | FROM | RETURNING |$)"
"""(table, what is set)."""


def texts_of(module: str) -> list[tuple[int, str]]:
    """Every string of a module with its line, on one line, what is filled in as ``{}``; docstrings too."""
    found = []
    tree = ast.parse(path_of(module).read_text())
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            found.append((node.lineno, "".join(str(part) for part in parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            found.append((node.lineno, node.value))
    return [(line, re.sub(r"\{\w*\}", "{}", " ".join(text.split()))) for line, text in found]


def changes_a_state(sql: str) -> bool:
    """Whether an SQL text sets what `messages/state/` alone may set, or writes a message or a batch."""
    if re.search(r"\b(INSERT|REPLACE)\b[^;]*?\bINTO (messages|batches)\b", sql, re.IGNORECASE):
        return True
    for table, columns in re.findall(UPDATE, sql, re.IGNORECASE):
        named = STATE_OF.get(table.lower(), ()) if table != "{}" else (*STATE_OF["messages"], *STATE_OF["batches"], r"\{\}")
        if any(re.search(rf"(?:^|[ ,(]){name} ?=", columns, re.IGNORECASE) for name in named):
            return True
    return False


@pytest.mark.parametrize(
    "module", [name for name in modules() if not name.startswith("messages.state.") and name != "messages.sending.bulk"]
)
def test_only_the_state_package_changes_a_status(module):
    """A message's status and lane, a batch's state: by named functions of `messages/state/`, which write these rows first, too."""
    wrong = [
        f"line {line}: {text[:90]}" for line, text in texts_of(module) if module not in WRITERS_OF_MOMENTS and changes_a_state(text)
    ]
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("insert", "insert_row", "insert_many")
            and node.args
            and ast.unparse(node.args[0]).strip("'") in STATE_OF
        ):
            wrong.append(f"line {node.lineno}: {ast.unparse(node)[:90]}")
    assert wrong == []


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("UPDATE messages SET status = 'queued' WHERE id = ?", True),
        ("UPDATE messages SET due_at = ?, status=? WHERE id = ?", True),
        ("UPDATE messages SET lane = 0 WHERE id IN ({})", True),
        ("UPDATE batches SET lease_until = NULL, state = CASE WHEN ? THEN state ELSE 'open' END", True),
        ("UPDATE {} SET {} = ? WHERE id = ?", True),
        ("UPDATE {} SET status = ? WHERE id = ?", True),
        ("INSERT OR IGNORE INTO messages ({}) VALUES ({})", True),
        ("UPDATE messages SET due_at = ? WHERE status = 'dripping'", False),
        ("UPDATE batches SET owed_micros = 0 WHERE id = ? AND state = 'open'", False),
        ("UPDATE accounts SET status = ? WHERE id = ?", False),
        ("INSERT INTO message_events (message_id) VALUES (?)", False),
    ],
)
def test_the_test_sees_what_changes_a_state(sql, seen):
    assert changes_a_state(sql) is seen


def test_sqlalchemy_serves_the_schema_alone():
    """Models and migrations; no use case opens its session, or reads or writes by it."""
    of_schema = {name for name in modules() if name.split(".")[-1] == "models"} | {
        "core.columns",
        "database.schema",
        "database.schema_version",
    }
    wrong = [
        f"wesend/{found.module}:{found.line} imports {found.target}"
        for found in ALL_IMPORTS
        if found.target.split(".")[0] in ("sqlalchemy", "flask_sqlalchemy")
        and (found.module not in of_schema or found.target.split(".")[-1] in ("Session", "sessionmaker", "scoped_session"))
    ]
    wrong += [
        f"wesend/{module}:{node.lineno}: {ast.unparse(node)}"
        for module in modules()
        for node in ast.walk(ast.parse(path_of(module).read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "session" and ast.unparse(node.value).split(".")[-1] == "db"
    ]
    assert wrong == []


@pytest.mark.parametrize("module", [name for name in modules() if name not in ("core.chunks", "database.keyset")])
def test_lists_are_cut_and_paged_in_one_place_each(module):
    """``core.chunks`` cuts long lists, ``database.keyset`` knows the largest row id: nobody spells them out again."""
    text = path_of(module).read_text()
    assert "range(0, len(" not in text, "core.chunks.chunks"
    assert [number for number in ("9223372036854775807", "2**62") if number in text] == [], "database.keyset.below"


DIALECTS_OWN = {dialect.name: f"dialects.{dialect.name}" for dialect in DIALECTS}
"""Each dialect's name and its folder."""


def of_dialect(module: str) -> str | None:
    """The dialect in whose folder a module stands."""
    return next((name for name, home in DIALECTS_OWN.items() if module == home or module.startswith(home + ".")), None)


@pytest.mark.parametrize("module", [name for name in modules() if name != "dialects"])
def test_nobody_knows_one_dialect(module):
    """What differs between dialects lives in the dialect's folder, which nobody imports but the list of them: a fifth one
    changes no other file. Nor does a text name one: what others need of a dialect it registers itself."""
    assert [
        found
        for found in imports_of(module)
        if (imported := of_dialect(module_of(found.target) or "")) is not None and imported != of_dialect(module)
    ] == []
    others = DIALECTS_OWN.keys() - {of_dialect(module)}
    texts = [node for node in ast.walk(ast.parse(path_of(module).read_text())) if isinstance(node, ast.Constant)]
    assert [f"line {node.lineno}: {node.value!r}" for node in texts if isinstance(node.value, str) and node.value in others] == []


VENDORS = {*sms.TYPES, *money.TYPES} - {"http"}


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) != "adapters"])
def test_nobody_knows_one_vendor(module):
    """The same for a type of gateway, whose file and whose place in ``TYPES`` are all there is of it."""
    texts = [node for node in ast.walk(ast.parse(path_of(module).read_text())) if isinstance(node, ast.Constant)]
    assert [f"line {node.lineno}: {node.value!r}" for node in texts if isinstance(node.value, str) and node.value in VENDORS] == []


def test_no_page_knows_one_dialect():
    assert [
        f"{path.relative_to(PACKAGE)} names {name}"
        for path in PACKAGE.rglob("*.html")
        for name in DIALECTS_OWN
        if re.search(rf"\b{name}\b", path.read_text())
    ] == []


EDGES = ("dialects", "callbacks", "dashboard", "docs", "cli", "web", "jobs", "server")
SQL = re.compile(r"\s*(SELECT\s|INSERT\s+(OR\s|INTO\s)|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+(\s|\()|REPLACE\s+INTO\s)")
READS_AND_WRITES = ("query", "query_one", "reading", "snapshot", "write", "write_surely", "atomic", "cached", "Tx")


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) in EDGES or name == "sandbox.api"])
def test_no_sql_at_the_edges(module):
    """They call use cases; what is read and written, and in which transaction, is the domains' own affair."""
    forbidden = {f"wesend.database.{name}" for name in READS_AND_WRITES}
    assert [found for found in imports_of(module) if found.target in forbidden] == []
    assert [
        node.value
        for node in ast.walk(ast.parse(path_of(module).read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ] == []


def test_the_test_knows_sql_when_it_sees_it():
    for statement in ("SELECT 1", "\n  INSERT OR IGNORE INTO t", "UPDATE t SET a = 1", "DELETE FROM t", "WITH found AS (SELECT 1)"):
        assert SQL.match(statement)
    for text in ("DELETE /groups/{id}", "Select a wallet", "With its fields filled in", "UPDATE"):
        assert not SQL.match(text)


@pytest.mark.parametrize("module", [name for name in modules() if name != "core.email_address"])
def test_what_an_email_address_looks_like_is_said_in_one_place(module):
    text = path_of(module).read_text()
    assert re.findall(r"\][+*}0-9,{]*@\[", text) == [], "core.email_address"


def test_the_address_of_callbacks_is_put_together_in_one_place():
    assert [name for name in modules() if re.search(r"\}/callbacks/", path_of(name).read_text())] == ["gateways.registry"]


def glued_sql(text: str) -> list[int]:
    """The lines at which a statement of several strings begins."""
    tokens = [
        token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in (tokenize.NL, tokenize.COMMENT)
    ]
    return [
        token.start[0]
        for before, token, following in zip([None, *tokens], tokens, tokens[1:], strict=False)
        if token.type == following.type == tokenize.STRING
        and (before is None or before.type != tokenize.STRING)
        and SQL.match(token.string.lstrip("fFrR").lstrip("\"'"))
    ]


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) != "messages"])
def test_sql_of_more_than_a_line_is_a_named_constant(module):
    """Triple-quoted and beside its use case, so that it is read as SQL; what fits on a line may stand where it is run."""
    assert glued_sql(path_of(module).read_text()) == []


def test_the_test_sees_a_statement_of_several_strings():
    assert glued_sql('query(\n    "SELECT a FROM t"\n    f" WHERE {b}",\n)\n') == [2]
    assert glued_sql('query("SELECT a FROM t")\nSQL = """\n    SELECT a\n    FROM t\n"""\ntext = "Select" " one"\n') == []
