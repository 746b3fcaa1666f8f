"""`wesend webhook add | list | disable | enable | attempts | retry | test`."""

import json

import pytest
from flask import Flask

from ..support.receiver import Receiver, answer
from ..support.webhooks import Engine

PUBLIC = "https://hook.example/path?key=1"


@pytest.fixture
def app(app_with) -> Flask:
    return app_with(WESEND_ALLOW_PRIVATE_URLS="1")


@pytest.fixture
def engine(app):
    made = Engine(app)
    yield made
    made.close()


@pytest.fixture
def webhook(wesend, account):
    """Adds one; its id."""

    def add(url: str, *more: str, format_name: str = "wasambazie") -> int:
        return wesend("webhook", "add", "--account", account, "--format", format_name, "--url", url, *more, "--json").json[
            "webhook_id"
        ]

    return add


def failed_deliveries(engine, receiver: Receiver, clock, webhook_id: int, count: int) -> None:
    """Deliveries that were given up."""
    receiver.behave(answer(500, b"out of order"))
    engine.put(webhook_id, count=count)
    for _ in range(5):
        engine.round()
        clock.advance(1000)
    receiver.behave(answer(200))


# -- add, list ---------------------------------------------------------------------------


def test_add_shows_the_id_and_the_secret_this_once(wesend, account):
    shown = wesend("webhook", "add", "--account", account, "--format", "wasambazie", "--url", PUBLIC, "--json").json
    assert shown.keys() == {"webhook_id", "secret"}
    assert shown["secret"].startswith("whsec_")
    listed = wesend("webhook", "list", "--account", account, "--json")
    assert shown["secret"] not in listed.out
    (entry,) = listed.json["webhooks"]
    assert {**entry, "created_at": ""} == {
        "webhook_id": shown["webhook_id"],
        "format": "wasambazie",
        "url": PUBLIC,
        "events": None,
        "is_active": True,
        "disabled_reason": None,
        "failing_since": None,
        "created_at": "",
    }


def test_add_tells_people_the_same(wesend, account):
    outcome = wesend("webhook", "add", "--account", account, "--format", "wesendall", "--url", PUBLIC)
    assert outcome.code == 0 and "whsec_" in outcome.out


def test_add_may_choose_events(wesend, account, webhook):
    webhook(PUBLIC, "--events", "sms.failed, sms.delivered", format_name="wesendall")
    (entry,) = wesend("webhook", "list", "--account", account, "--json").json["webhooks"]
    assert entry["events"] == ["sms.failed", "sms.delivered"]


def test_adding_a_private_url_warns(app_with, account):
    from wesend import cli

    runner = app_with(WESEND_ALLOW_PRIVATE_URLS="0").test_cli_runner()
    given = ["webhook", "add", "--account", str(account), "--format", "wasambazie", "--json", "--url"]
    warned = runner.invoke(cli.group, [*given, "http://127.0.0.1:9/hook"], prog_name="wesend")
    assert warned.exit_code == 0
    assert "private" in warned.stderr and "WESEND_ALLOW_PRIVATE_URLS" in warned.stderr
    assert json.loads(warned.stdout)["webhook_id"]
    quiet = runner.invoke(cli.group, [*given, "http://8.8.8.8/hook"], prog_name="wesend")
    assert (quiet.exit_code, quiet.stderr) == (0, "")


def test_no_warning_where_private_urls_are_allowed(wesend, account):
    outcome = wesend("webhook", "add", "--account", account, "--format", "wasambazie", "--url", "http://127.0.0.1:9/")
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    ("format_name", "url", "more"),
    [
        ("nothing", PUBLIC, ()),
        ("wasambazie", "ftp://hook.example/", ()),
        ("wasambazie", "hook", ()),
        ("wasambazie", PUBLIC, ("--events", "sms.delivered")),
    ],
)
def test_what_cannot_be_added_is_refused_with_one_sentence(wesend, account, format_name, url, more):
    outcome = wesend("webhook", "add", "--account", account, "--format", format_name, "--url", url, *more)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: ") and outcome.err.count("\n") == 1
    assert wesend("webhook", "list", "--account", account, "--json").json == {"webhooks": []}


