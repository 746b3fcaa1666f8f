"""The package as its source tells: its modules, and what each imports."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import wesend

PACKAGE = Path(wesend.__file__).parent


class Import(NamedTuple):
    """``target`` is a dotted name: of a module, or of something in one. ``line`` for the message."""

    module: str
    target: str
    line: int


@cache
def modules() -> tuple[str, ...]:
    """Every module of the package as ``messages.send``; a package as its own name, the root as ''."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return tuple(found)


@cache
def path_of(module: str) -> Path:
    path = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree_of(module: str) -> ast.Module:
    """The source of a module, parsed once for all that look at it: nobody changes it."""
    return ast.parse(path_of(module).read_text())


@cache
def nodes_of(module: str) -> tuple[ast.AST, ...]:
    """All of that tree, as `ast.walk` goes through it."""
    return tuple(ast.walk(tree_of(module)))


@cache
def imports_of(module: str, *, at_run_time: bool = False) -> tuple[Import, ...]:
    """Every import of a module, those inside functions too, relative ones made absolute; ``at_run_time``: but for types."""
    path = path_of(module)
    package = ["wesend", *filter(None, module.split("."))]
    if path.name != "__init__.py":
        package.pop()
    found = []
    nodes = nodes_of(module)
    of_types = {
        inner
        for node in nodes
        if at_run_time and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in node.body
    }
    for node in nodes:
        if at_run_time and node in of_types:
            continue
        if isinstance(node, ast.Import):
            found += [Import(module, alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            found += [Import(module, f"{prefix}.{alias.name}", node.lineno) for alias in node.names]
    return tuple(found)


MODULES = set(modules())


TOP_LEVEL = {module.split(".")[0] for module in MODULES}


@cache
def all_imports() -> tuple[Import, ...]:
    return tuple(found for module in modules() for found in imports_of(module))


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


def texts_of(module: str) -> list[tuple[int, str]]:
    """Every string of a module with its line, on one line, what is filled in as ``{}``; docstrings too."""
    found = []
    nodes = nodes_of(module)
    inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            found.append((node.lineno, "".join(str(part) for part in parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            found.append((node.lineno, node.value))
    return [(line, re.sub(r"\{\w*\}", "{}", " ".join(text.split()))) for line, text in found]
