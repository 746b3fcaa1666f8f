"""Transactions, read from the source: whoever has a ``tx`` reads through it, and hands it to what reads for them.

A unit is a function or lambda with a parameter ``tx``, or the body of ``with atomic() as tx``. `query`, `query_one`,
`snapshot`, and `cached` and `reading` without a ``tx``, read by a connection of the thread; so does a function that calls
them, unless it takes a ``tx`` and is given it. `with atomic():` alone makes use cases one transaction: they read as it sees.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import pytest

from .support.source import imports_of, modules, nodes_of, tree_of

READS = {f"wesend.database.{name}" for name in ("query", "query_one", "snapshot", "cached", "reading")}

Unit = ast.FunctionDef | ast.Lambda | ast.With


class Found(NamedTuple):
    """Where a unit reads without its transaction, and by what."""

    place: str
    call: str


class Module(NamedTuple):
    """``names``: what its names stand for, dotted."""

    name: str
    tree: ast.Module
    names: dict[str, str]


@cache
def load(name: str) -> Module:
    tree = tree_of(name)
    dotted = ".".join(["wesend", *filter(None, name.split("."))])
    names = {node.name: f"{dotted}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    targets = {found.target for found in imports_of(name)}
    for node in nodes_of(name):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                ends = [target for target in targets if target.endswith(f".{'.'.join(filter(None, [node.module, alias.name]))}")]
                names[alias.asname or alias.name] = ends[0] if ends else alias.name
    return Module(name, tree, names)


def callee(module: Module, call: ast.Call) -> str | None:
    """What is called, dotted: a function of this module or an imported one, or one of an imported module."""
    if isinstance(call.func, ast.Name):
        return module.names.get(call.func.id)
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        of = module.names.get(call.func.value.id)
        return None if of is None else f"{of}.{call.func.attr}"
    return None


def takes_tx(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.Lambda) and any(
        argument.arg == "tx" for argument in (*node.args.args, *node.args.kwonlyargs)
    )


def is_atomic_with_tx(node: ast.AST) -> bool:
    return isinstance(node, ast.With) and any(
        isinstance(item.optional_vars, ast.Name)
        and item.optional_vars.id == "tx"
        and isinstance(item.context_expr, ast.Call)
        and ast.unparse(item.context_expr.func).split(".")[-1] == "atomic"
        for item in node.items
    )


def body_of(node: ast.AST) -> list[ast.AST]:
    body = node.body  # type: ignore[attr-defined]  # of a function, a lambda or a with
    return list(body) if isinstance(body, list) else [body]


def calls_in(body: list[ast.AST], *, but: Callable[[ast.AST], bool] = lambda _: False) -> Iterator[ast.Call]:
    """Every call, those of inner functions too; ``but``: not of these nodes."""
    rest = list(body)
    while rest:
        node = rest.pop()
        if but(node):
            continue
        if isinstance(node, ast.Call):
            yield node
        rest.extend(ast.iter_child_nodes(node))


def is_given_tx(call: ast.Call) -> bool:
    return any(isinstance(value, ast.Name) and value.id == "tx" for value in (*call.args, *(word.value for word in call.keywords)))


def may_have_no_tx(node: ast.FunctionDef) -> bool:
    """It takes no ``tx``, or one that may be None."""
    given = [argument.annotation for argument in (*node.args.args, *node.args.kwonlyargs) if argument.arg == "tx"]
    return not given or given[0] is None or "None" in ast.unparse(given[0])


def without_tx(sources: list[Module]) -> set[str]:
    """The functions that read around the caller's transaction, unless they are given it."""
    calls: dict[str, set[str | None]] = {}
    for module in sources:
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef) and not module.name.startswith("database"):
                inner = calls_in(list(node.body), but=lambda inner: takes_tx(inner) or is_atomic_with_tx(inner))
                calls[module.names[node.name]] = {
                    callee(module, call) for call in inner if may_have_no_tx(node) or not is_given_tx(call)
                }
    found = set(READS)
    while more := {name for name, called in calls.items() if name not in found and called & found}:
        found |= more
    return found


def units(module: Module) -> Iterator[ast.AST]:
    for node in ast.walk(module.tree):
        if takes_tx(node) or is_atomic_with_tx(node):
            yield node


def reads_around(module: Module, readers: set[str]) -> list[Found]:
    return [
        Found(f"wesend/{module.name}:{call.lineno}", ast.unparse(call)[:80])
        for unit in units(module)
        for call in calls_in(body_of(unit))
        if callee(module, call) in readers and not is_given_tx(call)
    ]


