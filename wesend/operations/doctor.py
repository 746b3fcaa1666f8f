"""The usual mistakes of a setup, looked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app

from ..coordination import hosts, leadership, pause
from ..core import clock, networks, settings_together, storage
from ..core.errors import DatabaseUnavailable
from ..core.languages import counted, joined, said_by, sentence, verbatim
from ..core.settings import Settings
from ..core.settings_values import SettingsError
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
        *_start(values),
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


def _start(values: Settings) -> list[Finding]:
    """What `wesend up` would refuse."""
    try:
        settings_together.check(values)
    except SettingsError as problem:
        return [Finding("Settings", "error", verbatim(str(problem)))]
    return []


def _database(values: Settings) -> Finding:
    try:
        current = revision_of(values)
    except (DatabaseProblem, DatabaseUnavailable) as problem:
        return Finding("Database", "warning", said_by(problem))
    if current is None:
        return Finding("Database", "missing", sentence("%(path)s is made by `wesend up`", path=values.database_shown))
    newest = known_revisions()[-1]
    if current != newest:
        text = sentence("revision %(current)s is not this version's %(newest)s", current=current, newest=newest)
        return Finding("Database", "warning", text)
    return Finding(
        "Database", "ok", sentence("%(database)s, revision %(current)s", database=values.database_shown, current=current)
    )


def _storage() -> Finding:
    """Whether anything can be stored, and how far it is until nothing large is taken."""
    found = storage.here()
    free, reserve = found.free() // 2**20, found.reserve // 2**20
    problem = found.problem()
    if problem is not None:
        return Finding(
            "Storage",
            "warning",
            sentence("%(problem)s: everything that writes is refused (503), reads go on", problem=sentence(problem)),
        )
    if found.is_low():
        return Finding(
            "Storage",
            "warning",
            sentence(
                "%(free)s MB are free, fewer than the reserve of %(reserve)s MB (WESEND_DISK_RESERVE_MB):"
                " bulks, uploads and mails to many are refused (503)",
                free=free,
                reserve=reserve,
            ),
        )
    if not reserve:
        return Finding("Storage", "ok", sentence("%(free)s MB are free, no reserve", free=free))
    return Finding("Storage", "ok", sentence("%(free)s MB are free, %(reserve)s MB are the reserve", free=free, reserve=reserve))


def _scheduler(values: Settings) -> Finding:
    found = leadership.running(values)
    if found is None:
        text = sentence("nobody runs them") if values.scheduler else sentence("nobody runs them (WESEND_SCHEDULER=0)")
        return Finding("Jobs", "missing", text)
    pid, lag = found.pid, found.lag
    if lag >= leadership.STALLED_AFTER:
        return Finding(
            "Jobs",
            "warning",
            sentence(
                "process %(pid)s should run them, but they stand still since %(seconds)s s: restart it",
                pid=pid,
                seconds=f"{lag:.0f}",
            ),
        )
    host = next((host.host for host in hosts.list_hosts() if host.runs_jobs), None)
    if host is None:
        return Finding("Jobs", "ok", sentence("run by process %(pid)s", pid=pid))
    return Finding("Jobs", "ok", sentence("run by process %(pid)s of %(host)s", pid=pid, host=host))


def _dispatch() -> Finding:
    paused = pause.current()
    if paused is None:
        return Finding("Dispatch", "ok", sentence("messages leave"))
    return Finding(
        "Dispatch",
        "warning",
        sentence(
            "paused since %(since)s, nothing leaves (%(reason)s): `wesend resume`",
            since=clock.iso(paused.since),
            reason=sentence(paused.reason),
        ),
    )


def _backups(values: Settings) -> Finding:
    if values.backup_dir is None:
        return Finding("Backups", "missing", sentence("none by the clock: set WESEND_BACKUP_DIR"))
    if values.database_url and not postgresql_dump.is_here(postgresql_dump.DUMP):
        return Finding(
            "Backups", "warning", sentence("none can be made: pg_dump is not on the PATH (PostgreSQL's client programs)")
        )
    age = backup.age_ms()
    if age is None:
        return Finding("Backups", "missing", sentence("none yet in %(path)s", path=values.backup_dir))
    hours = f"{age / clock.HOUR:.1f}"
    if not backup.is_late(age):
        text = sentence("the newest in %(path)s is %(hours)s hours old", path=values.backup_dir, hours=hours)
        return Finding("Backups", "ok", text)
    text = sentence("the newest in %(path)s is %(hours)s hours old: are the jobs run?", path=values.backup_dir, hours=hours)
    return Finding("Backups", "warning", text)


def _alerts(values: Settings) -> Finding:
    watched = query("SELECT count(*), count(low_balance_mail) FROM wallets WHERE low_balance_micros IS NOT NULL")[0]
    if not watched[0]:
        return Finding("Low-balance alerts", "missing", sentence("no wallet has a threshold: `wesend wallet alert WALLET AMOUNT`"))
    if (watched[1] or values.alert_mail) and not values.smtp_url:
        return Finding(
            "Low-balance alerts",
            "warning",
            sentence("%(wallets)s wallets, but WESEND_SMTP_URL is not set: their mail is held", wallets=watched[0]),
        )
    return Finding("Low-balance alerts", "ok", sentence("%(wallets)s wallets", wallets=watched[0]))


def _mail(values: Settings) -> Finding:
    if values.smtp_url:
        return Finding("Mail", "ok", sentence("sent by %(host)s", host=urlsplit(values.smtp_url).hostname))
    waiting = held.count_all()
    if waiting:
        return Finding(
            "Mail",
            "warning",
            counted(
                "%(num)s live mail is held, accepted and not sent: set WESEND_SMTP_URL",
                "%(num)s live mails are held, accepted and not sent: set WESEND_SMTP_URL",
                waiting,
            ),
        )
    return Finding("Mail", "missing", sentence("WESEND_SMTP_URL is not set: live mail is accepted and held until it is"))


def _rates() -> list[Finding]:
    """The wallets' currencies that prices can't be charged in; nothing where there is no such wallet."""
    lacking = [row[0] for row in query("SELECT DISTINCT currency FROM wallets ORDER BY currency") if not is_convertible(row[0])]
    return [
        Finding(
            "Exchange rates",
            "warning",
            sentence(
                "none for %(currency)s, the currency of a wallet: `wesend rate set %(currency)s UNITS_PER_USD`", currency=currency
            ),
        )
        for currency in lacking
    ]


def _accounts() -> Finding:
    count = query("SELECT count(*) FROM accounts WHERE is_sandbox = 0")[0][0]
    if not count:
        return Finding("Accounts", "missing", sentence("none: `wesend account create NAME`"))
    return Finding("Accounts", "ok", verbatim(f"{count}"))


def _keys() -> Finding:
    rows = query("SELECT api, count(*) FROM api_keys WHERE revoked_at IS NULL AND is_sandbox = 0 GROUP BY api ORDER BY api")
    if not rows:
        return Finding("API keys", "missing", sentence("none: `wesend key create`"))
    return Finding("API keys", "ok", joined(", ", [f"{row[0]} {row[1]}" for row in rows]))


def _gateways() -> list[Finding]:
    """One line when all can be used, else a line for each that can't now, or whose last call failed."""
    found, records = service.list_gateways(), breaker.records()
    ill = [Finding("Gateway", "warning", joined(" ", [info.name, info.problem])) for info in found if info.problem]
    for info in found:
        record = records.get(info.name)
        if record is not None and record.failures and not info.problem:
            ill.append(
                Finding(
                    "Gateway",
                    "warning",
                    counted(
                        "%(gateway)s failed at its last call, at %(at)s: %(error)s",
                        "%(gateway)s failed at its last %(num)s calls, at %(at)s: %(error)s",
                        record.failures,
                        gateway=info.name,
                        at=clock.iso(record.last_error_at or 0),
                        error=record.last_error,
                    ),
                )
            )
    if ill:
        return ill
    names = [info.name for info in found if info.name not in registry.BUILT_IN]
    if not names:
        return [Finding("Gateways", "missing", sentence("only the sandbox: `wesend gateway set NAME`"))]
    return [Finding("Gateways", "ok", joined(", ", names))]


