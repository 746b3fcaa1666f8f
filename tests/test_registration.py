"""A dialect and a type of gateway register themselves: nobody else knows one of them, by import or by name."""

from __future__ import annotations

import ast
import re

import pytest

from wesend.adapters.money import types as money
from wesend.adapters.sms import types as sms
from wesend.dialects.listed import DIALECTS

from .support.source import PACKAGE, imports_of, module_of, modules, nodes_of, unit

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
    texts = [node for node in nodes_of(module) if isinstance(node, ast.Constant)]
    assert [f"line {node.lineno}: {node.value!r}" for node in texts if isinstance(node.value, str) and node.value in others] == []


VENDORS = {*sms.TYPES, *money.TYPES} - {"http", "smpp"}


@pytest.mark.parametrize("module", [name for name in modules() if unit(name) != "adapters"])
def test_nobody_knows_one_vendor(module):
    """The same for a type of gateway, whose file and whose place in ``TYPES`` are all there is of it."""
    texts = [node for node in nodes_of(module) if isinstance(node, ast.Constant)]
    assert [f"line {node.lineno}: {node.value!r}" for node in texts if isinstance(node.value, str) and node.value in VENDORS] == []


def test_no_page_knows_one_dialect():
    assert [
        f"{path.relative_to(PACKAGE)} names {name}"
        for path in PACKAGE.rglob("*.html")
        for name in DIALECTS_OWN
        if re.search(rf"\b{name}\b", path.read_text())
    ] == []
