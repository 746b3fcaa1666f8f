"""Logs: a line a request when asked for, with its id, and never a secret, a text, a query or a token."""

from __future__ import annotations

import io
import json
import logging
import sys
import time

import pytest

from wesend.core.settings import load
from wesend.web import logs

from ..support.apis import Wesendall
from ..support.published import CREDENTIALS


@pytest.fixture
def lines(app_with, monkeypatch):
    """Makes the application with a form of logs; what it logged since, a line each."""
    kept = {name: (logging.getLogger(name).level, logging.getLogger(name).handlers[:]) for name in ("", "wesend")}
    stream = io.StringIO()

    def make(**environment):
        monkeypatch.setattr(sys, "stderr", stream)
        app = app_with(**environment)
        logs.configure(app.config["WESEND"])
        return app, lambda: stream.getvalue().splitlines()

    yield make
    for name, (level, handlers) in kept.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).handlers[:] = handlers


def test_a_request_is_one_json_line_with_its_id(lines):
    app, logged = lines(WESEND_LOG="json")
    answer = app.test_client().get("/sandbox/messages?to=0712345678", headers={"X-Request-Id": "abc-1"})
    (line,) = map(json.loads, logged())
    assert answer.headers["X-Request-Id"] == line["request_id"] == "abc-1"
    assert line["ms"] >= 0 and line["at"].endswith("Z") and isinstance(line["pid"], int)
    assert {name: line[name] for name in ("level", "logger", "method", "path", "status", "bytes", "remote")} == {
        "level": "info",
        "logger": "wesend.access",
        "method": "GET",
        "path": "/sandbox/messages",
        "status": 200,
        "bytes": len(answer.data),
        "remote": "127.0.0.1",
    }
    assert "0712345678" not in str(line)


def test_a_send_is_logged_with_its_account_and_key_and_without_text_number_or_credentials(lines):
    app, logged = lines(WESEND_LOG="json")
    api = Wesendall(app.test_client())
    api.send("+256771000001", message="Your code is 1234")
    (line,) = map(json.loads, logged())
    assert line["status"] == 200 and line["account"] == 1 and isinstance(line["key"], int)
    assert [
        part
        for part in ("1234", "256771000001", CREDENTIALS["wesendall"].secret, api.headers["Authorization"])
        if part in str(line)
    ] == []


def test_as_text_it_is_one_line_too(lines):
    app, logged = lines(WESEND_LOG="text")
    app.test_client().get("/sandbox/messages?to=0712345678", headers={"X-Request-Id": "abc-1"})
    (line,) = logged()
    assert "INFO GET /sandbox/messages 200" in line and "request_id=abc-1" in line and "0712345678" not in line


def test_by_default_no_request_is_logged_and_a_warning_is(lines):
    app, logged = lines()
    app.test_client().get("/healthz")
    app.logger.info("quiet")
    app.logger.warning("loud")
    assert [line.split("WARNING ")[1] for line in logged()] == ["loud"]


@pytest.mark.parametrize("level, expected", [("debug", 2), ("info", 1), ("warning", 0)])
def test_the_level_decides_and_health_checks_are_only_debug(lines, level, expected):
    app, logged = lines(WESEND_LOG="json", WESEND_LOG_LEVEL=level)
    app.test_client().get("/healthz")
    app.test_client().get("/nowhere")
    assert len(logged()) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/t/s3cr3t-token",
        "/t/s3cr3t-token/more",
        "/callbacks/sms/carrier/s3cr3t-token",
        "/callbacks/money/momo/s3cr3t-token?x=1",
        "/callbacks/s3cr3t-token",
        "/sign-in/s3cr3t-token",
        "/dashboard/sign-in/s3cr3t-token",
        "/login/s3cr3t-token",
        "/invite/s3cr3t-token",
        "/reset/s3cr3t-token",
        "/nowhere?token=s3cr3t-token",
        "/sandbox/messages?to=s3cr3t-token",
        "/nowhere/sk_s3cr3t-token-0123456789abcdef",
    ],
)
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_token_of_a_path_is_logged_whether_the_path_exists_or_not(lines, path, form):
    app, logged = lines(WESEND_LOG=form)
    app.test_client().get(path)
    (line,) = logged()
    assert "s3cr3t-token" not in line and path.split("s3cr3t")[0].split("?")[0].rstrip("/").split("/sk_")[0] in line


