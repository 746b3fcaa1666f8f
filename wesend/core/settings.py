"""Settings: ``WESEND_*`` of the environment (and of a ``.env`` file) → typed values with defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from .settings_values import (
    DATABASE,
    LOOPBACK,
    PUBLIC,
    Network,
    Reader,
    SettingsError,
    checked_base_url,
    checked_smtp_url,
    database_path,
    hide_credentials,
    is_loopback,
    listen_url,
    postgresql_url,
    sandbox_choice,
)

PROJECT = Path(__file__).resolve().parents[2]
"""The clone that this code lies in; of an installed package, the folder where packages are."""


SECRET_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|DSN")


@dataclass(frozen=True)
class Settings:
    instance: Path
    """Folder of database, lock and keys (`WESEND_INSTANCE`, default `instance/` of the current folder)."""
    database: Path
    """The SQLite file (`WESEND_DATABASE_URL`, `sqlite:///…`; default `wesend.db` in the instance folder)."""
    database_url: str = field(default="", repr=False)
    """PostgreSQL's URL with its password, never to be shown (`WESEND_DATABASE_URL`, `postgresql://…`; empty: SQLite)."""
    database_listen_url: str = field(default="", repr=False)
    """The same without a proxy that pools transactions, for LISTEN (`WESEND_DATABASE_LISTEN_URL`; default: the URL itself)."""
    database_pool: int = 10
    """Connections to PostgreSQL that a process has at most, beside one that listens (`WESEND_DATABASE_POOL`)."""
    host: str = "127.0.0.1"
    """Address to listen on (`WESEND_HOST`)."""
    port: int = 8000
    """Port to listen on (`WESEND_PORT`)."""
    workers: int = 2
    """gunicorn processes (`WESEND_WORKERS`; default 2, 1 on one core)."""
    threads: int = 4
    """Threads a worker (`WESEND_THREADS`)."""
    sandbox: bool = True
    """Whether the sandbox is on (`WESEND_SANDBOX`: 1, 0 or public; default: when host and base URL are loopback)."""
    sandbox_public: bool = False
    """Whether it answers everybody, not only requests made on this machine (`WESEND_SANDBOX=public`)."""
    sandbox_delay: float = 1.0
    """Seconds until the sandbox delivers (`WESEND_SANDBOX_DELAY`)."""
    scheduler: bool = True
    """Whether this process runs jobs (`WESEND_SCHEDULER`; 0: serve without jobs)."""
    allow_private_urls: bool = False
    """Whether webhooks may go to private and loopback addresses (`WESEND_ALLOW_PRIVATE_URLS`)."""
    webhook_backoff: float = 30.0
    """Seconds before a webhook's second attempt, doubled each time (`WESEND_WEBHOOK_BACKOFF`)."""
    base_url: str = ""
    """The address the world reaches us at (`WESEND_BASE_URL`; default http://HOST:PORT)."""
    sandbox_smtp_port: int | None = None
    """Port on which the sandbox catches an application's own mail (`WESEND_SANDBOX_SMTP_PORT`; none: it does not)."""
    sandbox_smtp_strict: bool = False
    """Whether it refuses lines of more than 1,000 bytes as RFC 5321 does (`WESEND_SANDBOX_SMTP_STRICT`)."""
    smpp_port: int | None = None
    """Port on which customers' SMPP clients bind (`WESEND_SMPP_PORT`; none: it is off; 2775 is usual)."""
    smpp_host: str = "127.0.0.1"
    """Address to listen on for them (`WESEND_SMPP_HOST`; default: that of HTTP)."""
    smpp_tls_cert: Path | None = None
    """PEM file with the certificate and its chain (`WESEND_SMPP_TLS_CERT`; none: plain TCP)."""
    smpp_tls_key: Path | None = None
    """PEM file with its key (`WESEND_SMPP_TLS_KEY`)."""
    smpp_allow_plain: bool = False
    """Whether plain TCP is offered off loopback, too (`WESEND_SMPP_ALLOW_PLAIN`)."""
    smpp_keep_hours: float = 48.0
    """Hours for which receipts and inbound messages wait for a bind (`WESEND_SMPP_KEEP_HOURS`)."""
    smtp_url: str = ""
    """SMTP server, `smtp://user:password@host:587?starttls=1` (`WESEND_SMTP_URL`; none: mail is held)."""
    mail_from: str = ""
    """Sender of e-mail (`WESEND_MAIL_FROM`; default `wesend@` the host of the base URL)."""
    mail_backoff: float = 30.0
    """Seconds before a mail is tried again, doubling to 30 min (`WESEND_MAIL_BACKOFF`)."""
    secret_key: str = ""
    """Key of sessions and stored secrets (`WESEND_SECRET_KEY`; else made and kept in the instance folder)."""
    require_second_factor: str = "none"
    """Who can't use the dashboard without a second factor: none, operators or everyone (`WESEND_REQUIRE_SECOND_FACTOR`)."""
    rate_limit: int | None = None
    """Requests a minute a key, every dialect (`WESEND_RATE_LIMIT`; unset: 120 for World Ledgers only)."""
    retry_delays: tuple[float, ...] = field(default=(1.0, 4.0))
    """Seconds before each automatic retry of a temporary failure (`WESEND_RETRY_DELAYS`)."""
    validity_hours: float = 48.0
    """Hours without a final receipt until a message fails with `timeout` (`WESEND_VALIDITY_HOURS`)."""
    gateway_timeout: float = 10.0
    """Seconds a gateway may take to answer (`WESEND_GATEWAY_TIMEOUT`)."""
    log: str = "off"
    """Lines a request and their form, `text`, `json` or `off` (`WESEND_LOG`; off: only warnings and errors, as
    text).
    """
    log_level: str = "info"
    """Least level that is logged (`WESEND_LOG_LEVEL`: debug, info, warning or error; requests are info)."""
    metrics_token: str = ""
    """Bearer token for /metrics from other machines (`WESEND_METRICS_TOKEN`; none: only this machine may read it)."""
    backup_dir: Path | None = None
    """Folder for backups made by the clock (`WESEND_BACKUP_DIR`; none: none are made)."""
    backup_hours: float = 24.0
    """Hours between backups (`WESEND_BACKUP_HOURS`)."""
    backup_keep: int = 7
    """How many backups are kept (`WESEND_BACKUP_KEEP`)."""
    keep_text_days: float | None = None
    """Days after which texts of messages are replaced (`WESEND_KEEP_TEXT_DAYS`; none: they are kept)."""
    link_days: float = 400.0
    """Days for which the tracked links of a mail that was sent lead on (`WESEND_LINK_DAYS`)."""
    account_storage_mb: int = 1024
    """MB of texts and contacts that an account may store; beyond it bulks, e-mails and contacts are refused, single messages
    are not (`WESEND_ACCOUNT_STORAGE_MB`; 0: no limit).
    """
    time_zone: str = "UTC"
    """The operator's zone, by which the days of margins go (`WESEND_TIME_ZONE`, an IANA name)."""
    seller: str = ""
    """Who sells, as statements name them: lines separated by | (`WESEND_SELLER`)."""
    alert_mail: str = ""
    """Where alerts of wallets without an address of their own are mailed (`WESEND_ALERT_MAIL`)."""
    disk_reserve_mb: int = 200
    """MB that must stay free: with less, bulks, uploads and mails to many are refused (`WESEND_DISK_RESERVE_MB`; 0: off)."""
    trusted_proxies: tuple[Network, ...] = LOOPBACK
    """Proxies whose X-Forwarded-For is believed (`WESEND_TRUSTED_PROXIES`, addresses or networks; this machine)."""

    @property
    def validity_ms(self) -> int:
        return round(self.validity_hours * 3600 * 1000)

    @property
    def smpp_shown_host(self) -> str:
        """Where a client on this machine reaches the SMPP server."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.smpp_host, self.smpp_host)

    @property
    def listen_url(self) -> str:
        return self.database_listen_url or self.database_url

    @property
    def database_shown(self) -> str:
        """The database for people: the file, or the URL without what is secret in it."""
        return hide_credentials(self.database_url) if self.database_url else str(self.database)


VARIABLES = {
    "instance": "WESEND_INSTANCE",
    "database": "WESEND_DATABASE_URL",
    "database_url": "WESEND_DATABASE_URL",
    "database_listen_url": "WESEND_DATABASE_LISTEN_URL",
    "database_pool": "WESEND_DATABASE_POOL",
    "host": "WESEND_HOST",
    "port": "WESEND_PORT",
    "workers": "WESEND_WORKERS",
    "threads": "WESEND_THREADS",
    "sandbox": "WESEND_SANDBOX",
    "sandbox_public": "WESEND_SANDBOX",
    "sandbox_delay": "WESEND_SANDBOX_DELAY",
    "scheduler": "WESEND_SCHEDULER",
    "allow_private_urls": "WESEND_ALLOW_PRIVATE_URLS",
    "webhook_backoff": "WESEND_WEBHOOK_BACKOFF",
    "base_url": "WESEND_BASE_URL",
    "sandbox_smtp_port": "WESEND_SANDBOX_SMTP_PORT",
    "sandbox_smtp_strict": "WESEND_SANDBOX_SMTP_STRICT",
    "smpp_port": "WESEND_SMPP_PORT",
    "smpp_host": "WESEND_SMPP_HOST",
    "smpp_tls_cert": "WESEND_SMPP_TLS_CERT",
    "smpp_tls_key": "WESEND_SMPP_TLS_KEY",
    "smpp_allow_plain": "WESEND_SMPP_ALLOW_PLAIN",
    "smpp_keep_hours": "WESEND_SMPP_KEEP_HOURS",
    "smtp_url": "WESEND_SMTP_URL",
    "mail_from": "WESEND_MAIL_FROM",
    "mail_backoff": "WESEND_MAIL_BACKOFF",
    "secret_key": "WESEND_SECRET_KEY",
    "require_second_factor": "WESEND_REQUIRE_SECOND_FACTOR",
    "rate_limit": "WESEND_RATE_LIMIT",
    "retry_delays": "WESEND_RETRY_DELAYS",
    "validity_hours": "WESEND_VALIDITY_HOURS",
    "gateway_timeout": "WESEND_GATEWAY_TIMEOUT",
    "log": "WESEND_LOG",
    "log_level": "WESEND_LOG_LEVEL",
    "metrics_token": "WESEND_METRICS_TOKEN",
    "backup_dir": "WESEND_BACKUP_DIR",
    "backup_hours": "WESEND_BACKUP_HOURS",
    "backup_keep": "WESEND_BACKUP_KEEP",
    "keep_text_days": "WESEND_KEEP_TEXT_DAYS",
    "link_days": "WESEND_LINK_DAYS",
    "account_storage_mb": "WESEND_ACCOUNT_STORAGE_MB",
    "time_zone": "WESEND_TIME_ZONE",
    "seller": "WESEND_SELLER",
    "alert_mail": "WESEND_ALERT_MAIL",
    "disk_reserve_mb": "WESEND_DISK_RESERVE_MB",
    "trusted_proxies": "WESEND_TRUSTED_PROXIES",
}
"""Every setting and its variable: README is held against this table by a test."""


def environment() -> dict[str, str]:
    """The process's environment, over what the .env file says."""
    files = {**_dotenv(PROJECT / ".env"), **_dotenv(Path.cwd() / ".env")}
    dotenv = {name: value for name, value in files.items() if value is not None}
    return {**dotenv, **os.environ}


