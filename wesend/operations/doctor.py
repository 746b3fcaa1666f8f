"""The usual mistakes of a setup, looked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app

from ..coordination import hosts, leadership, pause
from ..core import clock, networks, storage
from ..core.errors import DatabaseUnavailable
from ..core.settings import Settings
from ..database import query
from ..database.schema_version import DatabaseProblem, known_revisions, revision_of
from ..gateways import balances, breaker, registry, service, vendors
from ..messages.email import held
from ..routing.rates import is_convertible
from ..routing.routes import all_routes
from . import backup, database_checks, host_checks, postgresql_dump, smpp_checks
from .host_checks import Finding


def examine() -> list[Finding]:
    """Every finding, a line each; writes nothing."""
    values: Settings = current_app.config["WESEND"]
    database = _database(values)
    usable = database.state == "ok"
    findings = [
        *([] if values.database_url else [host_checks.sqlite()]),
        host_checks.clock_of(migrated=usable),
        host_checks.files(values),
        *([] if values.database_url else [host_checks.file_system(values)]),
        host_checks.disk(values),
        _storage(),
        host_checks.exposure(values),
        host_checks.secret_key(values),
        database,
    ]
    if usable:
        findings += [
            *(database_checks.examine(values) if values.database_url else []),
            database_checks.hosts_seen(),
            _scheduler(values),
            _dispatch(),
            _backups(values),
            _accounts(),
            _keys(),
            *_vendors(),
            *_gateways(),
            _routes(),
            *_rates(),
            _mail(values),
            _alerts(values),
            _sandbox(values),
            smpp_checks.examine(values),
        ]
    return findings


def _database(values: Settings) -> Finding:
    try:
        current = revision_of(values)
    except (DatabaseProblem, DatabaseUnavailable) as problem:
        return Finding("Database", "warning", str(problem))
    if current is None:
        return Finding("Database", "missing", f"{values.database_shown} is made by `wesend up`")
    if current != known_revisions()[-1]:
        return Finding("Database", "warning", f"revision {current} is not this version's {known_revisions()[-1]}")
    return Finding("Database", "ok", f"{values.database_shown}, revision {current}")


def _storage() -> Finding:
    """Whether anything can be stored, and how far it is until nothing large is taken."""
    found = storage.here()
    free, reserve = found.free() // 2**20, found.reserve // 2**20
    problem = found.problem()
    if problem is not None:
        return Finding("Storage", "warning", f"{problem}: everything that writes is refused (503), reads go on")
    if found.is_low():
        return Finding(
            "Storage",
            "warning",
            f"{free} MB are free, fewer than the reserve of {reserve} MB"
            " (WESEND_DISK_RESERVE_MB): bulks, uploads and mails to many are refused (503)",
        )
    return Finding("Storage", "ok", f"{free} MB are free, " + (f"{reserve} MB are the reserve" if reserve else "no reserve"))


def _scheduler(values: Settings) -> Finding:
    found = leadership.running(values)
    if found is None:
        return Finding("Jobs", "missing", "nobody runs them" + ("" if values.scheduler else " (WESEND_SCHEDULER=0)"))
    pid, lag = found.pid, found.lag
    if lag >= leadership.STALLED_AFTER:
        return Finding("Jobs", "warning", f"process {pid} should run them, but they stand still since {lag:.0f} s: restart it")
    at = next((f" of {host.host}" for host in hosts.list_hosts() if host.runs_jobs), "")
    return Finding("Jobs", "ok", f"run by process {pid}{at}")


def _dispatch() -> Finding:
    paused = pause.current()
    if paused is None:
        return Finding("Dispatch", "ok", "messages leave")
    return Finding(
        "Dispatch", "warning", f"paused since {clock.iso(paused.since)}, nothing leaves ({paused.reason}): `wesend resume`"
    )


def _backups(values: Settings) -> Finding:
    if values.backup_dir is None:
        return Finding("Backups", "missing", "none by the clock: set WESEND_BACKUP_DIR")
    if values.database_url and not postgresql_dump.is_here(postgresql_dump.DUMP):
        return Finding("Backups", "warning", "none can be made: pg_dump is not on the PATH (PostgreSQL's client programs)")
    age = backup.age_ms()
    if age is None:
        return Finding("Backups", "missing", f"none yet in {values.backup_dir}")
    late = backup.is_late(age)
    return Finding(
        "Backups",
        "warning" if late else "ok",
        f"the newest in {values.backup_dir} is {age / clock.HOUR:.1f} hours old" + (": are the jobs run?" if late else ""),
    )


def _alerts(values: Settings) -> Finding:
    watched = query("SELECT count(*), count(low_balance_mail) FROM wallets WHERE low_balance_micros IS NOT NULL")[0]
    if not watched[0]:
        return Finding("Low-balance alerts", "missing", "no wallet has a threshold: `wesend wallet alert WALLET AMOUNT`")
    if (watched[1] or values.alert_mail) and not values.smtp_url:
        return Finding("Low-balance alerts", "warning", f"{watched[0]} wallets, but WESEND_SMTP_URL is not set: their mail is held")
    return Finding("Low-balance alerts", "ok", f"{watched[0]} wallets")


def _mail(values: Settings) -> Finding:
    if values.smtp_url:
        return Finding("Mail", "ok", f"sent by {urlsplit(values.smtp_url).hostname}")
    waiting = held.count_all()
    if waiting:
        return Finding(
            "Mail",
            "warning",
            f"{waiting} live {'mail is' if waiting == 1 else 'mails are'} held, accepted and not sent: set WESEND_SMTP_URL",
        )
    return Finding("Mail", "missing", "WESEND_SMTP_URL is not set: live mail is accepted and held until it is")


def _rates() -> list[Finding]:
    """The wallets' currencies that prices can't be charged in; nothing where there is no such wallet."""
    lacking = [row[0] for row in query("SELECT DISTINCT currency FROM wallets ORDER BY currency") if not is_convertible(row[0])]
    return [
        Finding(
            "Exchange rates",
            "warning",
            f"none for {currency}, the currency of a wallet: `wesend rate set {currency} UNITS_PER_USD`",
        )
        for currency in lacking
    ]


def _accounts() -> Finding:
    count = query("SELECT count(*) FROM accounts WHERE is_sandbox = 0")[0][0]
    return Finding("Accounts", "ok" if count else "missing", f"{count}" if count else "none: `wesend account create NAME`")


def _keys() -> Finding:
    rows = query("SELECT api, count(*) FROM api_keys WHERE revoked_at IS NULL AND is_sandbox = 0 GROUP BY api ORDER BY api")
    have = {row[0]: row[1] for row in rows}
    text = ", ".join(f"{api} {have[api]}" for api in have)
    return Finding("API keys", "ok" if have else "missing", text or "none: `wesend key create`")


def _gateways() -> list[Finding]:
    """One line when all can be used, else a line for each that can't now, or whose last call failed."""
    found, records = service.list_gateways(), breaker.records()
    ill = [Finding("Gateway", "warning", f"{info.name} {info.problem}") for info in found if info.problem]
    for info in found:
        record = records.get(info.name)
        if record is not None and record.failures and not info.problem:
            ill.append(
                Finding(
                    "Gateway",
                    "warning",
                    f"{info.name} failed at its last {_calls(record.failures)}, at"
                    f" {clock.iso(record.last_error_at or 0)}: {record.last_error}",
                )
            )
    names = ", ".join(info.name for info in found if info.name not in registry.BUILT_IN and not info.problem)
    return ill or [Finding("Gateways", "ok" if names else "missing", names or "only the sandbox: `wesend gateway set NAME`")]


