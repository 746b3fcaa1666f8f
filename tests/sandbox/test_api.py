"""What the sandbox caught, as an end-to-end test of somebody's application asks for it, and its number endings."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask.testing import FlaskClient

from wesend.database import query

from ..support.accounts import new_wesendall
from ..support.apis import Wesendall
from ..support.jobs import ManualJobs

UTC_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ANN = "+256712345678"


@pytest.fixture(autouse=True)
def in_context():
    """None here: each request opens its own, as a server's does."""


def caught(client: FlaskClient, kind: str = "messages", **query) -> list[dict]:
    answer = client.get(f"/sandbox/{kind}", query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert list(answer.json) == [kind]
    return answer.json[kind]


def texts(client: FlaskClient, **query) -> list[str]:
    return [message["text"] for message in caught(client, **query)]


def test_a_test_can_read_the_code_that_its_application_sent(client, wesendall):
    sent = wesendall.send("0712345678", "Your code is 482910", senderId="MYBRAND").json["data"]
    [message] = caught(client, to="0712345678")
    assert UTC_SECOND.fullmatch(message.pop("at"))
    assert message == {
        "id": sent["results"][0]["message_id"],
        "to": ANN,
        "sender": "MYBRAND",
        "text": "Your code is 482910",
        "status": "submitted",
        "segments": 1,
    }


def test_nothing_caught_is_an_empty_list(client):
    assert caught(client) == []
    assert caught(client, "emails") == []


def test_no_credentials_are_needed_and_wrong_ones_do_no_harm(client, wesendall):
    wesendall.send("0712345678")
    answer = client.get("/sandbox/messages", headers={"Authorization": "Basic eDp5"})
    assert (answer.status_code, len(answer.json["messages"])) == (200, 1)


@pytest.mark.parametrize("path", ["/sandbox/messages", "/sandbox/emails"])
def test_the_sandbox_is_404_while_it_is_off(app_with, path):
    Wesendall(app_with().test_client()).send("0712345678", "Secret")
    for app in (app_with(WESEND_SANDBOX="0"), app_with(WESEND_HOST="0.0.0.0")):
        answer = app.test_client().get(path)
        assert answer.status_code == 404
        assert b"Secret" not in answer.data


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("path", ["/sandbox/messages", "/sandbox/emails"])
def test_what_was_caught_can_only_be_read(client, path, method):
    """A POST to the messages is one that a phone writes: without a body it is none."""
    writes = (path, method) == ("/sandbox/messages", "POST")
    assert client.open(path, method=method).status_code == (400 if writes else 405)


@pytest.mark.parametrize(
    "to", [ANN, "256712345678", "00256712345678", "0712345678", "712345678", "+256 712 345 678", "0712-345-678", " 0712345678 "]
)
def test_to_is_read_in_any_form(client, wesendall, to):
    wesendall.send(["0712345678", "0772345678"], "For Ann")
    assert [message["to"] for message in caught(client, to=to)] == [ANN]


def test_a_plus_that_was_not_escaped_is_still_a_plus(client, wesendall):
    wesendall.send("0712345678")
    assert len(client.get("/sandbox/messages?to=+256712345678").json["messages"]) == 1


@pytest.mark.parametrize(
    ("to", "national"),
    [
        ("+254712345678", "0712345678"),
        ("+255712345678", "0712345678"),
        ("+250781234567", "0781234567"),
        ("+2348031234567", "08031234567"),
        ("+233241234567", "0241234567"),
        ("+260971234567", "0971234567"),
    ],
)
def test_a_national_number_of_any_country_with_a_route_is_found(client, wesendall, to, national):
    wesendall.send(to)
    assert [message["to"] for message in caught(client, to=national)] == [to]


def test_a_national_number_of_an_accounts_home_country_is_found(app, client):
    api = new_wesendall(app, country="GB", currency="SMS")
    assert api.send("07911123456").status_code == 200
    assert [message["to"] for message in caught(client, to="07911123456")] == ["+447911123456"]


def test_a_phone_that_got_nothing_has_nothing(client, wesendall):
    wesendall.send("0712345678")
    assert caught(client, to="0772345678") == []


def refused(client: FlaskClient, path: str, status: int = 400, **query) -> str:
    answer = client.get(f"/sandbox/{path}", query_string=query)
    assert (answer.status_code, list(answer.json), set(answer.json["error"])) == (status, ["error"], {"code", "message"})
    return answer.json["error"]["message"]


@pytest.mark.parametrize("to", ["nobody", "12", "ann@example.com", "%", "' OR 1=1 --", "x" * 5000])
def test_a_to_that_is_no_phone_is_400(client, wesendall, to):
    wesendall.send("0712345678")
    assert "to" in refused(client, "messages", to=to).split()


@pytest.mark.parametrize("to", ["nobody", "0712345678", "@", "a@", "@b", "a@b@c", "a\n@b"])
def test_a_to_that_is_no_address_is_400(client, to):
    assert "to" in refused(client, "emails", to=to).split()


@pytest.mark.parametrize("path", ["messages", "emails"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("limit", value) for value in ("0", "1001", "-1", "ten", "1.5", "", "+5", "9" * 30, "\u0663")],
        *[("order", value) for value in ("up", "", "ASC")],
    ],
)
def test_a_limit_or_an_order_that_is_none_is_400_and_named(client, path, name, value):
    assert name in refused(client, path, **{name: value}).split()