def test_a_route_that_calls_an_argument_a_token_hides_it_wherever_it_stands(lines):
    app, logged = lines(WESEND_LOG="json")
    app.add_url_rule("/later/<reset_token>/<name>", view_func=lambda reset_token, name: "ok", endpoint="later")
    app.test_client().get("/later/s3cr3t/jane")
    assert json.loads(logged()[0])["path"] == "/later/…/jane"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_crash_is_logged_with_its_request_and_where_but_without_what_it_choked_on(lines, form):
    app, logged = lines(WESEND_LOG=form)
    app.testing = False
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def crash(token):
        raise OSError("Max retries exceeded with url: /send?user=shop&password=hunter2&text=Hello+Jane")

    app.add_url_rule("/t/<token>/crash", view_func=crash, endpoint="crash")
    answer = app.test_client().get("/t/s3cr3t/crash", headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == 500
    told = "\n".join(logged())
    assert "abc-1" in told and "in crash" in told and "OSError" in told
    assert [part for part in ("s3cr3t", "hunter2", "Jane") if part in told] == []


def test_what_a_caller_sends_can_not_begin_a_line_of_its_own(lines):
    app, logged = lines(WESEND_LOG="text")
    app.test_client().get("/nowhere%0a2026-01-01 ERROR forged")
    (line,) = logged()
    assert "forged" in line and "\\n" in line


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic c2VjcmV0OnNlY3JldA==",
        "Authorization: Bearer s3cr3t-s3cr3t",
        "X-API-Key: s3cr3t",
        "api_key=s3cr3t",
        "{'secret': 's3cr3t'}",
        "smtp://user:s3cr3t@mail.example.org:587",
        "whsec_c2VjcmV0c2VjcmV0c2VjcmV0",
        "ws_live_s3cr3ts3cr3t",
        "password = s3cr3t",
        "Invalid request from ip=203.0.113.9: Invalid HTTP Header: 'Authorization s3cr3t'",
        "Error handling request GET /t/s3cr3t",
        "callback_token: s3cr3t",
        '"access_token": "s3cr3t"',
    ],
)
def test_secrets_are_taken_out_of_every_line(text):
    shown = logs.redact(text)
    assert "s3cr3t" not in shown and "c2Vjcm" not in shown and "…" in shown or "Invalid HTTP Header" in shown


@pytest.mark.parametrize(
    "text",
    [
        "gateway carrier could not be asked",
        "job poll_receipts failed; it runs again",
        "webhook 12: the round failed",
        "What now? It is 5 o'clock",
        "/api/v1/sms/send",
        "the alert for wallet wal_12 waits: 421 Try later",
    ],
)
def test_ordinary_lines_stay_as_they_are(text):
    assert logs.redact(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "?",
        "a-",
        "x_",
        "?a",
        "://",
        "://a:",
        "/t",
        "/callbacks",
        "token ",
        "secret:",
        "api-key",
        "basic ",
        "sk_",
        "Invalid request from ip=",
        "sign-in/",
    ],
)
def test_a_line_that_is_made_to_be_slow_is_not(piece):
    """Quadratic, 400 KB took minutes: this bound is no measure of speed."""
    started = time.process_time()
    logs.redact((piece * 400_000)[:400_000])
    assert time.process_time() - started < 5


def test_an_error_of_the_database_does_not_quote_what_was_to_be_written(context):
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from wesend.database.schema import db

    with pytest.raises(SQLAlchemyError) as raised, db.engine.connect() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE text = :text"), {"text": "Your code is 1234"})
    assert "1234" not in str(raised.value)


def test_the_form_is_json_only_when_it_was_asked_for():
    assert isinstance(logs.formatter_of(load({"WESEND_LOG": "json"})), logs.JsonLines)
    assert isinstance(logs.formatter_of(load({})), logs.TextLines)