def _dotenv(path: Path) -> dict[str, str | None]:
    try:
        return dotenv_values(path)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not all text in UTF-8: save it anew as such.") from error


def instance_folder(environ: Mapping[str, str]) -> Path:
    """``instance/`` of the current folder, unless WESEND_INSTANCE says otherwise.

    Up to 0.1 it was the one beside app.py, wherever the server was started: data that lies there goes on being found.
    """
    given = Reader(environ).text("WESEND_INSTANCE", "")
    if given:
        return Path(given).expanduser().absolute()
    here, beside = Path.cwd() / "instance", PROJECT / "instance"
    return beside if (beside / DATABASE).exists() and not (here / DATABASE).exists() else here


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; a value that can't be used raises SettingsError with one sentence."""
    if environ is None:
        environ = environment()
    read = Reader(environ)
    instance = instance_folder(environ)
    host = read.host("WESEND_HOST", "127.0.0.1")
    port = read.whole("WESEND_PORT", 8000, 1, 65535)
    shown_host = f"[{host}]" if ":" in host else ("127.0.0.1" if host == "0.0.0.0" else host)
    base_url = checked_base_url(read.text("WESEND_BASE_URL", "").rstrip("/")) or f"http://{shown_host}:{port}"
    sandbox = sandbox_choice(read, is_loopback(host) and is_loopback(urlsplit(base_url).hostname or ""))
    return Settings(
        instance=instance,
        database=database_path(read.text("WESEND_DATABASE_URL", ""), instance),
        database_url=postgresql_url(read.text("WESEND_DATABASE_URL", ""), read.text("WESEND_SECRET_KEY", "")),
        database_listen_url=listen_url(read.text("WESEND_DATABASE_LISTEN_URL", "")),
        database_pool=read.whole("WESEND_DATABASE_POOL", 10, 1, 1000),
        host=host,
        port=port,
        workers=read.whole("WESEND_WORKERS", 2 if (os.cpu_count() or 1) > 1 else 1, 1, 64),
        threads=read.whole("WESEND_THREADS", 4, 1, 256),
        sandbox=sandbox != "0",
        sandbox_public=sandbox == PUBLIC,
        sandbox_delay=read.seconds("WESEND_SANDBOX_DELAY", 1.0),
        scheduler=read.flag("WESEND_SCHEDULER", True),
        allow_private_urls=read.flag("WESEND_ALLOW_PRIVATE_URLS", False),
        webhook_backoff=read.seconds("WESEND_WEBHOOK_BACKOFF", 30.0),
        base_url=base_url,
        sandbox_smtp_port=read.whole("WESEND_SANDBOX_SMTP_PORT", None, 1, 65535),
        sandbox_smtp_strict=read.flag("WESEND_SANDBOX_SMTP_STRICT", False),
        smpp_port=read.whole("WESEND_SMPP_PORT", None, 1, 65535),
        smpp_host=read.host("WESEND_SMPP_HOST", host),
        smpp_tls_cert=read.path("WESEND_SMPP_TLS_CERT"),
        smpp_tls_key=read.path("WESEND_SMPP_TLS_KEY"),
        smpp_allow_plain=read.flag("WESEND_SMPP_ALLOW_PLAIN", False),
        smpp_keep_hours=read.seconds("WESEND_SMPP_KEEP_HOURS", 48.0),
        smtp_url=checked_smtp_url(read.text("WESEND_SMTP_URL", "")),
        mail_from=read.mailbox("WESEND_MAIL_FROM"),
        mail_backoff=read.seconds("WESEND_MAIL_BACKOFF", 30.0),
        secret_key=read.text("WESEND_SECRET_KEY", ""),
        require_second_factor=read.choice("WESEND_REQUIRE_SECOND_FACTOR", "none", ("none", "operators", "everyone")),
        rate_limit=read.whole("WESEND_RATE_LIMIT", None, 1, 10**9),
        retry_delays=read.delays("WESEND_RETRY_DELAYS", (1.0, 4.0)),
        validity_hours=read.some_time("WESEND_VALIDITY_HOURS", 48.0),
        gateway_timeout=read.some_time("WESEND_GATEWAY_TIMEOUT", 10.0),
        log=read.choice("WESEND_LOG", "off", ("text", "json", "off")),
        log_level=read.choice("WESEND_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
        metrics_token=read.text("WESEND_METRICS_TOKEN", ""),
        backup_dir=read.directory("WESEND_BACKUP_DIR"),
        backup_hours=read.some_time("WESEND_BACKUP_HOURS", 24.0),
        backup_keep=read.whole("WESEND_BACKUP_KEEP", 7, 1, 10_000),
        keep_text_days=read.seconds("WESEND_KEEP_TEXT_DAYS", None),
        link_days=read.some_time("WESEND_LINK_DAYS", 400.0),
        account_storage_mb=read.whole("WESEND_ACCOUNT_STORAGE_MB", 1024, 0, 10**9),
        time_zone=read.zone("WESEND_TIME_ZONE", "UTC"),
        seller=read.text("WESEND_SELLER", ""),
        alert_mail=read.mailboxes("WESEND_ALERT_MAIL"),
        disk_reserve_mb=read.whole("WESEND_DISK_RESERVE_MB", 200, 0, 10**7),
        trusted_proxies=read.networks("WESEND_TRUSTED_PROXIES", LOOPBACK),
    )