def test_what_is_not_there_and_what_can_not_be_done_is_said_in_the_same_form(client):
    for path in ("", "nothing", "emails/nothing", "emails/nothing/raw", "messages/"):
        if path != "messages/":
            assert refused(client, path, 404)
    answer = client.put("/sandbox/messages")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("to", ["", "  "])
def test_an_empty_to_means_everybody(client, wesendall, to):
    wesendall.send(["0712345678", "0772345678"])
    assert len(caught(client, to=to)) == 2


def test_the_newest_stands_last(client, wesendall):
    for number in range(5):
        wesendall.send("0712345678", f"Text {number}")
    assert texts(client) == [f"Text {number}" for number in range(5)]


def test_since_an_id_shows_what_came_after_it(client, wesendall):
    ids = [wesendall.send("0712345678", text).json["data"]["results"][0]["message_id"] for text in ("Text 0", "Text 1", "Text 2")]
    assert texts(client, since=ids[0]) == ["Text 1", "Text 2"]
    assert texts(client, since=ids[2]) == []
    assert texts(client, since=ids[0], to="0772345678") == []


def at(seconds: float, zone: timezone | None = UTC) -> str:
    return datetime.fromtimestamp(seconds, zone or UTC).replace(tzinfo=zone).isoformat()


@pytest.mark.parametrize(
    "write",
    [
        at,
        lambda seconds: at(seconds).replace("+00:00", "Z"),
        lambda seconds: at(seconds, None),
        lambda seconds: at(seconds, timezone(timedelta(hours=3))),
        str,
        lambda seconds: str(int(seconds)),
        lambda seconds: at(seconds).replace("T", " "),
    ],
    ids=["offset", "Z", "no zone is UTC", "another zone", "seconds", "whole seconds", "a space"],
)
def test_since_a_time_shows_what_came_then_or_later(clock, client, wesendall, write):
    times = []
    for number in range(3):
        wesendall.send("0712345678", f"Text {number}")
        times.append(clock())
        clock.advance(60)
    assert texts(client, since=write(times[1])) == ["Text 1", "Text 2"]
    assert texts(client, since=write(times[2] + 1)) == []


def test_the_at_of_a_message_can_be_given_as_since(client, wesendall):
    wesendall.send("0712345678", "Text")
    assert texts(client, since=caught(client)[0]["at"]) == ["Text"]


def test_a_plus_of_a_zone_that_was_not_escaped_is_still_a_plus(clock, client, wesendall):
    wesendall.send("0712345678")
    for since, count in (("2026-06-10T15:00:00+03:00", 1), ("2026-06-10T15:00:01+03:00", 0)):
        assert len(client.get(f"/sandbox/messages?since={since}").json["messages"]) == count


@pytest.mark.parametrize(
    "since", ["soon", "01900000-0000-7000-8000-000000000000", "nan", "inf", "-inf", "1e300", "9" * 30, "2026-13-01", "'", "\0"]
)
def test_a_since_that_is_neither_is_400(client, since):
    assert client.get("/sandbox/messages", query_string={"since": since}).status_code == 400


@pytest.mark.parametrize("wait", ["soon", "1s", "-5", "nan"])
def test_a_wait_that_is_no_number_is_400(client, wait):
    assert client.get("/sandbox/messages", query_string={"wait": wait}).status_code == 400


@pytest.mark.parametrize("wait", ["", "0", "0.2"])
def test_a_wait_that_is_over_ends_empty(client, wait):
    assert caught(client, wait=wait) == []


def test_wait_returns_at_once_when_there_is_one(client, wesendall):
    """Were it to wait to its end, the deadline of the pool would be missed."""
    wesendall.send("0712345678", "There")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(texts, client, wait="30").result(25) == ["There"]


