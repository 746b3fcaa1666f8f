"""Every WESEND_ setting: its default, a value that is given, and values that are refused with one sentence."""

from __future__ import annotations

import dataclasses
import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from wesend.core import settings
from wesend.core.settings import PROJECT, VARIABLES, Settings, load
from wesend.core.settings_values import SettingsError

DEFAULTS = {
    "instance": PROJECT / "instance",
    "database": PROJECT / "instance" / "wesend.db",
    "database_url": "",
    "database_listen_url": "",
    "database_pool": 10,
    "host": "127.0.0.1",
    "port": 8000,
    "workers": 2 if (os.cpu_count() or 1) > 1 else 1,
    "threads": 4,
    "sandbox": True,
    "sandbox_public": False,
    "sandbox_smtp_strict": False,
    "sandbox_delay": 1.0,
    "scheduler": True,
    "allow_private_urls": False,
    "webhook_backoff": 30.0,
    "base_url": "http://127.0.0.1:8000",
    "smpp_port": None,
    "smpp_host": "127.0.0.1",
    "smpp_tls_cert": None,
    "smpp_tls_key": None,
    "smpp_allow_plain": False,
    "smpp_keep_hours": 48.0,
    "smtp_url": "",
    "mail_from": "",
    "mail_backoff": 30.0,
    "secret_key": "",
    "require_second_factor": "none",
    "rate_limit": None,
    "retry_delays": (1.0, 4.0),
    "validity_hours": 48.0,
    "gateway_timeout": 10.0,
    "sandbox_smtp_port": None,
    "log": "off",
    "log_level": "info",
    "metrics_token": "",
    "backup_dir": None,
    "backup_hours": 24.0,
    "backup_keep": 7,
    "keep_text_days": None,
    "link_days": 400.0,
    "account_storage_mb": 1024,
    "time_zone": "UTC",
    "seller": "",
    "alert_mail": "",
    "disk_reserve_mb": 200,
    "trusted_proxies": (ip_network("127.0.0.0/8"), ip_network("::1")),
}
GIVEN = {
    "instance": ("/tmp/one", Path("/tmp/one")),
    "database": ("sqlite:////tmp/two.db", Path("/tmp/two.db")),
    "database_url": ("postgresql://me:secret@db:5433/wesend", "postgresql://me:secret@db:5433/wesend"),
    "database_listen_url": ("postgresql://me:secret@db:5432/wesend", "postgresql://me:secret@db:5432/wesend"),
    "database_pool": ("3", 3),
    "host": ("0.0.0.0", "0.0.0.0"),
    "port": ("8100", 8100),
    "workers": ("3", 3),
    "threads": ("16", 16),
    "sandbox": ("0", False),
    "sandbox_public": ("Public", True),
    "sandbox_smtp_strict": ("1", True),
    "sandbox_delay": ("0.25", 0.25),
    "scheduler": ("off", False),
    "allow_private_urls": ("yes", True),
    "webhook_backoff": ("0.1", 0.1),
    "base_url": ("https://sms.example.org/", "https://sms.example.org"),
    "smpp_port": ("2775", 2775),
    "smpp_host": ("::1", "::1"),
    "smpp_tls_cert": ("/tmp/chain.pem", Path("/tmp/chain.pem")),
    "smpp_tls_key": ("/tmp/key.pem", Path("/tmp/key.pem")),
    "smpp_allow_plain": ("1", True),
    "smpp_keep_hours": ("0.5", 0.5),
    "smtp_url": ("smtp://user:pass@mail.example.org:587?starttls=1", "smtp://user:pass@mail.example.org:587?starttls=1"),
    "mail_from": ("Shop <shop@example.org>", "Shop <shop@example.org>"),
    "mail_backoff": ("5", 5.0),
    "secret_key": ("s3cret", "s3cret"),
    "require_second_factor": ("Operators", "operators"),
    "rate_limit": ("60", 60),
    "retry_delays": ("0.5, 2,8", (0.5, 2.0, 8.0)),
    "validity_hours": ("0.5", 0.5),
    "gateway_timeout": ("2.5", 2.5),
    "sandbox_smtp_port": ("2525", 2525),
    "log": ("JSON", "json"),
    "log_level": ("warning", "warning"),
    "metrics_token": ("t0ken", "t0ken"),
    "backup_dir": ("/tmp/backups", Path("/tmp/backups")),
    "backup_hours": ("6", 6.0),
    "backup_keep": ("30", 30),
    "keep_text_days": ("90", 90.0),
    "link_days": ("30", 30.0),
    "account_storage_mb": ("0", 0),
    "time_zone": ("Africa/Kampala", "Africa/Kampala"),
    "seller": ("Ours Ltd|Plot 1|Kampala", "Ours Ltd|Plot 1|Kampala"),
    "alert_mail": ("ops@example.org", "ops@example.org"),
    "disk_reserve_mb": ("0", 0),
    "trusted_proxies": ("172.17.0.0/16, ::1", (ip_network("172.17.0.0/16"), ip_network("::1"))),
}
REFUSED = [
    ("WESEND_DATABASE_URL", "postgresql://localhost"),
    ("WESEND_DATABASE_URL", "postgresql://localhost:port/wesend"),
    ("WESEND_DATABASE_URL", "mysql://localhost/wesend"),
    *[("WESEND_DATABASE_POOL", value) for value in ("0", "-1", "1.5", "ten")],
    ("WESEND_DATABASE_URL", "sqlite://"),
    ("WESEND_DATABASE_URL", "sqlite:///:memory:"),
    ("WESEND_DATABASE_URL", "/tmp/two.db"),
    *[("WESEND_SMPP_PORT", value) for value in ("0", "65536", "smpp")],
    *[("WESEND_PORT", value) for value in ("http", "0", "65536", "-1", "80.5", "8 0", "٨٠", "+80")],
    *[("WESEND_WORKERS", value) for value in ("0", "65", "two")],
    *[("WESEND_THREADS", value) for value in ("0", "257", "4.0")],
    *[
        (name, value)
        for name in (
            "WESEND_SANDBOX",
            "WESEND_SCHEDULER",
            "WESEND_ALLOW_PRIVATE_URLS",
            "WESEND_SANDBOX_SMTP_STRICT",
            "WESEND_SMPP_ALLOW_PLAIN",
        )
        for value in ("2", "maybe", "-1")
    ],
    *[
        (name, value)
        for name in (
            "WESEND_SANDBOX_DELAY",
            "WESEND_WEBHOOK_BACKOFF",
            "WESEND_MAIL_BACKOFF",
            "WESEND_VALIDITY_HOURS",
            "WESEND_GATEWAY_TIMEOUT",
            "WESEND_BACKUP_HOURS",
            "WESEND_KEEP_TEXT_DAYS",
            "WESEND_LINK_DAYS",
            "WESEND_SMPP_KEEP_HOURS",
        )
        for value in ("-1", "soon", "nan", "inf", "1,5")
    ],
    *[
        (name, value)
        for name in ("WESEND_GATEWAY_TIMEOUT", "WESEND_VALIDITY_HOURS", "WESEND_BACKUP_HOURS", "WESEND_LINK_DAYS")
        for value in ("0", "0.0")
    ],
    *[
        (name, value)
        for name in ("WESEND_ALERT_MAIL", "WESEND_MAIL_FROM")
        for value in ("x", "@example.org", "ops@", "a@example.org,b", "a@example.org; @example.org", "Ops <ops>")
    ],
    *[("WESEND_MAIL_FROM", value) for value in ("a@example.org,b@example.org", "a@example.org; b@example.org")],
    ("WESEND_TIME_ZONE", "Kampala"),
    ("WESEND_PORT", "8" * 5000),
    *[
        ("WESEND_BASE_URL", value)
        for value in (
            "sms.example.org",
            "ftp://sms.example.org",
            "https://",
            "https://a:port",
            "https://sms.example.org/?a=b",
            "https://sms.example.org/#a",
            "https://sms example.org",
        )
    ],
    *[("WESEND_TRUSTED_PROXIES", value) for value in ("proxy", "10.0.0.1/8", "10.0.0.1,,", "*")],
    ("WESEND_REQUIRE_SECOND_FACTOR", "owners"),
    ("WESEND_LOG", "yaml"),
    ("WESEND_LOG_LEVEL", "loud"),
    ("WESEND_BACKUP_DIR", __file__),
    ("WESEND_BACKUP_KEEP", "0"),
    ("WESEND_BACKUP_KEEP", "all"),
    *[("WESEND_DISK_RESERVE_MB", value) for value in ("-1", "1.5", "200MB")],
    *[("WESEND_RATE_LIMIT", value) for value in ("0", "-5", "many", "1.5")],
    *[("WESEND_RETRY_DELAYS", value) for value in ("a", "1,-4", "1,,4", "1;4", "nan")],
]