def _vendors() -> list[Finding]:
    """Files of vendors that can't be used, or that take a shipped one's place, and what else is to be known of them.

    What is wrong in a file is said as whoever reads it says it, which goes by the file's own English words.
    """
    found = vendors.here()
    told = [Finding("Vendor file", "error", verbatim(problem)) for problem in found.problems.values()]
    wrong = networks.problem()
    told += [Finding("Networks", "error", verbatim(wrong))] if wrong is not None else []
    told += [
        Finding("Vendor file", "ok", sentence("%(name)s.toml of this instance replaces the shipped %(name)s", name=name))
        for name in found.replaced
    ]
    for adapter in registry.sms_gateways().values():
        told += [Finding("Gateway", "warning", joined(" ", [adapter.name, warning])) for warning in adapter.warnings()]
    return told + _left()


def _left() -> list[Finding]:
    """What is left at vendors that tell it, with its age."""
    now = clock.now_ms()
    return [
        Finding(
            "Balance",
            "warning" if balance.low_since is not None else "ok",
            sentence(
                "%(gateway)s has %(balance)s left at its vendor, told %(minutes)s min ago",
                gateway=name,
                balance=balance.text,
                minutes=max(0, now - balance.told_at) // clock.MINUTE,
            ),
        )
        for name, balance in balances.balances().items()
    ]


def _routes() -> Finding:
    without = [route.code for route in all_routes() if route.is_active and route.gateway is None]
    ready = [route.code for route in all_routes() if route.is_active and route.gateway is not None]
    if not ready:
        return Finding("Routes", "missing", sentence("no route names a gateway: `wesend route set CODE --gateway NAME …`"))
    if not without:
        return Finding("Routes", "ok", joined(", ", ready))
    text = sentence("%(routes)s; without a gateway: %(others)s", routes=", ".join(ready), others=", ".join(without))
    return Finding("Routes", "ok", text)


def _sandbox(values: Settings) -> Finding:
    if values.sandbox_public:
        return Finding(
            "Sandbox",
            "warning",
            sentence(
                "public: whoever reaches this server may use its published credentials and read what it caught"
                " (WESEND_SANDBOX=public)"
            ),
        )
    if values.sandbox:
        return Finding(
            "Sandbox",
            "ok",
            sentence("on, for requests made on this machine and through no proxy; others are answered as if it were off"),
        )
    return Finding("Sandbox", "ok", sentence("off: WESEND_SANDBOX=1 switches it on, for requests made on this machine alone"))
