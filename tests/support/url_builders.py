"""Applications are made by the thousand here, and 28 of the 33 ms that one takes are Werkzeug's, which compiles two
functions of every URL rule: what it made of a rule serves the same rule of the next application.
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule

_compile = Rule._compile_builder
_made: dict[tuple, Callable[..., tuple[str, str]]] = {}


def share_url_builders() -> None:
    """A builder is a plain function that is bound to its rule afterwards; only defaults would make it a rule's own."""
    Rule._compile_builder = _compile_once  # type: ignore[method-assign]


def _compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    if rule.defaults:
        return _compile(rule, append_unknown)
    key = (tuple(rule._trace), append_unknown)
    if key not in _made:
        _made[key] = _compile(rule, append_unknown)
    return _made[key]
