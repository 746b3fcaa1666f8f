"""The usual mistakes of a setup, looked for."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from typing import NamedTuple

from flask import current_app

from .accounts import keys
from .database import query
from .jobs import scheduler_pid
from .routing.routes import all_routes
from .schema_version import DatabaseProblem, current_revision, known_revisions
from .settings import Settings, is_loopback
from .upstreams import registry, service


class Finding(NamedTuple):
    """``state`` is ``ok``, ``missing`` (to be set up) or ``warning`` (wrong)."""

    check: str
    state: str
    detail: str


def examine() -> list[Finding]:
    """Every finding, a line each; writes nothing."""
    values: Settings = current_app.config["WESEND"]
    findings = [_sqlite(), _folder(values), _disk(values), _exposure(values)]
    database = _database(values)
    findings.append(database)
    if database.state == "ok":
        findings += [_scheduler(values), _accounts(), _keys(), *_gateways(), _routes(), _sandbox(values)]
    return findings


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    good = sqlite3.sqlite_version_info >= (3, 35)
    return Finding("SQLite", "ok" if good else "warning", version if good else f"{version} is older than 3.35 (RETURNING)")


def _folder(values: Settings) -> Finding:
    if not values.instance.exists():
        return Finding("Instance folder", "missing", f"{values.instance} is made by `wesend up`")
    mode = stat.S_IMODE(values.instance.stat().st_mode)
    loose = mode & 0o077
    return Finding("Instance folder", "warning" if loose else "ok",
                   f"{values.instance} has mode {mode:o}" + (": others can read it, use 700" if loose else ""))


def _disk(values: Settings) -> Finding:
    place = values.instance if values.instance.exists() else values.instance.parent
    free = shutil.disk_usage(place).free // 2**20 if place.exists() else 0
    return Finding("Free disk", "ok" if free > 500 else "warning", f"{free} MB")


def _exposure(values: Settings) -> Finding:
    if is_loopback(values.host):
        return Finding("Network", "ok", f"listens on {values.host}: put nginx or Caddy with TLS before it to be public")
    if values.base_url.startswith("https://"):
        return Finding("Network", "ok", f"listens on {values.host}, reached as {values.base_url}")
    return Finding("Network", "warning", f"listens on {values.host} without TLS: set WESEND_BASE_URL to an https address "
                   "and put a TLS proxy before it")


def _database(values: Settings) -> Finding:
    try:
        current = current_revision(values.database)
    except DatabaseProblem as problem:
        return Finding("Database", "warning", str(problem))
    if current is None:
        return Finding("Database", "missing", f"{values.database} is made by `wesend up`")
    if current != known_revisions()[-1]:
        return Finding("Database", "warning", f"revision {current} is not this version's {known_revisions()[-1]}")
    return Finding("Database", "ok", f"{values.database}, revision {current}")


def _scheduler(values: Settings) -> Finding:
    pid = scheduler_pid(current_app._get_current_object())  # type: ignore[attr-defined]
    if pid is not None:
        return Finding("Jobs", "ok", f"run by process {pid}")
    return Finding("Jobs", "missing", "nobody runs them" + ("" if values.scheduler else " (WESEND_SCHEDULER=0)"))


def _accounts() -> Finding:
    count = query("SELECT count(*) FROM accounts WHERE is_sandbox = 0")[0][0]
    return Finding("Accounts", "ok" if count else "missing", f"{count}" if count else "none: `wesend account create NAME`")


def _keys() -> Finding:
    rows = query("SELECT api, count(*) FROM api_keys WHERE revoked_at IS NULL AND is_sandbox = 0 GROUP BY api")
    have = {row[0]: row[1] for row in rows}
    text = ", ".join(f"{api} {have[api]}" for api in keys.APIS if api in have)
    return Finding("API keys", "ok" if have else "missing", text or "none: `wesend key create`")


def _gateways() -> list[Finding]:
    """One line when all can be used, else a line for each that can't now."""
    found = service.list_gateways()
    ill = [Finding("Gateway", "warning", f"{info.name} {info.problem}") for info in found if info.problem]
    names = ", ".join(info.name for info in found if info.name not in registry.BUILT_IN and not info.problem)
    return ill or [Finding("Gateways", "ok" if names else "missing",
                           names or "only the sandbox: `wesend gateway set NAME`")]


def _routes() -> Finding:
    without = [route.code for route in all_routes() if route.is_active and route.gateway is None]
    ready = [route.code for route in all_routes() if route.is_active and route.gateway is not None]
    if not ready:
        return Finding("Routes", "missing", "no route names a gateway: `wesend route set CODE --gateway NAME …`")
    return Finding("Routes", "ok", f"{', '.join(ready)}" + (f"; without a gateway: {', '.join(without)}" if without else ""))


def _sandbox(values: Settings) -> Finding:
    if values.sandbox and not is_loopback(values.host):
        return Finding("Sandbox", "warning", "on, and reachable from outside with its published credentials")
    return Finding("Sandbox", "ok", "on: its published credentials are answered" if values.sandbox else "off")