@cache
def sources() -> list[Module]:
    return [load(name) for name in modules()]


@cache
def readers() -> set[str]:
    return without_tx(sources())


@pytest.mark.parametrize("name", [name for name in modules() if not name.startswith("database")])
def test_a_unit_reads_through_its_transaction(name):
    assert sorted(set(reads_around(load(name), readers()))) == []


OUTSIDE_OF_UNITS = ("payload_of",)
"""What is asked of a webhook format by its courier, with no transaction open."""


def looked_up_by_formats(module: Module, readers: set[str]) -> list[Found]:
    return [
        Found(f"wesend/{module.name}:{call.lineno}", ast.unparse(call)[:80])
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).split(".")[-1] == "Format" for base in node.bases)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name not in OUTSIDE_OF_UNITS
        for call in calls_in(list(method.body))
        if callee(module, call) in readers or ast.unparse(call.func).split(".")[-1] in OUTSIDE_OF_UNITS
    ]


def test_a_webhook_format_looks_nothing_up():
    """It is asked inside a unit, from afar: so what it tells is handed to it, and no ``tx`` reaches an edge."""
    assert [found for module in sources() for found in looked_up_by_formats(module, readers())] == []


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("return query_one('SELECT 1')", 1),
        ("return query_wallet(message)", 1),
        ("return self.payload_of(message)", 1),
        ("return message['uid']", 0),
    ],
)
def test_the_test_sees_a_format_that_looks_up(body, seen):
    source = (
        f"def query_wallet(row): return query('SELECT 1')\nclass Made(Format):\n    def message_changed(self, message): {body}\n"
    )
    names = {name.split(".")[-1]: name for name in READS} | {"query_wallet": "wesend.made_up.query_wallet"}
    module = Module("made_up", ast.parse(source), names)
    assert len(looked_up_by_formats(module, without_tx([module]))) == seen


def test_a_unit_changes_nothing_but_the_database():
    """It may run twice: what it gathers outside of itself would be there twice."""
    wrong = [
        f"wesend/{module.name}:{node.lineno}"
        for module in sources()
        for unit in units(module)
        if isinstance(unit, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(unit)
        if isinstance(node, ast.Nonlocal | ast.Global)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["state", "dispatch", "receipts"])
def test_what_happens_all_the_time_shares_its_commits(name):
    """Claims, settlements and receipts go by `write`; only what a person decides has a commit of its own (an audit entry)."""
    inside = [
        module for module in sources() if module.name.startswith(f"messages.{name}.") and not module.name.endswith("suspension")
    ]
    assert inside
    assert [module.name for module in inside if "atomic" in module.names] == []


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("def unit(tx):\n    return query('SELECT 1')", 1),
        ("def unit(tx):\n    return [row for row in tx.all('SELECT 1') if balance(row)]", 1),
        ("def unit(tx):\n    return routes()", 1),
        ("def unit(tx):\n    return routes(tx)", 0),
        ("def unit(tx):\n    return a_route(1)", 1),
        ("def unit(tx):\n    return a_route(1, tx)", 0),
        ("def unit(tx):\n    return needs(tx)", 0),
        ("def unit(tx):\n    return reading(None).all('SELECT 1')", 1),
        ("def unit(tx):\n    return cached('key', load, tx)", 0),
        ("def unit(tx):\n    return cached('key', load)", 1),
        ("def use_case():\n    before = balance(1)\n    write(lambda tx: tx.all('SELECT 1'))", 0),
        ("def use_case():\n    write(lambda tx: tx.all('SELECT ?', balance(1)))", 1),
        ("def use_case():\n    with atomic() as tx:\n        tx.execute('SELECT 1')\n        return balance(1)", 1),
        ("def use_case():\n    with atomic() as tx:\n        tx.execute('SELECT 1')\n    return balance(1)", 0),
        ("def use_case():\n    with atomic():\n        return balance(1)", 0),
    ],
)
def test_the_test_sees_what_reads_around_a_transaction(source, seen):
    given = """
def balance(wallet): return query_one('SELECT 1')
def load(reader): return reader.all('SELECT 1')
def routes(tx: Tx | None = None): return cached('routes', load, tx)
def a_route(code, tx: Tx | None): return routes(tx)[code]
def needs(tx: Tx): return routes(tx)
"""
    tree = ast.parse(given + source)
    names = {node.name: f"wesend.made_up.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    names |= {name.split(".")[-1]: name for name in READS}
    module = Module("made_up", tree, names)
    assert len(reads_around(module, without_tx([module]))) == seen