def test_every_setting_has_a_variable_a_default_here_and_a_docstring_in_the_code():
    names = [field.name for field in dataclasses.fields(Settings)]
    assert list(VARIABLES) == names
    assert set(DEFAULTS) == set(GIVEN) == set(names)
    source = Path(settings.__file__).read_text()
    assert [
        variable
        for variable in VARIABLES.values()
        if f"`{variable}`" not in source and f"`{variable}," not in source and f"`{variable};" not in source
    ] == []


@pytest.mark.parametrize("name", VARIABLES)
def test_a_setting_that_is_not_given_or_empty_has_its_default(name):
    assert getattr(load({}), name) == DEFAULTS[name]
    assert getattr(load({VARIABLES[name]: "  "}), name) == DEFAULTS[name]


@pytest.mark.parametrize("name", VARIABLES)
def test_a_setting_that_is_given_is_read_with_its_type(name):
    text, expected = GIVEN[name]
    value = getattr(load({"WESEND_SECRET_KEY": "needed by PostgreSQL", VARIABLES[name]: f" {text} "}), name)
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize("variable, value", REFUSED)
def test_a_value_that_cannot_be_used_is_refused_in_one_sentence_that_names_it(variable, value):
    with pytest.raises(SettingsError) as refusal:
        load({variable: value})
    sentence = str(refusal.value)
    assert sentence.startswith(variable) and value.partition("?")[0] in sentence  # a query may hold a password
    assert sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "smtp://",
        "http://mail.example.org",
        "smtp://me:s3cret@host:port",
        "smtp://me:s3cret@host:70000",
        "smtp://[",
        "smtp://host:0",
        "smtp://me:s3cret@host?starttls=maybe",
        "smtp://me:s3cret@host?starttls=1&starttls=",
        "smtp://me:s3cret@host?starttls=1&starttls=0",
        "smtp://me:s3cret@host?startls=1",
    ],
)
def test_a_mail_server_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(SettingsError, match="^WESEND_SMTP_URL must be") as refusal:
        load({"WESEND_SMTP_URL": url})
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["smtp://host", "smtps://me:pw@host", "smtp://[::1]:25", "smtp://127.0.0.1:2525?starttls=1", "smtp://h?starttls=Off"]
)
def test_a_mail_server_is_named_by_scheme_and_host(url):
    assert load({"WESEND_SMTP_URL": url}).smtp_url == url


