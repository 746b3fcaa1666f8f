"""What an answer carries whoever asks, and what it does not tell."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core.settings import VARIABLES, load
from wesend.core.settings_values import SettingsError, hide_credentials
from wesend.web import logs

from ..support.dashboard import Visitor, make_user, text_of

PATHS = (
    "/",
    "/sign-in",
    "/assets/app.css",
    "/api/v1/wallets",
    "/v1/account",
    "/api/v2/messages",
    "/healthz",
    "/metrics",
    "/sandbox/messages",
    "/docs",
    "/t/none",
    "/callbacks/none/none",
    "/nowhere",
    "/api/nowhere",
)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_sealed(app_with, path):
    for url, sent in (("https://sms.example.org", "max-age=31536000"), ("http://sms.example.org", None)):
        answer = app_with(WESEND_BASE_URL=url).test_client().get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers.get("Strict-Transport-Security") == sent
        assert answer.headers["Cache-Control"] == ("no-cache" if path.startswith("/assets") else "no-store")
        answer.close()


def test_an_api_answer_is_kept_nowhere(wesendall):
    answer = wesendall.send("0712345678")
    assert answer.status_code == 200 or answer.status_code == 201
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "203.0.113.9"}, {"Host": "sms.example.org"}, {"Forwarded": "for=x"}, {"Authorization": "Bearer wrong"}],
)
def test_strangers_hear_of_the_health_nothing_but_ok_or_not(app_with, headers):
    client = app_with(WESEND_METRICS_TOKEN="watch-token-1").test_client()
    near = {} if "Host" not in headers else {"Host": "127.0.0.1"}
    far = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}} if "Authorization" in headers else {}
    answer = client.get("/healthz", headers=headers, **far)
    assert list(answer.json) == ["status"]
    known = client.get("/healthz", headers=near)
    assert {"status", "database", "scheduler"} <= set(known.json) and known.status_code == answer.status_code
    with_token = client.get("/healthz", headers={**headers, "Authorization": "Bearer watch-token-1"}, **far)
    assert with_token.json == known.json


PASSWORDS = ("s3cret", "p@ss", "p@ss:w@rd", "12/3@4", "a?b@c", "a#b@c", "x" * 80)


@pytest.mark.parametrize("password", PASSWORDS)
def test_no_part_of_a_password_is_shown(password):
    for url in (
        f"smtp://user:{password}@mail.example:587?starttls=1",
        f"postgresql://user:{password}@db.example/wesend",
        f"https://:{password}@example.org",
        f"redis://{password}@example.org",
    ):
        shown = hide_credentials(url)
        assert password not in shown and not any(part in shown for part in password.split("@") if len(part) > 1), shown
        assert "example" in shown
    assert "p@ss" not in logs.redact(f"can't reach smtp://user:{password}@mail.example:587: no")


def test_an_address_without_secrets_is_shown_as_it_is():
    for url in ("https://sms.example.org/x", "sqlite:////var/lib/wesend/wesend.db", "/var/backups", "127.0.0.0/8, ::1/128"):
        assert hide_credentials(url) == url


@given(st.text(max_size=100))
def test_any_text_can_be_shown(text):
    assert isinstance(hide_credentials(text), str)


def test_the_settings_page_shows_no_secret(app_with, instance):
    secrets = {
        "WESEND_SECRET_KEY": "k3y-of-sessions-and-secrets",
        "WESEND_METRICS_TOKEN": "watch-token-1",
        "WESEND_SMTP_URL": "smtp://mailer:p%40ss@w0rd@mail.example:587?starttls=1",
        "WESEND_BASE_URL": "https://gate:k33per@sms.example.org",
    }
    app = app_with(**secrets)
    page = Visitor(app, make_user(app)).get("/operator/settings")
    for part in ("k3y-of", "watch-token", "p%40ss", "w0rd", "k33per"):
        assert part not in page.text
    shown = text_of(page)
    assert "smtp://mailer:•••@mail.example:587" in shown and "WESEND_METRICS_TOKEN set" in shown
    assert all(variable in shown for variable in VARIABLES.values())


def test_a_setting_that_is_refused_is_told_without_its_password():
    for name, value in (
        ("WESEND_DATABASE_URL", "mysql://user:p@ssw0rd@host/db"),
        ("WESEND_BASE_URL", "ftp://user:p@ssw0rd@host"),
        ("WESEND_SMTP_URL", "http://user:p@ssw0rd@host"),
    ):
        with pytest.raises(SettingsError) as refused:
            load({name: value})
        assert name in str(refused.value) and "ssw0rd" not in str(refused.value)


METHODS = ("GET", "POST", "DELETE", "OPTIONS", "PROPFIND")


def test_no_address_breaks_for_a_stranger(app):
    """Each of the application's addresses, with nonsense for its variables, by every method, and its neighbours."""
    client = app.test_client()
    assert client.get("/static/../settings.py").status_code == client.get("/static/app.css").status_code == 404
    for rule in list(app.url_map.iter_rules()):
        for value in ("1", "..%00"):
            path = re.sub(r"<[^>]+>", value, rule.rule)
            for method, asked in ((method, path + more) for method in METHODS for more in ("", "/")):
                answer = client.open(asked, method=method)
                assert answer.status_code != 500, (method, asked)
                answer.close()
