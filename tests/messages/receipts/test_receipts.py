"""Receipts come twice, late, out of order, too early: all normal input. Polling, and the end of validity."""

from __future__ import annotations

import pytest

from wesend.adapters.sms.base import ACCEPTED, DELIVERED, FAILED, NEVER_SENT, SENT, UNKNOWN, Outcome, Receipt
from wesend.core import clock as time
from wesend.database import atomic
from wesend.gateways import registry
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.receipts import polling
from wesend.messages.state.transitions import move

from ...support.domain import (
    NUMBERS,
    ScriptedGateway,
    assert_counted,
    balance,
    make_route,
    make_wallet,
    message,
    problems,
    put,
    send,
    timeline,
)


def receive(message_id: int, status: str, code: str | None = None) -> bool:
    """A receipt for a message arrives; whether it changed anything."""
    with atomic() as tx:
        return bool(
            move(tx, [polling.plan_receipt(message(message_id), Receipt(status, code, "as told"), time.now_ms())], time.now_ms())
        )


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("1000")


@pytest.fixture
def submitted(wallet) -> int:
    """A message that the gateway accepted at the clock's start."""
    return send(wallet, in_request=True).messages[0]["id"]


def test_a_receipt_makes_a_message_delivered_with_its_moment(submitted, clock):
    clock.advance(5)
    assert receive(submitted, DELIVERED, "DELIVRD")
    row = message(submitted)
    assert (row["status"], row["delivered_at"], row["poll_at"]) == ("delivered", time.now_ms(), None)
    assert timeline(submitted) == ["submitted", "delivered"]


def test_the_same_receipt_again_changes_nothing(submitted, clock):
    receive(submitted, DELIVERED)
    before = tuple(message(submitted))
    clock.advance(60)
    assert not receive(submitted, DELIVERED)
    assert tuple(message(submitted)) == before and timeline(submitted) == ["submitted", "delivered"]
    assert_counted()


def test_a_late_sent_after_delivered_changes_nothing(submitted):
    receive(submitted, DELIVERED)
    assert not receive(submitted, SENT)
    assert message(submitted)["status"] == "delivered"


def test_a_failure_after_delivered_changes_nothing_and_refunds_nothing(submitted, wallet):
    make_route("ESMS_UG", "carrier", refund_failed_delivery=True)
    receive(submitted, DELIVERED)
    assert not receive(submitted, FAILED) and not receive(submitted, NEVER_SENT)
    assert balance(wallet) == "965"


def test_receipts_out_of_order_end_in_the_final_one(submitted):
    assert receive(submitted, SENT) and not receive(submitted, SENT)
    assert receive(submitted, FAILED, "UNDELIV")
    assert not receive(submitted, SENT) and not receive(submitted, DELIVERED), "a failure that was reported is final"
    row = message(submitted)
    assert (row["status"], row["error_code"]) == ("failed", "UNDELIV")


def test_a_receipt_before_our_own_record_of_the_send_stands_and_the_gateways_id_is_kept(wallet):
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 1)
    begun = queue.start([claimed])[0].messages
    assert receive(one["id"], DELIVERED)
    with atomic() as tx:
        assert settle(tx, [(begun[0], Outcome(ACCEPTED, "vendor-1"))], claimed.token) == []
    row = message(one["id"])
    assert (row["status"], row["gateway_ref"], row["poll_at"]) == ("delivered", "vendor-1", None)
    assert row["submitted_at"] is not None
    assert_counted()


def test_a_refusal_recorded_after_a_receipt_said_delivered_refunds_nothing(wallet):
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 1)
    begun = queue.start([claimed])[0].messages
    receive(one["id"], DELIVERED)
    with atomic() as tx:
        settle(tx, [(begun[0], Outcome("refused"))], claimed.token)
    assert message(one["id"])["status"] == "delivered" and balance(wallet) == "965"


@pytest.mark.parametrize("status, then", [(SENT, "sent"), (DELIVERED, "delivered"), (FAILED, "failed")])
def test_a_receipt_ends_the_doubt_about_an_unknown_message(wallet, carrier, status, then):
    carrier.outcomes.append(Outcome(UNKNOWN, text="no answer"))
    one = send(wallet, in_request=True).messages[0]
    assert one["status"] == "unknown"
    assert receive(one["id"], status)
    assert message(one["id"])["status"] == then
    assert balance(wallet) == "965", "its charge is kept"


def test_a_gateway_that_says_it_never_had_the_message_has_it_refunded_once(wallet, carrier):
    carrier.outcomes.append(Outcome(UNKNOWN))
    one = send(wallet, in_request=True).messages[0]
    assert receive(one["id"], NEVER_SENT) and not receive(one["id"], NEVER_SENT)
    assert balance(wallet) == "1000" and problems() == []


@pytest.mark.parametrize("refunds, left", [(False, "965"), (True, "1000")])
def test_a_failure_by_receipt_is_refunded_only_when_the_route_says_so(submitted, wallet, refunds, left):
    make_route("ESMS_UG", "carrier", refund_failed_delivery=refunds)
    assert receive(submitted, FAILED, "UNDELIV") and not receive(submitted, FAILED, "UNDELIV")
    assert balance(wallet) == left
    assert problems() == []


