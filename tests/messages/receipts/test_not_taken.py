"""A receipt that says that the carrier has not taken a message after all: tried again at no second charge, then refunded."""

from __future__ import annotations

import pytest

from tests.support.domain import ACTOR, assert_counted, balance, make_route, make_wallet, message, problems, put, send, timeline
from tests.support.fakes import FakeVendor, answer
from wesend.adapters.sms.base import CallbackReceipt, Receipt
from wesend.database import query, write
from wesend.gateways import registry, service
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.dispatch.submit import call
from wesend.messages.receipts import inbox, polling
from wesend.routing import opt_outs

TO = "+256712300000"
WORDS = pytest.mark.parametrize("word", ["SUBMIT_FAIL", "THROTTLED"])


@pytest.fixture
def context(app_with, clock):
    with app_with(WESEND_RETRY_DELAYS="1,4").app_context():
        yield


@pytest.fixture
def carrier(context):
    """A gateway of options whose every message has the id of its reference."""
    fake = FakeVendor()
    fake.on("POST", "/send", answer(200))
    options = {"url": f"{fake.url}/send", "body": '{"to": "{to}"}', "receipt_id": "id", "receipt_status": "status"}
    service.set_gateway("car", "http", options, {}, actor=ACTOR)
    make_route("ESMS_UG", "car")
    yield fake
    fake.stop()


@pytest.fixture
def wallet(carrier):
    return make_wallet("1000")


def told(row, word: str) -> None:
    inbox.keep("car", [CallbackReceipt(row["uid"], row["uid"], None, Receipt("failed", word))])
    inbox.match_new()


def dispatch() -> int:
    claimed = queue.claim("car", 10)
    for group in queue.start([claimed]) if claimed.messages else []:
        gateway = registry.sms_gateway("car")
        assert gateway is not None
        results = list(zip(group.messages, call(gateway, group.messages), strict=True))
        write(lambda tx, results=results, token=group.token: settle(tx, results, token))
    return len(claimed.messages)


@WORDS
def test_it_is_tried_again_twice_and_then_failed_and_refunded(carrier, wallet, clock, word):
    row = send(wallet, TO, in_request=True).messages[0]
    for attempt, gap in enumerate((1, 4), 1):
        assert message(row["id"])["status"] == "submitted"
        told(row, word)
        assert (message(row["id"])["status"], timeline(row["id"])[-1], balance(wallet)) == ("queued", "retrying", "965")
        clock.advance(gap - 0.5)
        assert dispatch() == 0, "not before its time"
        clock.advance(0.5)
        assert dispatch() == 1 and len(carrier.asked) == attempt + 1
    told(row, word)
    found = message(row["id"])
    assert (found["status"], found["error_code"], balance(wallet)) == ("failed", word, "1000")
    details = query("SELECT detail FROM message_events WHERE message_id = ? AND event = 'retrying'", (row["id"],))
    assert [one["detail"] for one in details] == [f"DLR: {word}; tried again in {gap} s" for gap in (1, 4)]
    assert_counted()
    assert problems() == []


@WORDS
def test_what_then_arrives_is_delivered_and_paid_once(carrier, wallet, clock, word):
    row = send(wallet, TO, in_request=True).messages[0]
    told(row, word)
    told(row, word)
    assert message(row["id"])["backoffs"] == 1, "told twice, it is tried again once"
    clock.advance(1)
    dispatch()
    inbox.keep("car", [CallbackReceipt(row["uid"], row["uid"], None, Receipt("delivered", "DELIVRD"))])
    inbox.match_new()
    assert (message(row["id"])["status"], message(row["id"])["error_code"], balance(wallet)) == ("delivered", None, "965")
    assert_counted()
    assert problems() == []


@pytest.mark.parametrize("why", ["doubt", "opted out", "over"])
def test_what_may_not_leave_again_is_failed_at_once(carrier, wallet, clock, why):
    row = send(wallet, TO, in_request=True).messages[0]
    if why == "doubt":
        put(row["id"], "unknown")
    elif why == "over":
        clock.advance(48 * 3600)
    else:
        write(lambda tx: opt_outs.add_opt_out(tx, account_id=row["account_id"], channel="sms", address=TO, source="test"))
    told(row, "SUBMIT_FAIL")
    assert (message(row["id"])["status"], balance(wallet), len(carrier.asked)) == ("failed", "1000", 1)
    assert problems() == []


def test_an_answer_to_a_question_says_it_too(carrier, wallet, clock, monkeypatch):
    row = send(wallet, TO, in_request=True).messages[0]
    put(row["id"], "submitted", poll_at=0, claim_token=None)
    adapter = type(registry.gateway("car"))
    monkeypatch.setattr(adapter, "ask", lambda self, questions: [Receipt("failed", "THROTTLED") for _ in questions])
    polling.poll_due()
    assert (message(row["id"])["status"], timeline(row["id"])[-1]) == ("queued", "retrying")


def test_another_failure_is_final(carrier, wallet):
    row = send(wallet, TO, in_request=True).messages[0]
    told(row, "UNDELIV")
    assert (message(row["id"])["status"], balance(wallet)) == ("failed", "965")