def test_wait_answers_as_soon_as_a_message_for_that_phone_comes(app, client, wesendall):
    wesendall.send("0712345678", "For somebody else")
    looked = threading.Event()

    def ask() -> list[str]:
        looked.set()
        return texts(app.test_client(), to="0772345678", wait="30")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask)
        assert looked.wait(20)
        wesendall.send("0772345678", "Your code is 1")
        assert waiting.result(25) == ["Your code is 1"]


def test_wait_since_an_id_waits_for_the_next_one(app, wesendall):
    first = wesendall.send("0712345678", "First").json["data"]["results"][0]["message_id"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(texts, app.test_client(), since=first, wait="30")
        wesendall.send("0712345678", "Second")
        assert waiting.result(25) == ["Second"]


def test_wait_is_at_most_thirty_seconds(client, monkeypatch):
    """A clock that jumps at each sleep: nobody waits for real."""
    slept: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(time, "sleep", slept.append)
    for wait in ("31", "1e9", "inf"):
        slept.clear()
        assert caught(client, wait=wait) == []
        assert sum(slept) == pytest.approx(30)


def test_a_live_message_is_not_caught(app, client):
    new_wesendall(app, is_sandbox=False).send("0712345678")
    assert caught(client) == []


@pytest.fixture
def many(app, jobs) -> list[str]:
    """The phones of 1,001 messages, in order."""
    api = new_wesendall(app, balance="1000000")
    api.send([f"0712{number:06d}" for number in range(1001)])
    jobs.dispatch()
    return [f"+256712{number:06d}" for number in range(1001)]


def test_a_list_has_the_newest_hundred_unless_more_are_asked_for(client, many):
    assert [found["to"] for found in caught(client)] == many[-100:]
    assert [found["to"] for found in caught(client, limit=1000)] == many[-1000:]
    assert [found["to"] for found in caught(client, limit=2, order="desc")] == many[:-3:-1]


def test_with_since_a_list_has_the_oldest_after_it_so_that_all_are_seen_page_by_page(client, many):
    seen, since = [], "2020-01-01"
    while page := caught(client, since=since, limit=300):
        assert len(page) <= 300
        seen += [found["to"] for found in page]
        since = page[-1]["id"]
    assert seen == many
    assert [found["to"] for found in caught(client, since="2020-01-01", limit=2, order="desc")] == many[:-3:-1]


def test_since_now_is_what_comes_from_now_on(clock, client, wesendall):
    wesendall.send("0712345678", "Before")
    clock.advance(1)
    assert texts(client, since="now") == []
    wesendall.send("0712345678", "Now")
    assert texts(client, since="now") == ["Now"]


@pytest.mark.parametrize(
    ("ending", "answered", "settled"),
    [
        ("0000099", "submitted", "failed"),
        ("0000077", "failed", "failed"),
        ("0000066", "unknown", "unknown"),
        ("0000055", "submitted", "submitted"),
        ("2345678", "submitted", "delivered"),
    ],
)
@pytest.mark.parametrize("prefix", ["+25670", "+25470", "+25570"])
def test_what_becomes_of_a_number_follows_from_its_ending_in_every_country(
    client, wesendall, jobs, prefix, ending, answered, settled
):
    answer = wesendall.send(prefix + ending)
    assert answer.status_code == (502 if ending == "0000077" else 200)
    assert [message["status"] for message in caught(client)] == [answered]
    jobs.settle()
    assert [message["status"] for message in caught(client)] == [settled]


def test_0000088_is_refused_as_if_the_balance_were_too_low_and_nothing_is_caught(client, wesendall, jobs):
    assert wesendall.send(["+256700000088", "+256712345678"]).status_code == 402
    jobs.settle()
    assert caught(client) == []


def test_0000044_fails_twice_for_a_while_and_is_then_accepted(app, client, wesendall, jobs):
    wesendall.send("+256700000044")
    assert caught(client) == []
    jobs.dispatch()
    jobs.dispatch()
    assert [message["status"] for message in caught(client)] == ["submitted"]
    jobs.receipts()
    assert [message["status"] for message in caught(client)] == ["delivered"]
    with app.app_context():
        events = [row["event"] for row in query("SELECT event FROM message_events ORDER BY id")]
    assert events == ["retrying", "retrying", "submitted", "delivered"]


def test_the_delay_decides_when_it_is_delivered(app_with, clock):
    app = app_with(WESEND_SANDBOX_DELAY="5")
    client = app.test_client()
    Wesendall(client).send("0712345678")
    for advance, status in ((4.9, "submitted"), (0.2, "delivered")):
        clock.advance(advance)
        ManualJobs(app).receipts()
        assert [message["status"] for message in caught(client)] == [status]
