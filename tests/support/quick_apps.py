"""Applications are made by the thousand here; what is the same in each of them is made once.

Of the 33 ms that one takes 28 are Werkzeug's, which compiles two functions of every URL rule, and a page takes 20 ms more until
its templates are compiled. Nor does a database of this process wait for the disk at every commit: only a power cut could
tell (`tests/test_durability.py` has the real setting; servers that are processes of their own always have it).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from wesend.database import connecting, schema

_compile = Rule._compile_builder
_configure = connecting.configure
_builders: dict[tuple, Callable[..., tuple[str, str]]] = {}


def make_apps_quick() -> None:
    Rule._compile_builder = _compile_once  # type: ignore[method-assign]
    connecting.configure = schema.configure = _configure_without_syncing


def share_templates(app: Flask) -> None:
    app.jinja_env.bytecode_cache = _TEMPLATES


def _compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """A builder is a plain function that is bound to its rule afterwards; only defaults would make it a rule's own."""
    if rule.defaults:
        return _compile(rule, append_unknown)
    key = (tuple(rule._trace), append_unknown)
    if key not in _builders:
        _builders[key] = _compile(rule, append_unknown)
    return _builders[key]


@wraps(_configure)
def _configure_without_syncing(connection: sqlite3.Connection) -> None:
    _configure(connection)
    connection.execute("PRAGMA synchronous=OFF")


class _Templates(BytecodeCache):
    """By the template's name and file, which no test changes."""

    def __init__(self) -> None:
        self.compiled: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.compiled.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self.compiled[bucket.key] = bucket.code


_TEMPLATES = _Templates()
