"""Applications are made by the thousand here; what is the same in each of them is made once.

Nine tenths of the time that one takes are Werkzeug's, which compiles each of 344 URL rules and sorts them into the tree that
finds them: applications whose rules are alike share both. A page takes 20 ms more until its templates are compiled. Nor does
a database of this process wait for the disk at every commit: only a power cut could tell (`tests/database/test_durability.py`
has the real setting; servers that are processes of their own always have it). And what all migrations make of nothing, in more
than a second, they make once.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import wraps
from types import CodeType
from typing import Any

import flask_migrate
from flask import Flask, current_app
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.matcher import StateMachineMatcher

from wesend.core.settings import Settings
from wesend.database import connecting, schema
from wesend.database.migrations_folder import MIGRATIONS

_configure = connecting.configure
_upgrade = flask_migrate.upgrade
_MIGRATED: list[bytes] = []
_rules: dict[tuple, Rule] = {}
_trees: dict[tuple[int, ...], tuple[list[Rule], StateMachineMatcher, dict[Any, list[Rule]]]] = {}
"""By the identities of the rules, which stand here too, so that no other rule gets the same."""


def make_apps_quick() -> None:
    Map.add, Map.update = _add, _update  # type: ignore[method-assign]
    connecting.configure = schema.configure = _configure_without_syncing
    flask_migrate.upgrade = _upgrade_once


def share_templates(app: Flask) -> None:
    app.jinja_env.bytecode_cache = _TEMPLATES


def _add(self: Map, factory: RuleFactory) -> None:
    """The tree is not grown here, but at the first look for a rule."""
    rules = self.__dict__.setdefault("rules_added", [])
    rules.extend(_bound(self, rule) for rule in factory.get_rules(self))
    self._remap = True


def _bound(map: Map, rule: Rule) -> Rule:
    """The first rule like it that was bound to a map like this one."""
    defaults = tuple((rule.defaults or {}).items())
    slashes, methods = (rule.strict_slashes, rule.merge_slashes), rule.methods and frozenset(rule.methods)
    of_flask = getattr(rule, "provide_automatic_options", None)
    kind = (rule.build_only, rule.alias, rule.websocket, rule.redirect_to, rule.subdomain, rule.host, defaults, of_flask, *slashes)
    of_map = (map.strict_slashes, map.merge_slashes, map.host_matching, map.default_subdomain, *map.converters.values())
    key = (type(rule), rule.rule, rule.endpoint, methods, kind, of_map)
    if key not in _rules:
        rule.bind(map)
        _rules[key] = rule
    return _rules[key]


def _update(self: Map) -> None:
    with self._remap_lock:
        if not self._remap:
            return
        rules = self.__dict__.get("rules_added", [])
        key = tuple(map(id, rules))
        if key not in _trees:
            _trees[key] = (list(rules), *_grown(rules, self.merge_slashes))
        _, self._matcher, self._rules_by_endpoint = _trees[key]
        self._remap = False


def _grown(rules: list[Rule], merge_slashes: bool) -> tuple[StateMachineMatcher, dict[Any, list[Rule]]]:
    """As Werkzeug does it."""
    matcher, by_endpoint = StateMachineMatcher(merge_slashes), {}
    for rule in rules:
        if not rule.build_only:
            matcher.add(rule)
        by_endpoint.setdefault(rule.endpoint, []).append(rule)
    matcher.update()
    for alike in by_endpoint.values():
        alike.sort(key=lambda rule: rule.build_compare_key())
    return matcher, by_endpoint


@wraps(_upgrade)
def _upgrade_once(directory: str | None = None, **options: Any) -> None:
    """From nothing to the newest revision of SQLite, without options: the file as the first such run left it."""
    values: Settings = current_app.config["WESEND"]
    path, log = values.database, values.database.with_name(f"{values.database.name}-wal")
    is_new = not values.database_url and not log.exists() and not (path.exists() and path.stat().st_size)
    if options or directory != str(MIGRATIONS) or not is_new:
        _upgrade(directory=directory, **options)
    elif _MIGRATED:
        path.write_bytes(_MIGRATED[0])
    else:
        _upgrade(directory=directory)
        with closing(sqlite3.connect(path)) as connection:
            [(busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if not busy:
            _MIGRATED.append(path.read_bytes())


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