def moments_of_polls(gateway: ScriptedGateway, clock, seconds: int) -> list[int]:
    """Seconds after now at which the gateway was asked."""
    found = []
    for second in range(1, seconds + 1):
        clock.advance(1)
        asked = len(gateway.asked)
        polling.poll_due()
        found += [second] * (len(gateway.asked) - asked)
    return found


def test_a_gateway_is_asked_after_30_seconds_and_then_with_gaps_of_30_60_120_and_240(submitted, carrier, clock):
    moments = moments_of_polls(carrier, clock, 1000)
    gaps = [after - before for before, after in zip(moments, moments[1:], strict=False)]
    assert moments[0] == 30
    assert gaps == [30, 60, 120, 240, 240, 240]


def test_a_gateway_is_asked_with_what_identifies_the_message(submitted, carrier, clock):
    clock.advance(30)
    polling.poll_due()
    row = message(submitted)
    assert carrier.asked == [(submitted, row["uid"], f"carrier-{row['uid']}", NUMBERS[0], 30_000, 1)]


def test_an_unknown_message_is_asked_about_after_a_second(wallet, carrier, clock):
    carrier.outcomes.append(Outcome(UNKNOWN))
    send(wallet, in_request=True)
    assert moments_of_polls(carrier, clock, 200) == [1, 31, 91]


def test_a_final_answer_ends_the_questions(submitted, carrier, clock):
    carrier.receipts[message(submitted)["uid"]] = Receipt(DELIVERED)
    assert moments_of_polls(carrier, clock, 300) == [30]
    assert message(submitted)["status"] == "delivered"


def test_sent_is_recorded_and_asked_further(submitted, carrier, clock):
    carrier.receipts[message(submitted)["uid"]] = Receipt(SENT)
    assert moments_of_polls(carrier, clock, 130) == [30, 60, 120]
    assert message(submitted)["status"] == "sent"
    assert timeline(submitted) == ["submitted", "sent"]


def test_a_gateway_that_cannot_be_asked_is_not(wallet, carrier, clock):
    carrier.can_poll = False
    send(wallet, in_request=True)
    assert moments_of_polls(carrier, clock, 300) == []


def test_a_gateway_whose_answer_is_an_error_is_asked_again(submitted, carrier, clock, monkeypatch, caplog):
    monkeypatch.setattr(carrier, "ask", lambda questions: 1 / 0)
    clock.advance(30)
    assert polling.poll_due() == 1
    assert "could not be asked" in caplog.text
    assert message(submitted)["status"] == "submitted"
    assert message(submitted)["poll_at"] == time.now_ms() + 30_000


def test_a_gateway_that_was_removed_is_no_error(submitted, upstreams, clock):
    del upstreams["carrier"]
    clock.advance(30)
    assert registry.sms_gateway("carrier") is None
    assert polling.poll_due() == 1
    assert message(submitted)["status"] == "submitted"


def test_without_a_final_receipt_a_message_fails_by_time_out_after_48_hours(submitted, wallet, clock):
    clock.advance(48 * 3600 - 1)
    assert polling.expire() == 0
    clock.advance(1)
    assert polling.expire() == 1 and polling.expire() == 0
    row = message(submitted)
    assert (row["status"], row["error_code"], row["poll_at"]) == ("failed", "timeout", None)
    assert balance(wallet) == "965"
    assert_counted()


def test_a_time_out_is_not_refunded_even_where_the_route_refunds_failures(submitted, wallet, clock):
    make_route("ESMS_UG", "carrier", refund_failed_delivery=True)
    clock.advance(48 * 3600)
    polling.expire()
    assert balance(wallet) == "965"


def test_after_a_time_out_a_message_may_still_be_delivered(submitted, clock):
    clock.advance(48 * 3600)
    polling.expire()
    assert receive(submitted, DELIVERED) and not receive(submitted, DELIVERED)
    row = message(submitted)
    assert (row["status"], row["error_code"], row["failed_at"]) == ("delivered", None, None)
    assert timeline(submitted) == ["submitted", "failed", "delivered"]
    assert_counted()
    assert problems() == []


def test_an_unknown_message_times_out_too_and_keeps_its_charge(wallet, carrier, clock):
    carrier.outcomes.append(Outcome(UNKNOWN))
    one = send(wallet, in_request=True).messages[0]
    clock.advance(48 * 3600)
    assert polling.expire() == 1
    assert message(one["id"])["error_code"] == "timeout" and balance(wallet) == "965"


def test_a_message_of_a_gateway_without_receipts_stays_sent(wallet, carrier, clock):
    carrier.sends_receipts = carrier.can_poll = False
    one = send(wallet, in_request=True).messages[0]
    assert one["status"] == "sent"
    clock.advance(30 * 24 * 3600)
    assert polling.expire() == 0 and message(one["id"])["status"] == "sent"


def test_what_was_queued_again_in_the_meantime_does_not_expire(submitted, clock, monkeypatch):
    """Between the look and the write another process may have failed the message and a person retried it."""
    clock.advance(48 * 3600)
    write = polling.write

    def meanwhile(unit):
        put(submitted, "queued", poll_at=None, expires_at=None)
        return write(unit)

    monkeypatch.setattr(polling, "write", meanwhile)
    assert polling.expire() == 0
    assert message(submitted)["status"] == "queued"