@pytest.mark.parametrize("address", ["ops@example.org", "root@localhost", "Ops <ops@example.org>", "Café Ünal <a@b.example>"])
@pytest.mark.parametrize("name", ["WESEND_ALERT_MAIL", "WESEND_MAIL_FROM"])
def test_an_address_for_mail_may_have_a_name_before_it(name, address):
    read = load({name: address})
    assert address in (read.alert_mail, read.mail_from)


def test_alerts_may_go_to_several():
    for given in ("a@example.org,b@example.org", "a@example.org; Ben <b@example.org>"):
        assert load({"WESEND_ALERT_MAIL": given}).alert_mail == given.replace(";", ",")


def test_the_database_lies_in_the_instance_folder_unless_it_is_named():
    assert load({"WESEND_INSTANCE": "/tmp/one"}).database == Path("/tmp/one/wesend.db")


def test_paths_are_absolute_and_home_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/tmp/home")
    assert load({"WESEND_INSTANCE": "~/data"}).instance == Path("/tmp/home/data")
    assert load({"WESEND_INSTANCE": "data"}).instance == Path.cwd() / "data"


@pytest.mark.parametrize(
    "host, sandbox",
    [
        ("127.0.0.1", True),
        ("127.0.0.5", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.4", False),
        ("example.org", False),
    ],
)
def test_the_sandbox_is_on_by_default_only_where_the_world_cannot_reach_it(host, sandbox):
    assert load({"WESEND_HOST": host}).sandbox is sandbox
    assert load({"WESEND_HOST": host, "WESEND_SANDBOX": "1"}).sandbox is True


@pytest.mark.parametrize(
    "host, url",
    [
        ("127.0.0.1", "http://127.0.0.1:8100"),
        ("0.0.0.0", "http://127.0.0.1:8100"),
        ("::1", "http://[::1]:8100"),
        ("[::1]", "http://[::1]:8100"),
        ("example.org", "http://example.org:8100"),
    ],
)
def test_the_base_url_follows_host_and_port_unless_it_is_given(host, url):
    assert load({"WESEND_HOST": host, "WESEND_PORT": "8100"}).base_url == url


def test_an_ipv6_address_may_stand_in_brackets():
    both = load({"WESEND_HOST": "[::1]", "WESEND_SMPP_HOST": "[::]"})
    assert (both.host, both.smpp_host, both.sandbox) == ("::1", "::", True)


def test_validity_may_be_a_fraction_of_an_hour():
    assert load({"WESEND_VALIDITY_HOURS": "0.001"}).validity_ms == 3600


def test_the_environment_wins_over_the_dotenv_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("WESEND_PORT=8100\nWESEND_THREADS=9\n")
    monkeypatch.setattr(settings, "PROJECT", tmp_path)
    monkeypatch.setenv("WESEND_PORT", "8200")
    monkeypatch.delenv("WESEND_THREADS", raising=False)
    read = load()
    assert (read.port, read.threads) == (8200, 9)


def test_a_dotenv_file_in_another_encoding_is_told(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("WESEND_SELLER=Café".encode("latin-1"))
    with pytest.raises(SettingsError, match="not all text in UTF-8"):
        load()


def test_postgresql_needs_the_secret_key_and_its_password_is_never_shown():
    url = "postgresql://me:pa55@db/wesend"
    with pytest.raises(SettingsError, match="WESEND_DATABASE_URL.*WESEND_SECRET_KEY"):
        load({"WESEND_DATABASE_URL": url})
    found = load({"WESEND_DATABASE_URL": url, "WESEND_SECRET_KEY": "k"})
    assert found.database_shown == "postgresql://me:•••@db/wesend"
    assert "pa55" not in repr(found)
    for wrong in ("postgresql://me:pa55@db:port/wesend", "postgresql://me:pa55@db", "mysql://me:pa55@db/wesend"):
        with pytest.raises(SettingsError) as refused:
            load({"WESEND_DATABASE_URL": wrong, "WESEND_SECRET_KEY": "k"})
        assert "pa55" not in str(refused.value)
