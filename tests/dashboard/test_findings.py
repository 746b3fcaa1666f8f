"""What `wesend doctor` finds is English for the command, and in the reader's language on the page Settings."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509

from wesend import cli
from wesend.accounts.roles import OPERATOR
from wesend.binds import opened
from wesend.core import catalogues, storage
from wesend.core.errors import DatabaseUnavailable
from wesend.core.languages import sentence, speaking, told
from wesend.core.settings import Settings
from wesend.gateways import breaker, links
from wesend.gateways.balances import BalanceInfo
from wesend.gateways.vendors import Found
from wesend.operations import database_checks, doctor, host_checks, smpp_checks
from wesend.operations.host_checks import Finding

from ..support.dashboard import Visitor, make_user
from ..support.untranslated import CLOSE, OPEN, Marked, outside

NOW = 1_781_092_800_000
AT = "2026-06-10T12:00:00Z"
PUBLIC = {"WESEND_HOST": "0.0.0.0", "WESEND_SANDBOX": "public", "WESEND_SCHEDULER": "0", "WESEND_DISK_RESERVE_MB": "10000000"}

Case = tuple[Callable[..., Any], dict[str, object], dict[str, object], str]


def given(value: object) -> Callable[..., object]:
    """A function that answers this, whatever it is asked."""
    return lambda *_arguments, **_named: value


def gateway(name: str, problem: object = None) -> SimpleNamespace:
    return SimpleNamespace(name=name, problem=problem)


def gateways(*found: SimpleNamespace, **failures: int) -> dict[str, object]:
    records = {name: SimpleNamespace(failures=count, last_error="timed out", last_error_at=NOW) for name, count in failures.items()}
    return {"doctor.service.list_gateways": given(list(found)), "doctor.breaker.records": given(records)}


def route(code: str, name: str | None) -> SimpleNamespace:
    return SimpleNamespace(code=code, is_active=True, gateway=name)


def host(name: str, version: str, *, runs_jobs: bool = False) -> SimpleNamespace:
    return SimpleNamespace(host=name, version=version, last_seen=NOW, runs_jobs=runs_jobs, is_seen=given(True))


def disk(problem: str | None, *, low: bool = False, reserve: int = 0) -> dict[str, object]:
    found = SimpleNamespace(free=given(2**30), reserve=reserve * 2**20, problem=given(problem), is_low=given(low))
    return {"doctor.storage.here": given(found)}


def rows(module: str, *found: object) -> dict[str, object]:
    return {f"{module}.query": given(list(found))}


def balance(currency: str | None) -> dict[str, object]:
    return {"doctor.balances.balances": given({"acme1": BalanceInfo("acme1", 40_000_000, currency, NOW - 600_000, NOW, None)})}


def certificate(until: str) -> dict[str, object]:
    found = SimpleNamespace(not_valid_after_utc=datetime.fromisoformat(until).replace(tzinfo=UTC))
    return {"x509.load_pem_x509_certificate": given(found), "opened.count_by_mode": given({"rx": 2})}


BACKUPS: dict[str, object] = {"backup_dir": Path("/b")}
TLS: dict[str, object] = {"smpp_port": 2775, "smpp_host": "0.0.0.0", "smpp_tls_cert": Path("/dev/null")}
RELEASED: dict[str, object] = {"host_checks.RELEASED": NOW}
RUNNING = SimpleNamespace(pid=7, lag=0.0)
HEALTH = {"failures": 7, "last_error_at": NOW, "last_error": "timed out", "link_trouble": "refused", "link_trouble_at": NOW}

CASES: list[Case] = [
    (host_checks.sqlite, {}, {"host_checks.sqlite3.sqlite_version_info": (3, 31), "host_checks.sqlite3.sqlite_version": "3.31"},
     "SQLite warning 3.31 is older than 3.35 (RETURNING)"),
    (host_checks.clock_of, {}, {}, f"Clock warning it says {AT}, before this version was made: set it"),
    (host_checks.clock_of, {}, {**RELEASED, "host_checks._is_synchronised": given(True)}, f"Clock ok {AT}"),
    (host_checks.clock_of, {}, {**RELEASED, "host_checks._is_synchronised": given(False)},
     f"Clock missing {AT}; no time service keeps it right (systemd-timesyncd, chrony)"),
    (host_checks.clock_of, {}, {**RELEASED, **rows("host_checks", [NOW + 3_600_000])},
     f"Clock warning it says {AT}, but something was written at 2026-06-10T13:00:00Z: it is wrong now, or was then"),
    (host_checks.files, {"instance": Path("/none")}, {}, "Files missing /none is made by `wesend up`"),
    (host_checks.file_system, {"database": Path("/d/wesend.db")}, {"host_checks._kind_of": given("nfs4")},
     "File system warning /d is a nfs4 share: SQLite needs a local disk"),
    (host_checks.file_system, {}, {"host_checks._kind_of": given(None)}, "File system ok unknown"),
    (host_checks.disk, {}, {"host_checks._free_mb": given(10**6)}, "Free disk ok 1000000 MB"),
    (host_checks.disk, {"database": Path("/none/wesend.db")}, {"host_checks._free_mb": given(95)},
     "Free disk warning 95 MB: 500 MB are needed, the database has 0 MB"),
    (host_checks.exposure, {"host": "127.0.0.1", "base_url": "http://127.0.0.1"}, {},
     "Network ok listens on 127.0.0.1: put nginx or Caddy with TLS before it to be public"),
    (host_checks.exposure, {"host": "127.0.0.1", "base_url": "http://a.example"}, {},
     "Network warning the world reaches it as http://a.example, without TLS: API secrets and messages are readable on the way"),
    (host_checks.exposure, {"host": "0.0.0.0", "base_url": "https://a.example"}, {},
     "Network ok listens on 0.0.0.0, reached as https://a.example"),
    (host_checks.exposure, {"host": "0.0.0.0", "base_url": "http://a.example"}, {},
     "Network warning listens on 0.0.0.0 without TLS: set WESEND_BASE_URL to an https address and put a TLS proxy before it"),
    (host_checks.secret_key, {"secret_key": "short"}, {},
     "Secret key warning WESEND_SECRET_KEY has fewer than 32 characters: it protects sessions and stored secrets"),
    (host_checks.secret_key, {"secret_key": "k" * 40}, {},
     "Secret key ok given by WESEND_SECRET_KEY: keep a copy, no backup holds it"),
    (host_checks.secret_key, {"secret_key": None, "instance": Path("/i")}, {},
     "Secret key ok in /i/secret.key: keep a copy, no backup holds it"),
    (doctor._storage, {}, disk(storage.FULL),
     "Storage warning the disk is full: everything that writes is refused (503), reads go on"),
    (doctor._storage, {}, disk(storage.DESCRIPTORS),
     "Storage warning too many files are open: everything that writes is refused (503), reads go on"),
    (doctor._storage, {}, disk(None, low=True, reserve=5000),
     "Storage warning 1024 MB are free, fewer than the reserve of 5000 MB (WESEND_DISK_RESERVE_MB):"
     " bulks, uploads and mails to many are refused (503)"),
    (doctor._storage, {}, disk(None, reserve=5), "Storage ok 1024 MB are free, 5 MB are the reserve"),
    (doctor._storage, {}, disk(None), "Storage ok 1024 MB are free, no reserve"),
    (doctor._database, {"database": Path("/d/wesend.db"), "database_url": None}, {"doctor.revision_of": given(None)},
     "Database missing /d/wesend.db is made by `wesend up`"),
    (doctor._database, {}, {"doctor.revision_of": given("0001"), "doctor.known_revisions": given(["0009"])},
     "Database warning revision 0001 is not this version's 0009"),
    (doctor._scheduler, {"scheduler": True}, {"doctor.leadership.running": given(None)}, "Jobs missing nobody runs them"),
    (doctor._scheduler, {"scheduler": False}, {"doctor.leadership.running": given(None)},
     "Jobs missing nobody runs them (WESEND_SCHEDULER=0)"),
    (doctor._scheduler, {}, {"doctor.leadership.running": given(SimpleNamespace(pid=7, lag=9999.4))},
     "Jobs warning process 7 should run them, but they stand still since 9999 s: restart it"),
    (doctor._scheduler, {}, {"doctor.leadership.running": given(RUNNING), "doctor.hosts.list_hosts": given([])},
     "Jobs ok run by process 7"),
    (doctor._scheduler, {},
     {"doctor.leadership.running": given(RUNNING), "doctor.hosts.list_hosts": given([host("web", "1", runs_jobs=True)])},
     "Jobs ok run by process 7 of web"),
    (doctor._dispatch, {}, {"doctor.pause.current": given(None)}, "Dispatch ok messages leave"),
    (doctor._dispatch, {}, {"doctor.pause.current": given(SimpleNamespace(since=NOW, reason="Paused by hand"))},
     f"Dispatch warning paused since {AT}, nothing leaves (Paused by hand): `wesend resume`"),
    (doctor._backups, {"backup_dir": None}, {}, "Backups missing none by the clock: set WESEND_BACKUP_DIR"),
    (doctor._backups, {**BACKUPS, "database_url": "postgresql://x"}, {"doctor.postgresql_dump.is_here": given(False)},
     "Backups warning none can be made: pg_dump is not on the PATH (PostgreSQL's client programs)"),
    (doctor._backups, {**BACKUPS, "database_url": None}, {"doctor.backup.age_ms": given(None)}, "Backups missing none yet in /b"),
    (doctor._backups, {**BACKUPS, "database_url": None}, {"doctor.backup.age_ms": given(5_400_000)},
     "Backups ok the newest in /b is 1.5 hours old"),
    (doctor._backups, {**BACKUPS, "database_url": None}, {"doctor.backup.age_ms": given(3_240_000_000)},
     "Backups warning the newest in /b is 900.0 hours old: are the jobs run?"),
    (doctor._alerts, {}, rows("doctor", (0, 0)),
     "Low-balance alerts missing no wallet has a threshold: `wesend wallet alert WALLET AMOUNT`"),
    (doctor._alerts, {"smtp_url": None}, rows("doctor", (2, 1)),
     "Low-balance alerts warning 2 wallets, but WESEND_SMTP_URL is not set: their mail is held"),
    (doctor._alerts, {"smtp_url": "smtp://m.example"}, rows("doctor", (2, 1)), "Low-balance alerts ok 2 wallets"),
    (doctor._mail, {"smtp_url": "smtp://me:secret@m.example"}, {}, "Mail ok sent by m.example"),
    (doctor._mail, {"smtp_url": None}, {"doctor.held.count_all": given(0)},
     "Mail missing WESEND_SMTP_URL is not set: live mail is accepted and held until it is"),
    (doctor._mail, {"smtp_url": None}, {"doctor.held.count_all": given(1)},
     "Mail warning 1 live mail is held, accepted and not sent: set WESEND_SMTP_URL"),
    (doctor._mail, {"smtp_url": None}, {"doctor.held.count_all": given(2)},
     "Mail warning 2 live mails are held, accepted and not sent: set WESEND_SMTP_URL"),
    (doctor._rates, {}, {**rows("doctor", ["XAF"]), "doctor.is_convertible": given(False)},
     "Exchange rates warning none for XAF, the currency of a wallet: `wesend rate set XAF UNITS_PER_USD`"),
    (doctor._accounts, {}, rows("doctor", [0]), "Accounts missing none: `wesend account create NAME`"),
    (doctor._accounts, {}, rows("doctor", [5]), "Accounts ok 5"),
    (doctor._keys, {}, rows("doctor"), "API keys missing none: `wesend key create`"),
    (doctor._keys, {}, rows("doctor", ["esms", 1], ["portal", 4]), "API keys ok esms 1, portal 4"),
    (doctor._gateways, {}, gateways(gateway("sandbox")), "Gateways missing only the sandbox: `wesend gateway set NAME`"),
    (doctor._gateways, {}, gateways(gateway("sandbox"), gateway("mno"), gateway("at")), "Gateways ok mno, at"),
    (doctor._gateways, {}, gateways(gateway("mno"), mno=1),
     f"Gateway warning mno failed at its last call, at {AT}: timed out"),
    (doctor._gateways, {}, gateways(gateway("mno"), mno=3),
     f"Gateway warning mno failed at its last 3 calls, at {AT}: timed out"),
    (doctor._gateways, {}, gateways(gateway("mno", sentence("its secrets can't be read with this secret key"))),
     "Gateway warning mno its secrets can't be read with this secret key"),
    (doctor._vendors, {},
     {"doctor.vendors.here": given(Found({}, {}, ("beem",))), "doctor.registry.sms_gateways": given({}),
      "doctor.balances.balances": given({})},
     "Vendor file ok beem.toml of this instance replaces the shipped beem"),
    (doctor._left, {}, balance("KES"), "Balance warning acme1 has 40 KES left at its vendor, told 10 min ago"),
    (doctor._left, {}, balance(None), "Balance warning acme1 has 40 credits left at its vendor, told 10 min ago"),
    (doctor._routes, {}, {"doctor.all_routes": given([route("A", None)])},
     "Routes missing no route names a gateway: `wesend route set CODE --gateway NAME …`"),
    (doctor._routes, {}, {"doctor.all_routes": given([route("A", "g"), route("B", "g")])}, "Routes ok A, B"),
    (doctor._routes, {}, {"doctor.all_routes": given([route("A", "g"), route("B", None)])},
     "Routes ok A; without a gateway: B"),
    (doctor._sandbox, {"sandbox_public": True}, {},
     "Sandbox warning public: whoever reaches this server may use its published credentials and read what it caught"
     " (WESEND_SANDBOX=public)"),
    (doctor._sandbox, {"sandbox_public": False, "sandbox": True}, {},
     "Sandbox ok on, for requests made on this machine and through no proxy; others are answered as if it were off"),
    (doctor._sandbox, {"sandbox_public": False, "sandbox": False}, {},
     "Sandbox ok off: WESEND_SANDBOX=1 switches it on, for requests made on this machine alone"),
    (lambda: database_checks.version(130_000, "13.2"), {}, {}, "PostgreSQL warning 13.2 is older than 14"),
    (lambda: database_checks.durability("on", "off"), {}, {},
     "synchronous_commit warning fsync is off: a crash of the server may lose what was acknowledged"),
    (database_checks.replication, {}, rows("database_checks", [True]),
     "Replication warning this is a standby: nothing can be written to it"),
    (lambda: database_checks.clock_distance(None), {}, {}, "Clock distance warning the database's clock can't be read"),
    (lambda: database_checks.clock_distance(0.5), {}, {},
     "Clock distance ok this host's clock is 0.50 s ahead of the database's"),
    (lambda: database_checks.clock_distance(-7.0), {}, {},
     "Clock distance warning this host's clock is 7.00 s behind the database's"),
    (database_checks.notify, {}, {"database_checks.shared_bell.arrives": given(True)},
     "NOTIFY ok arrives: what is queued at one host leaves at once from another"),
    (database_checks.notify, {}, {"database_checks.shared_bell.arrives": given(False)},
     "NOTIFY warning does not arrive, so the database is looked at every second:"
     " set WESEND_DATABASE_LISTEN_URL to one without a pooler"),
    (database_checks.hosts_seen, {}, {"database_checks.hosts.list_hosts": given([])},
     "Hosts missing none was seen in the last minute: `wesend up`"),
    (database_checks.hosts_seen, {},
     {"database_checks.hosts.list_hosts": given([host("a", "1.0", runs_jobs=True), host("b", "2.0")])},
     f"Hosts warning a (1.0, {AT}, runs the jobs), b (2.0, {AT}): they have different versions"),
    (smpp_checks.examine, {"smpp_port": None}, {}, "SMPP ok off: WESEND_SMPP_PORT switches it on"),
    (smpp_checks.examine, {**TLS, "smpp_tls_cert": None}, {"opened.count_by_mode": given({})},
     "SMPP warning on 0.0.0.0:2775, plain: passwords and texts can be read on the way (WESEND_SMPP_TLS_CERT)"),
    (smpp_checks.examine, {**TLS, "smpp_host": "127.0.0.1", "smpp_tls_cert": None}, {"opened.count_by_mode": given({"rx": 2})},
     "SMPP ok on 127.0.0.1:2775, plain, for this machine alone, 2 bound"),
    (smpp_checks.examine, TLS, certificate("2026-06-13"),
     "SMPP warning on 0.0.0.0:2775 with TLS, 2 bound: its certificate ends 2026-06-13"),
    (smpp_checks.examine, TLS, certificate("2027-06-13"),
     "SMPP ok on 0.0.0.0:2775 with TLS, 2 bound, its certificate ends 2027-06-13"),
]  # fmt: skip
"""The check, settings that differ, what is put in the place of what it looks at, and what it says: for all states of all."""

SAME = re.compile(r"[\d.]+ MB|[\d.]+|[\dT:Z-]+|mno, at|A, B|esms 1, portal 4")
"""Details that are figures and names alone."""
MODULES = {"doctor": doctor, "host_checks": host_checks, "database_checks": database_checks, "x509": x509, "opened": opened}


@pytest.fixture
def find(app, clock, monkeypatch) -> Callable[..., Finding]:
    """What a check finds, in these settings, with these in the place of what it looks at."""

    def run(check: Callable[..., Any], settings: dict[str, object], instead: dict[str, object]) -> Finding:
        for place, value in instead.items():
            module, _, path = place.partition(".")
            owner, names = MODULES[module], path.split(".")
            for name in names[:-1]:
                owner = getattr(owner, name)
            monkeypatch.setattr(owner, names[-1], value)
        values: Settings = replace(app.config["WESEND"], **settings)
        names = check.__code__.co_varnames[: check.__code__.co_argcount]
        with app.app_context():
            found = (
                check(migrated="host_checks.query" in instead)
                if check is host_checks.clock_of
                else check(*([values] if names else []))
            )
        if isinstance(found, list):
            [found] = found
        return found

    return run


@pytest.mark.parametrize(("check", "settings", "instead", "english"), CASES, ids=[case[3][:60] for case in CASES])
def test_a_finding_is_english_as_it_is_and_wholly_translated_where_it_is_told(find, monkeypatch, check, settings, instead, english):
    found = find(check, settings, instead)
    assert f"{found.check} {found.state} {found.detail}" == english
    monkeypatch.setattr(catalogues, "of", given(Marked()))
    with speaking("sw"):
        name, detail = told(found.check), told(found.detail)
    assert name == f"{OPEN}{found.check}{CLOSE}"
    left = [text for text in outside(detail) if not re.fullmatch(r"[\W\d]*|mno|a|b|\w \([\d.]+, [\dT:Z-]+\)|, b \(.*", text)]
    assert left == [] or SAME.fullmatch(found.detail), detail


@pytest.mark.parametrize("module, words", [(breaker, "limeshindwa mara 7 mfululizo"), (links, "halijaunganishwa tangu")])
def test_why_a_gateway_rests_or_is_not_connected_is_told_within_its_finding(find, monkeypatch, module, words):
    monkeypatch.setattr(module, "query_one", given(HEALTH))
    found = find(doctor._gateways, {}, gateways(gateway("mno", module.problem_of("mno"))))
    with speaking("sw"):
        assert told(found.detail).startswith(f"mno {words}")
    assert found.detail.startswith(("mno failed 7 times in a row", "mno is not connected since"))


def test_what_a_person_gave_and_what_a_server_said_stays_as_it_is(find, monkeypatch):
    monkeypatch.setattr(doctor.breaker, "query_one", given({**HEALTH, "last_error": "Settings"}))
    found = find(doctor._gateways, {}, gateways(gateway("wallets", breaker.problem_of("wallets"))))
    with speaking("sw"):
        assert told(found.detail).startswith("wallets limeshindwa") and told(found.detail).endswith(": Settings")
    reason = SimpleNamespace(since=NOW, reason="100% of %(it)s")
    with speaking("sw"):
        assert "(100% of %(it)s)" in told(find(doctor._dispatch, {}, {"doctor.pause.current": given(reason)}).detail)


def test_a_database_that_does_not_answer_is_told(find):
    def gone(_values: Settings) -> str:
        raise DatabaseUnavailable("secret")

    found = find(doctor._database, {}, {"doctor.revision_of": gone})
    assert found == ("Database", "warning", "Service temporarily unavailable")
    with speaking("sw"):
        assert told(found.detail) == "Huduma haipatikani kwa muda"


def rows_of(page: str) -> list[list[str]]:
    """The findings' cells: check, state and detail."""
    table = page.partition("Matokeo ya ukaguzi")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    ]


