"""Fail-over: what surely was not sent goes the next way at once, then waits, then is refunded; a doubt never does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack

import pytest
from flask import Flask

from tests.conftest import MovableClock
from wesend.adapters.sms.base import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    REFUSED,
    SENT,
    TEMPORARY,
    UNKNOWN,
    CallbackReceipt,
    Outcome,
    Receipt,
)
from wesend.adapters.sms.smpp import ids
from wesend.coordination import call_slots, pace
from wesend.coordination.bell import DISPATCH, Bell
from wesend.database import write
from wesend.gateways import breaker, request_limits
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.failover import fail_over, fail_over_removed
from wesend.messages.dispatch.settle import settle
from wesend.messages.dispatch.submit import call, submit
from wesend.messages.dispatch.worker import Worker
from wesend.messages.receipts import inbox as receipt_inbox
from wesend.messages.sending import send as sending

from ...support.domain import (
    NUMBERS,
    ScriptedGateway,
    assert_counted,
    balance,
    make_route,
    make_wallet,
    message,
    problems,
    send,
    timeline,
)

BUSY = Outcome(TEMPORARY, code="429", text="Too many requests")
SILENT = Outcome(UNKNOWN, code="no_answer", text="no answer in time")


@pytest.fixture
def app(app_with) -> Flask:
    return app_with(WESEND_RETRY_DELAYS="1,4", WESEND_GATEWAY_TIMEOUT="0.4")


@pytest.fixture
def second(carrier, upstreams) -> ScriptedGateway:
    """The next way for Uganda, at another price."""
    upstreams["second"] = ScriptedGateway("second")
    make_route("SECOND", "second", price="50", priority=1)
    return upstreams["second"]


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("1000")


def go(gateway: ScriptedGateway, limit: int = 10) -> int:
    """What a worker does for a gateway, once; how many messages it took."""
    claimed = queue.claim(gateway.name, limit)
    ours = queue.start([claimed])[0].messages if claimed.messages else []
    for outgoing in ours:
        outcomes = call(gateway, [outgoing])
        write(lambda tx, outgoing=outgoing, outcomes=outcomes: settle(tx, [(outgoing, outcomes[0])], claimed.token))
    return len(ours)


def state(message_id: int) -> tuple:
    row = message(message_id)
    return row["status"], row["gateway"], row["attempts"]


def test_a_temporary_refusal_goes_to_the_next_route_at_once_for_the_price_of_acceptance(wallet, carrier, second):
    carrier.outcomes.append(BUSY)
    one = send(wallet, in_request=True).messages[0]
    assert state(one["id"]) == ("queued", "second", 1)
    assert message(one["id"])["due_at"] == one["created_at"]
    assert go(second) == 1 and state(one["id"]) == ("submitted", "second", 2)
    assert balance(wallet) == "965" and message(one["id"])["cost_micros"] == 35_000_000
    assert timeline(one["id"]) == ["failover", "submitted"]


def test_the_next_routes_worker_is_woken_and_nobodys_for_one_that_waits(app, wallet, carrier, second):
    listening = Bell(app.config["WESEND"].instance)
    try:
        carrier.outcomes.append(BUSY)
        send(wallet, in_request=True)
        assert DISPATCH + b"second" in listening.wait(5)
        second.outcomes.append(BUSY)
        assert go(second) == 1
        assert listening.wait(0) == frozenset()
    finally:
        listening.close()


def test_without_another_way_it_is_tried_again_after_1_and_4_seconds_then_fails_and_is_refunded(wallet, carrier, clock):
    carrier.outcomes.extend([BUSY] * 3)
    one = send(wallet).messages[0]
    assert go(carrier) == 1
    for seconds in (1, 4):
        clock.advance(seconds - 0.001)
        assert go(carrier) == 0
        clock.advance(0.001)
        assert go(carrier) == 1
    assert state(one["id"]) == ("failed", "carrier", 3) and balance(wallet) == "1000"
    assert timeline(one["id"]) == ["retrying", "retrying", "failed"]
    assert_counted()
    assert problems() == []


def test_all_ways_are_tried_before_each_wait(wallet, carrier, second, clock):
    carrier.outcomes.extend([BUSY] * 3)
    second.outcomes.extend([BUSY] * 3)
    one = send(wallet).messages[0]
    for seconds in (1, 4, 0):
        assert (go(carrier), go(second)) == (1, 1)
        clock.advance(seconds)
    assert state(one["id"]) == ("failed", "second", 6) and balance(wallet) == "1000"
    assert (len(carrier.submitted), len(second.submitted)) == (3, 3)


@pytest.mark.parametrize("in_request", [True, False])
def test_an_unknown_outcome_never_fails_over_is_never_sent_again_and_keeps_its_charge(wallet, carrier, second, clock, in_request):
    carrier.outcomes.append(SILENT)
    one = send(wallet, in_request=request_limits).messages[0]
    go(carrier)
    for _ in range(5):
        clock.advance(60)
        assert (go(carrier), go(second)) == (0, 0)
    assert state(one["id"]) == ("unknown", "carrier", 1) and balance(wallet) == "965"
    assert len(carrier.submitted) == 1 and second.submitted == []


def test_a_refusal_is_refunded_at_once_and_goes_nowhere_else(wallet, carrier, second):
    carrier.outcomes.append(Outcome(REFUSED, code="403", text="InvalidPhoneNumber"))
    one = send(wallet, in_request=True).messages[0]
    assert state(one["id"]) == ("failed", "carrier", 1) and balance(wallet) == "1000"
    assert go(second) == 0 and message(one["id"])["error_message"] == "InvalidPhoneNumber"


def rest(name: str) -> None:
    for _ in range(breaker.FAILURES):
        write(lambda tx: breaker.note(tx, name, failed=1, went_well=False, error="down"))


def test_what_waits_for_a_resting_gateway_is_led_around(wallet, carrier, second):
    ids_ = [row["id"] for row in send(wallet, *NUMBERS[:3]).messages]
    rest("carrier")
    fail_over("carrier")
    assert {state(each)[:2] for each in ids_} == {("queued", "second")}
    assert timeline(ids_[0]) == ["failover"]
    assert go(second) == 3 and carrier.submitted == []


def test_what_has_no_other_way_waits_for_the_resting_gateway_and_pays_nothing_for_it(wallet, carrier, clock):
    one = send(wallet).messages[0]
    rest("carrier")
    for _ in range(20):
        fail_over("carrier")
    assert state(one["id"]) == ("queued", "carrier", 0) and timeline(one["id"]) == []
    clock.advance(5)
    assert go(carrier) == 1 and state(one["id"])[0] == "submitted"


def test_what_it_refused_for_now_fails_after_the_retry_delays_though_the_gateway_rests(wallet, carrier, clock):
    carrier.outcomes.append(BUSY)
    one = send(wallet).messages[0]
    assert go(carrier) == 1
    rest("carrier")
    for seconds in (1, 4):
        fail_over("carrier")
        assert state(one["id"])[0] == "queued"
        clock.advance(seconds)
        rest("carrier")
        fail_over("carrier")
    assert state(one["id"])[0] == "failed" and balance(wallet) == "1000"
    assert timeline(one["id"]) == ["retrying", "retrying", "failed"]
    assert len(carrier.submitted) == 1 and problems() == []


def test_but_it_waits_for_what_comes_of_the_try_after_the_rest(wallet, carrier, clock):
    carrier.outcomes.append(BUSY)
    one = send(wallet).messages[0]
    assert go(carrier) == 1
    rest("carrier")
    clock.advance(60)
    fail_over("carrier")
    assert state(one["id"]) == ("queued", "carrier", 1) and go(carrier) == 1
    assert state(one["id"])[0] == "submitted"


def test_what_says_nothing_against_the_gateway_never_makes_it_rest(wallet, carrier):
    for _ in range(2 * breaker.FAILURES):
        carrier.outcomes.append(Outcome(TEMPORARY, code="450", text="Mailbox busy", works=True))
        send(wallet, in_request=True)
    assert not breaker.rests("carrier")


def test_a_live_message_is_never_handed_over_to_the_sandbox(wallet, carrier):
    make_route("PLAYGROUND", "sandbox", price="1", priority=1)
    carrier.outcomes.append(BUSY)
    one = send(wallet, in_request=True).messages[0]
    assert state(one["id"])[:2] == ("queued", "carrier") and timeline(one["id"]) == ["retrying"]


def test_a_resting_gateway_is_not_failed_over_to(wallet, carrier, second):
    rest("second")
    carrier.outcomes.append(BUSY)
    one = send(wallet, in_request=True).messages[0]
    assert state(one["id"])[:2] == ("queued", "carrier") and timeline(one["id"]) == ["retrying"]


def test_after_a_rest_one_message_tries_the_gateway_and_the_others_go_when_it_went_well(wallet, carrier, clock, app):
    release = threading.Event()
    first = threading.Event()
    submit = carrier.submit

    def wait_then_submit(submissions):
        first.set()
        release.wait(30)
        return submit(submissions)

    carrier.submit = wait_then_submit
    send(wallet, *NUMBERS[:5])
    rest("carrier")
    clock.advance(5)
    worker = still_worker(app, "carrier")
    worker._serve()
    assert first.wait(30)
    for _ in range(3):
        worker._serve()
    assert worker.out == 1
    release.set()
    with worker.idle:
        assert worker.idle.wait_for(lambda: worker.out == 0, 30)
    assert len(carrier.submitted) == 1 and not breaker.is_on_trial("carrier")
    worker._serve()
    worker.pool.shutdown()
    assert len(carrier.submitted) == 5


def still_worker(app: Flask, name: str) -> Worker:
    """A worker whose rounds the test takes itself."""
    worker = Worker(app, name)
    worker.stop()
    worker.thread.join(30)
    worker.stopping = False
    return worker


def test_what_was_queued_for_a_removed_gateway_is_led_around(wallet, carrier, second, upstreams):
    one = send(wallet).messages[0]
    del upstreams["carrier"]
    fail_over_removed()
    assert state(one["id"])[:2] == ("queued", "second") and go(second) == 1


def test_or_refunded_after_a_while_when_there_is_no_other_way(wallet, upstreams, clock):
    one = send(wallet).messages[0]
    del upstreams["carrier"]
    for seconds in (1, 4, 0):
        fail_over_removed()
        clock.advance(seconds)
    assert state(one["id"])[0] == "failed" and balance(wallet) == "1000" and problems() == []


def test_a_gateway_that_is_removed_while_a_request_holds_its_messages_sends_them_another_way(
    wallet, carrier, second, upstreams, monkeypatch
):
    monkeypatch.setattr(sending, "submit", lambda *claimed: (upstreams.pop("carrier"), submit(*claimed))[1])
    one = send(wallet, in_request=True).messages[0]
    assert state(one["id"])[:2] == ("queued", "second") and carrier.submitted == []


@pytest.mark.parametrize("in_the_way", ["slots", "pace", "requests"])
def test_a_request_that_finds_no_room_is_answered_as_queued_and_counts_no_attempt(wallet, carrier, app, in_the_way):
    carrier.parallel = 1
    if in_the_way == "pace":
        carrier.tps = 0.001
        assert pace.wait_for_turn(carrier, 1, 0)
    with ExitStack() as held:
        if in_the_way == "slots":
            held.enter_context(call_slots.slot(carrier, 0))
        if in_the_way == "requests":
            while held.enter_context(request_limits.waiting_for({"carrier"})):
                pass
        one = send(wallet, in_request=True).messages[0]
    assert (one["status"], one["attempts"], one["backoffs"]) == ("queued", 0, 0)
    assert carrier.submitted == [] and balance(wallet) == "965"
    carrier.tps = None
    assert go(carrier) == 1 and state(one["id"]) == ("submitted", "carrier", 1)
    assert_counted()


def test_a_request_with_many_recipients_begins_nothing_after_its_time(wallet, carrier):
    """0.2 s of the gateway's 0.4 are for beginning: what is not begun then is queued. (All, where the machine is held up.)"""
    carrier.parallel = 1
    submit, pause = carrier.submit, threading.Event()

    def slow(submissions):
        pause.wait(0.15)
        return submit(submissions)

    carrier.submit = slow
    for _ in range(5):
        statuses = [row["status"] for row in send(wallet, *NUMBERS[:10], in_request=True).messages]
        if set(statuses) != {"queued"}:
            break
    assert set(statuses) == {"submitted", "queued"} and statuses.count("submitted") <= 2
    assert len(carrier.submitted) == statuses.count("submitted")