def test_an_unknown_account_is_refused(wesend):
    assert wesend("webhook", "add", "--account", 99, "--format", "wasambazie", "--url", PUBLIC).code == 1


def test_a_missing_option_is_a_usage_error(wesend, account):
    assert wesend("webhook", "add", "--account", account, "--format", "wasambazie").code == 2


def test_only_the_accounts_own_are_listed(wesend, account, webhook):
    webhook(PUBLIC)
    other = wesend("account", "create", "Other", "--json").json["account_id"]
    assert wesend("webhook", "list", "--account", other, "--json").json == {"webhooks": []}
    assert wesend("webhook", "list", "--account", other).out == "No webhooks yet.\n"


# -- disable, enable ------------------------------------------------------------------------


def test_disable_and_enable(wesend, account, webhook):
    given = webhook(PUBLIC)
    assert wesend("webhook", "disable", given, "--json").json["is_active"] is False
    assert "off" in wesend("webhook", "list", "--account", account).out
    assert wesend("webhook", "enable", given, "--json").json["is_active"] is True


def test_why_it_was_switched_off_is_listed(wesend, account, webhook, engine, receiver):
    given = webhook(receiver.url)
    receiver.behave(answer(410))
    engine.put(given)
    engine.round()
    (entry,) = wesend("webhook", "list", "--account", account, "--json").json["webhooks"]
    assert (entry["is_active"], entry["disabled_reason"]) == (False, "Switched off: it answered 410 Gone")
    assert "410 Gone" in wesend("webhook", "list", "--account", account).out


@pytest.mark.parametrize("command", ["disable", "enable", "attempts", "test"])
def test_an_unknown_webhook_is_refused(wesend, command):
    outcome = wesend("webhook", command, 99)
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "Error: There is no webhook 99\n")


# -- attempts, retry --------------------------------------------------------------------------


def test_attempts_show_every_delivery_with_what_was_answered(wesend, webhook, engine, receiver, clock):
    given = webhook(receiver.url)
    failed_deliveries(engine, receiver, clock, given, 1)
    engine.put(given)
    engine.round()
    newest, oldest = wesend("webhook", "attempts", given, "--json").json["deliveries"]
    assert (newest["status"], oldest["status"]) == ("delivered", "exhausted")
    assert newest["next_attempt_at"] is None
    assert [attempt["status_code"] for attempt in oldest["attempts"]] == [500] * 5
    assert oldest["attempts"][0]["at"] == "2026-06-10T12:00:00Z"
    assert {(attempt["answer"], attempt["error"]) for attempt in oldest["attempts"]} == {("out of order", None)}
    only = wesend("webhook", "attempts", given, "--failed", "--json").json["deliveries"]
    assert [delivery["delivery_id"] for delivery in only] == [oldest["delivery_id"]]
    assert len(wesend("webhook", "attempts", given, "--limit", 1, "--json").json["deliveries"]) == 1
    assert oldest["delivery_id"] in wesend("webhook", "attempts", given).out


def test_one_that_waits_tells_when_it_is_tried_next(wesend, webhook, engine, receiver, clock):
    given = webhook(receiver.url)
    receiver.behave(answer(500))
    engine.put(given)
    engine.round()
    (delivery,) = wesend("webhook", "attempts", given, "--json").json["deliveries"]
    assert delivery["status"] == "pending"
    assert "2026-06-10T12:00:27Z" <= delivery["next_attempt_at"] <= "2026-06-10T12:00:33Z"


def test_one_delivery_is_retried(wesend, webhook, engine, receiver, clock):
    given = webhook(receiver.url)
    failed_deliveries(engine, receiver, clock, given, 2)
    first, second = engine.deliveries()
    assert wesend("webhook", "retry", first["uid"], "--json").json == {"retried": 1}
    engine.round()
    assert [row["status"] for row in engine.deliveries()] == ["delivered", "exhausted"]