@pytest.mark.parametrize("environment", [{}, PUBLIC], ids=["usual", "public"])
def test_the_page_in_swahili_says_no_finding_in_english(app_with, clock, instance, environment):
    instance.chmod(0o700)
    app = app_with(**environment)
    visitor = Visitor(app, make_user(app, OPERATOR))
    visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "sw"
    page = visitor.get("/operator/settings").text
    examined = json.loads(app.test_cli_runner().invoke(cli.group, ["doctor", "--json"]).output)["checks"]
    shown = rows_of(page)
    assert len(shown) == len(examined) > 15
    assert {entry["state"] for entry in examined} >= {"ok", "missing"}
    for entry, (name, _state, detail) in zip(examined, shown, strict=True):
        if entry["check"] not in ("SQLite", "PostgreSQL", "NOTIFY", "SMPP", "synchronous_commit"):
            assert name != entry["check"]
        if entry["check"] not in ("SQLite", "PostgreSQL", "Clock", "File system", "Free disk", "Accounts", "API keys", "Gateways"):
            assert detail != entry["detail"], entry
    told_of = {name: detail for name, _state, detail in shown}
    assert told_of["Nakala za hifadhi"] == "hakuna za kwa saa: weka WESEND_BACKUP_DIR"
    assert told_of["Kazi"] == "hakuna anayeziendesha" + (" (WESEND_SCHEDULER=0)" if environment else "")
    if environment:
        assert told_of["Mtandao"].startswith("inasikiliza kwenye 0.0.0.0 bila TLS: weka WESEND_BASE_URL")
        assert told_of["Majaribio"].startswith("ya umma:") and "(WESEND_DISK_RESERVE_MB)" in told_of["Hifadhi"]