class Parted(ScriptedGateway):
    """Knows a long message by an id a part, as SMPP does."""

    alternatives = staticmethod(ids.alternatives)

    @staticmethod
    def whole(gateway_ref: str, receipts: Mapping[str, Receipt]) -> Receipt | None:
        return ids.whole(gateway_ref, receipts)


@pytest.fixture
def parted(upstreams, carrier) -> Parted:
    upstreams["carrier"] = Parted("carrier")
    return upstreams["carrier"]


def bring(*receipts: tuple[str, str]) -> int:
    receipt_inbox.keep("carrier", [CallbackReceipt(ref, None, NUMBERS[0], Receipt(status)) for ref, status in receipts])
    return receipt_inbox.match_new()


@pytest.mark.parametrize(
    "receipts, then",
    [
        ([("1a", DELIVERED)], "sent"),
        ([("1a", DELIVERED), ("1b", DELIVERED)], "delivered"),
        ([("1b", DELIVERED), ("1a", SENT), ("1a", DELIVERED)], "delivered"),
        ([("26", DELIVERED), ("27", DELIVERED)], "delivered"),
        ([("001A", DELIVERED), ("001B", DELIVERED)], "delivered"),
        ([("1a", FAILED)], "failed"),
        ([("1a", DELIVERED), ("1b", FAILED)], "failed"),
        ([("1a", DELIVERED), ("1a", SENT), ("1b", DELIVERED)], "delivered"),
        ([("1a", DELIVERED)] * 4, "sent"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_long_message_is_delivered_when_all_its_parts_are_and_failed_when_one_is(wallet, parted, receipts, then, at_once):
    parted.outcomes.append(Outcome(ACCEPTED, "1a,1b"))
    one = send(wallet, text="long " * 40, in_request=True).messages[0]
    matched = bring(*receipts) if at_once else sum(bring(each) for each in receipts)
    assert matched == len(receipts) and state(one["id"])[0] == then
    assert_counted()


def test_a_part_that_was_answered_for_ends_the_doubt_about_a_long_message(wallet, parted):
    parted.outcomes.append(Outcome(UNKNOWN, "1a,?"))
    one = send(wallet, text="long " * 40, in_request=True).messages[0]
    assert state(one["id"])[0] == "unknown" and bring(("1a", FAILED)) == 1
    assert state(one["id"])[0] == "failed" and balance(wallet) == "930", "it was taken, so it is paid"


def test_a_short_message_is_found_by_every_spelling_of_its_id(wallet, parted, clock: MovableClock):
    parted.outcomes.append(Outcome(ACCEPTED, "1f"))
    one = send(wallet, in_request=True).messages[0]
    assert bring(("31", DELIVERED)) == 1 and state(one["id"])[0] == "delivered"
