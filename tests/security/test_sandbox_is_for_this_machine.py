"""The sandbox answers who sits at this machine; a proxy, another name or another machine gets what it would get with it off."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from wesend.core.client_addresses import _names_loopback
from wesend.core.settings import load
from wesend.dialects.listed import DIALECTS

from ..support.accounts import mint
from ..support.apis import Api, Wesendall
from ..support.dashboard import Visitor, make_user
from ..support.dialects import ROWS
from ..support.published import CREDENTIALS

ADDRESS = "203.0.113.9"
FORWARDED = [
    ("X-Forwarded-For", ADDRESS),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-For", ""),
    ("X-Forwarded-Host", "localhost"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "443"),
    ("X-Forwarded-Server", "proxy"),
    ("Forwarded", "for=127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("Via", "1.1 Caddy"),
    ("CF-Connecting-IP", ADDRESS),
    ("True-Client-IP", ADDRESS),
    ("X-Client-IP", ADDRESS),
    ("X-Forward-For", ADDRESS),
    ("Client-IP", ADDRESS),
    ("X-Original-URL", "/sandbox/messages"),
    ("Max-Forwards", "9"),
    ("CF-Visitor", '{"scheme":"https"}'),
    ("Fly-Client-IP", ADDRESS),
]
OTHER_HOSTS = [
    "sms.example.org",
    "sms.example.org:8000",
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "127.0.0.1@evil.example",
    "evil.example:80@127.0.0.1",
    "128.0.0.1",
    "0.0.0.0",
    "10.0.0.1",
    "[::2]",
    "[::1",
    "::1",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "localhost:port",
    "127.0.0.1:",
    "127.0.0.1:80:80",
    "",
    " ",
    "127.0.0.1,evil.example",
    "[127.0.0.1]",
    "[::ffff:10.0.0.1]",
]
OUR_HOSTS = [
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.8.9.10:1",
    "localhost",
    "LocalHost:8000",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]:8000",
]


def paths() -> list[str]:
    return [
        "/sandbox/messages",
        "/sandbox/emails",
        "/sandbox/messages?to=0712345678&wait=20",
        "/sandbox/emails/x",
        "/sandbox/emails/x/raw",
        "/sandbox/messages?limit=no",
        "/sandbox",
        "/sandbox/",
        "/sandbox/nothing",
    ]


def of_machine(app: Flask, *, host: str | None = None, peer: str | None = None, **headers: str):
    """``ask(path, method="GET", **more)`` as from there."""
    client = app.test_client()
    told = {name: value for name, value in (("HTTP_HOST", host), ("REMOTE_ADDR", peer)) if value is not None}

    def ask(path: str, method: str = "GET", **more) -> TestResponse:
        return client.open(
            path, method=method, environ_overrides=told, **{**more, "headers": {**headers, **more.get("headers", {})}}
        )

    return ask


def is_closed(app: Flask, ask) -> bool:
    """Whatever exists or not, can be done or not, is 404 in one form; and no published key is known."""
    with app.app_context():
        Wesendall(app.test_client()).send("0712345678", "Your code is 482910")
    shown = set()
    for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"):
        for path in paths():
            answer = ask(path, method)
            assert (answer.status_code, b"482910" in answer.data) == (404, False), (method, path)
            if method != "HEAD":
                shown.add(answer.data)
    assert len(shown) == 1
    for dialect in DIALECTS:
        row = ROWS[dialect.name]
        answer = ask(row.probe, headers=row.headers(CREDENTIALS[dialect.name]))
        unknown = ask(row.probe, headers=row.headers(CREDENTIALS[dialect.name]._replace(secret="nobody's")))
        assert (answer.status_code, answer.data) == (401, unknown.data), dialect.name
        assert row.shows_refusal(answer)
        page = ask(f"/docs/{dialect.name}")
        assert page.status_code == 200 and CREDENTIALS[dialect.name].secret.encode() not in page.data
    return True


def is_open(app: Flask, ask) -> bool:
    for dialect in DIALECTS:
        row = ROWS[dialect.name]
        assert ask(row.probe, headers=row.headers(CREDENTIALS[dialect.name])).status_code == 200, dialect.name
    return [ask(path).status_code for path in paths()[:2]] == [200, 200]


@pytest.mark.parametrize(("name", "value"), FORWARDED)
def test_whatever_a_proxy_passes_on_is_from_elsewhere(app, name, value):
    assert is_closed(app, of_machine(app, **{name: value}))


@pytest.mark.parametrize("host", ["sms.example.org", "evil.example:8000", "127.0.0.1@evil.example", ""])
def test_another_name_is_another_machine_even_if_it_was_pointed_here(app, host):
    assert is_closed(app, of_machine(app, host=host))


@pytest.mark.parametrize("name", ["http://evil.example", "http://127.0.0.1:8000", "HTTPS://localhost"])
def test_whoever_asks_for_a_whole_address_means_a_proxy(app, name):
    def ask(path: str, method: str = "GET", **more) -> TestResponse:
        return app.test_client().open(path, method=method, environ_overrides={"RAW_URI": name + path}, **more)

    assert is_closed(app, ask)


@pytest.mark.parametrize("peer", [ADDRESS, "10.0.0.1", "::2", "::ffff:10.0.0.1", "", "unix"])
def test_another_machine_gets_nothing(app_with, peer):
    app = app_with(WESEND_HOST="0.0.0.0", WESEND_SANDBOX="1")
    assert is_closed(app, of_machine(app, peer=peer))


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_hosts_that_are_not_this_machine(host):
    assert not _names_loopback(host)


@given(st.text(max_size=30))
def test_no_host_breaks_the_reading(host):
    assert _names_loopback(host) in (True, False)


@pytest.mark.parametrize("host", OUR_HOSTS)
def test_this_machine_by_each_of_its_names(app, host):
    assert is_open(app, of_machine(app, host=host))


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_this_machine_by_each_of_its_addresses(app_with, peer):
    app = app_with(WESEND_HOST="::", WESEND_SANDBOX="1")
    assert is_open(app, of_machine(app, peer=peer))


def test_a_proxy_that_is_trusted_is_a_proxy(app_with):
    app = app_with(WESEND_TRUSTED_PROXIES="127.0.0.1")
    assert is_closed(app, of_machine(app, **{"X-Forwarded-For": "127.0.0.1"}))


def test_public_is_for_everybody(app_with):
    app = app_with(WESEND_SANDBOX="public", WESEND_HOST="0.0.0.0", WESEND_BASE_URL="https://sandbox.example.org")
    assert is_open(app, of_machine(app, host="sandbox.example.org", peer=ADDRESS, **{"X-Forwarded-For": ADDRESS}))


@pytest.mark.parametrize(
    ("environment", "is_on"),
    [
        ({}, True),
        ({"WESEND_HOST": "::1"}, True),
        ({"WESEND_BASE_URL": "http://localhost:9000"}, True),
        ({"WESEND_BASE_URL": "http://127.0.0.2"}, True),
        ({"WESEND_BASE_URL": "http://[::1]:8000"}, True),
        ({"WESEND_BASE_URL": "https://sms.example.org"}, False),
        ({"WESEND_BASE_URL": "http://10.0.0.1:8000"}, False),
        ({"WESEND_BASE_URL": "https://localhost.example.org"}, False),
        ({"WESEND_HOST": "0.0.0.0"}, False),
        ({"WESEND_HOST": "::"}, False),
        ({"WESEND_HOST": "0.0.0.0", "WESEND_BASE_URL": "http://localhost"}, False),
        ({"WESEND_SANDBOX": "1", "WESEND_BASE_URL": "https://sms.example.org"}, True),
        ({"WESEND_SANDBOX": "0"}, False),
    ],
)
def test_without_a_word_it_is_on_only_where_nobody_else_comes(environment, is_on):
    found = load(environment)
    assert (found.sandbox, found.sandbox_public) == (is_on, False)


def test_behind_the_documented_proxy_it_is_off_until_it_is_switched_on_for_this_machine(app_with):
    base_url = {"WESEND_BASE_URL": "https://sms.example.org"}
    app = app_with(**base_url)
    assert is_closed(app, of_machine(app))
    app = app_with(**base_url, WESEND_SANDBOX="1")
    assert is_closed(app, of_machine(app, host="sms.example.org", **{"X-Forwarded-For": ADDRESS}))
    assert is_open(app, of_machine(app))


def test_a_key_of_ones_own_for_a_sandbox_wallet_answers_from_anywhere(app):
    minted = mint(app)
    row = ROWS["wesendall"]
    ask = of_machine(app, host="sms.example.org", peer=ADDRESS)
    answer = ask(f"/api/v1/account/balance?walletId={minted.wallet}", headers=row.headers(minted.credentials))
    assert answer.status_code == 200


def test_a_refused_call_is_no_use_of_the_key(app):
    Api(app.test_client(), {"X-Forwarded-For": ADDRESS, **ROWS["esms"].headers(CREDENTIALS["esms"])}).get("/api/balance")
    assert app.extensions["wesend.last_used"].used == {}


def test_the_dashboard_shows_the_published_keys_only_to_who_may_use_them(app):
    visitor = Visitor(app, make_user(app)).pick(1)
    for path in ("/start", "/keys/commands"):
        here, there = visitor.client.get(path), visitor.client.get(path, headers={"X-Forwarded-For": ADDRESS})
        assert CREDENTIALS["wesendall"].secret.encode() in here.data, path
        assert there.status_code == 200 and CREDENTIALS["wesendall"].secret.encode() not in there.data, path