def test_all_that_failed_since_a_time_is_retried(wesend, webhook, engine, receiver, clock):
    given = webhook(receiver.url)
    failed_deliveries(engine, receiver, clock, given, 1)  # created at 12:00:00
    failed_deliveries(engine, receiver, clock, given, 2)  # created 5,000 s later
    for since, count in (("2026-06-10T14:00:00Z", 0), ("2026-06-10T16:23:20+03:00", 2), ("2026-06-10", 1)):
        assert wesend("webhook", "retry", "--webhook", given, "--since", since, "--json").json == {"retried": count}
    assert wesend("webhook", "retry", "--webhook", given, "--json").json == {"retried": 0}
    engine.round()
    assert {row["status"] for row in engine.deliveries()} == {"delivered"}


@pytest.mark.parametrize("arguments", [(), ("msg_x", "--webhook", 1)])
def test_retry_wants_one_delivery_or_one_webhook(wesend, arguments):
    assert wesend("webhook", "retry", *arguments).code == 2


@pytest.mark.parametrize("arguments", [("msg_unknown",), ("--webhook", 99)])
def test_retry_of_what_is_not_there_is_refused(wesend, arguments):
    assert wesend("webhook", "retry", *arguments).code == 1


def test_since_must_be_a_time(wesend, webhook):
    outcome = wesend("webhook", "retry", "--webhook", webhook(PUBLIC), "--since", "yesterday")
    assert outcome.code == 1 and "ISO 8601" in outcome.err


# -- test ---------------------------------------------------------------------------------------


def test_test_posts_at_once_and_shows_the_answer(wesend, webhook, receiver):
    given = webhook(receiver.url)
    shown = wesend("webhook", "test", given, "--json").json
    assert (shown["webhook_id"], shown["ok"], shown["status_code"], shown["answer"]) == (given, True, 200, "ok")
    assert receiver.posted[0].json["event"] == "webhook.test"


@pytest.mark.parametrize(
    ("format_name", "status", "ok"),
    [("wasambazie", 204, False), ("wasambazie", 500, False), ("wesendall", 204, True), ("wesendall", 302, False)],
)
def test_test_fails_where_the_format_would_not_count_it(wesend, webhook, receiver, format_name, status, ok):
    receiver.behave(answer(status, b""))
    outcome = wesend("webhook", "test", webhook(receiver.url, format_name=format_name), "--json")
    assert outcome.code == (0 if ok else 1)
    shown = json.loads(outcome.out)
    assert (shown["ok"], shown["status_code"]) == (ok, status)


def test_test_tells_why_there_was_no_answer(wesend, webhook, receiver):
    given = webhook(receiver.url)
    receiver.go_away()
    outcome = wesend("webhook", "test", given)
    assert outcome.code == 1 and outcome.out.startswith("connection refused after ")
    receiver.come_back()


# -- trigger -----------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", ["wesendall", "wasambazie", "esms", "worldledgers"])
def test_a_signed_sample_of_every_event_is_posted(wesend, webhook, receiver, format_name):
    webhook_id = webhook(receiver.url, format_name=format_name)
    unknown = wesend("webhook", "trigger", webhook_id, "nothing")
    assert unknown.code == 1 and receiver.posted == []
    events = unknown.err.strip().rpartition("choose from ")[2].split(", ")
    assert len(events) >= 2
    for event in events:
        told = wesend("webhook", "trigger", webhook_id, event, "--json")
        assert told.code == 0 and told.json.items() >= {"webhook_id": webhook_id, "event": event, "ok": True}.items()
        posted = receiver.posted[-1]
        assert posted.json["event"] == event
        assert posted.headers["webhook-signature"].startswith("v1,")
        assert any(name.startswith("x-w") and name.endswith("-signature") for name in posted.headers)
    assert len(receiver.posted) == len(events)


def test_a_sample_that_is_not_received_is_told(wesend, webhook, receiver):
    receiver.behave(answer(500, b"out of order"))
    told = wesend("webhook", "trigger", webhook(receiver.url), "delivery.batch.finalized", "--json")
    shown = json.loads(told.out)
    assert (told.code, shown["ok"], shown["status_code"]) == (1, False, 500)