def _vendors() -> list[Finding]:
    """Files of vendors that can't be used, or that take a shipped one's place, and what else is to be known of them."""
    found = vendors.here()
    told = [Finding("Vendor file", "error", sentence) for sentence in found.problems.values()]
    wrong = networks.problem()
    told += [Finding("Networks", "error", wrong)] if wrong is not None else []
    told += [Finding("Vendor file", "ok", f"{name}.toml of this instance replaces the shipped {name}") for name in found.replaced]
    for adapter in registry.sms_gateways().values():
        told += [Finding("Gateway", "warning", f"{adapter.name} {warning}") for warning in adapter.warnings()]
    return told + _left()


def _left() -> list[Finding]:
    """What is left at vendors that tell it, with its age."""
    now = clock.now_ms()
    return [
        Finding(
            "Balance",
            "warning" if balance.low_since is not None else "ok",
            f"{name} has {balance.text} left at its vendor, told {max(0, now - balance.told_at) // clock.MINUTE} min ago",
        )
        for name, balance in balances.balances().items()
    ]


def _calls(count: int) -> str:
    return "call" if count == 1 else f"{count} calls"


def _routes() -> Finding:
    without = [route.code for route in all_routes() if route.is_active and route.gateway is None]
    ready = [route.code for route in all_routes() if route.is_active and route.gateway is not None]
    if not ready:
        return Finding("Routes", "missing", "no route names a gateway: `wesend route set CODE --gateway NAME …`")
    return Finding("Routes", "ok", f"{', '.join(ready)}" + (f"; without a gateway: {', '.join(without)}" if without else ""))


def _sandbox(values: Settings) -> Finding:
    if values.sandbox_public:
        return Finding(
            "Sandbox",
            "warning",
            "public: whoever reaches this server may use its published credentials and read what it caught (WESEND_SANDBOX=public)",
        )
    if values.sandbox:
        return Finding(
            "Sandbox", "ok", "on, for requests made on this machine and through no proxy; others are answered as if it were off"
        )
    return Finding("Sandbox", "ok", "off: WESEND_SANDBOX=1 switches it on, for requests made on this machine alone")
