"""The queue: claimed with a lease and a token, handed back, recovered after a crash, small sends first."""

from __future__ import annotations

from collections import Counter

import pytest

from wesend.accounts.service import get_account
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, Outcome
from wesend.coordination import cluster
from wesend.core import clock as time
from wesend.database import atomic, query
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.sending.options import Options
from wesend.messages.state.claims import LEASE_MS

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


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("100000")


def record(claimed: queue.Claimed, *outcomes: Outcome) -> int:
    with atomic() as tx:
        return len(settle(tx, list(zip(claimed.messages, outcomes, strict=True)), claimed.token))


def test_a_claimed_message_has_a_token_and_a_lease_of_30_seconds_and_is_claimed_by_nobody_else(wallet):
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 10)
    row = message(one["id"])
    assert [outgoing.id for outgoing in claimed.messages] == [one["id"]]
    assert (row["status"], row["claim_token"], row["lease_until"]) == (
        "claimed",
        claimed.token,
        time.now_ms() + LEASE_MS,
    ) and LEASE_MS == 30_000
    assert queue.claim("carrier", 10).messages == []


def test_a_claim_takes_what_is_due_for_its_gateway_oldest_first_and_no_more_than_asked(wallet, upstreams):
    upstreams["other"] = ScriptedGateway("other")
    make_route("KE", "other", country="KE", price="1", prefixes=["25471"])
    first, second = send(wallet, *NUMBERS[:2]).messages
    send(wallet, "+254712345678")
    send(wallet, NUMBERS[2], options=Options("scheduled", time.now_ms() + 1000))
    assert [one.id for one in queue.claim("carrier", 1).messages] == [first["id"]]
    assert [one.id for one in queue.claim("carrier", 10).messages] == [second["id"]]
    assert queue.claim("carrier", 10).messages == []
    assert [one.recipient for one in queue.claim("other", 10).messages] == ["+254712345678"]
    assert not queue.is_due("carrier")


def test_what_waits_is_released_when_its_time_has_come(wallet, clock):
    scheduled = send(wallet, NUMBERS[0], options=Options("scheduled", time.now_ms() + 60_000)).messages[0]
    dripping = send(wallet, *NUMBERS[1:4], options=Options("drip", drip_rate=60)).messages
    assert [row["due_at"] - time.now_ms() for row in dripping] == [0, 1000, 2000], "60 a minute"
    assert queue.release_due() == 1
    clock.advance(1.5)
    assert queue.release_due() == 1
    clock.advance(58)
    assert queue.release_due() == 1 and message(scheduled["id"])["status"] == "scheduled"
    clock.advance(1)
    assert queue.release_due() == 1 and queue.release_due() == 0
    assert message(scheduled["id"])["status"] == "queued"
    assert_counted()


def test_a_release_is_bounded(wallet):
    send(wallet, *NUMBERS[:5], options=Options("scheduled", time.now_ms()))
    assert [queue.release_due(2) for _ in range(4)] == [2, 2, 1, 0]


def test_starting_marks_a_message_as_submitting_and_renews_its_lease(wallet, clock):
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 1)
    clock.advance(20)
    assert queue.start([claimed])[0].messages == claimed.messages
    row = message(one["id"])
    assert (row["status"], row["lease_until"]) == ("submitting", time.now_ms() + LEASE_MS)
    assert queue.start([claimed])[0].messages == [], "nobody begins twice"


def test_a_gateway_that_is_called_at_once_is_claimed_for_and_begun_in_one_step(wallet):
    send(wallet)
    claimed = queue.claim("carrier", 1, submitting=True)
    assert message(claimed.messages[0].id)["status"] == "submitting"


def test_what_was_not_begun_is_handed_back_and_claimed_by_another(wallet):
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 1)
    queue.hand_back([claimed])
    row = message(one["id"])
    assert (row["status"], row["claim_token"], row["lease_until"]) == ("queued", None, None)
    again = queue.claim("carrier", 1)
    assert again.token != claimed.token
    queue.hand_back([claimed])
    assert message(one["id"])["claim_token"] == again.token, "an old holder hands nothing back"


def test_what_was_begun_is_never_handed_back(wallet):
    send(wallet)
    claimed = queue.claim("carrier", 1)
    queue.start([claimed])
    queue.hand_back([claimed])
    assert message(claimed.messages[0].id)["status"] == "submitting"


def test_after_a_crash_a_claimed_message_is_queued_again(wallet, clock):
    one = send(wallet).messages[0]
    dead = queue.claim("carrier", 1)
    clock.advance(LEASE_MS / 1000)
    assert queue.recover_leases() == (0, 0), "the lease is not over yet"
    clock.advance(0.001)
    assert queue.recover_leases() == (1, 0) and queue.recover_leases() == (0, 0)
    assert message(one["id"])["status"] == "queued"
    assert queue.start([dead])[0].messages == [], "the dead holder comes back and may not begin"


def test_after_a_crash_a_message_that_was_being_submitted_is_unknown_keeps_its_charge_and_is_never_sent_again(
    wallet, carrier, clock
):
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 1)
    queue.start([claimed])
    clock.advance(31)
    assert queue.recover_leases() == (0, 1)
    row = message(one["id"])
    assert (row["status"], row["lease_until"], row["poll_at"]) == ("unknown", None, time.now_ms() + 1000)
    assert row["expires_at"] == time.now_ms() + 48 * time.HOUR
    assert timeline(one["id"]) == ["unknown"]
    assert queue.claim("carrier", 10).messages == [] and carrier.submitted == []
    assert balance(wallet) == "99965"
    assert_counted()


@pytest.mark.parametrize("hosts", ["one", "many"])
def test_the_answer_of_a_holder_thought_dead_ends_the_doubt_on_one_host_and_is_not_taken_where_there_are_many(
    app, wallet, clock, hosts, monkeypatch, postgresql_server
):
    """A process of this machine that was slow is believed. Of many hosts one that woke up writes nothing about what it lost."""
    if hosts == "one" and postgresql_server is not None:
        pytest.skip("on PostgreSQL there may always be others")
    monkeypatch.setitem(app.extensions, cluster.SHARED, hosts == "many")
    one = send(wallet).messages[0]
    claimed = queue.claim("carrier", 1)
    queue.start([claimed])
    clock.advance(31)
    queue.recover_leases()
    assert record(claimed, Outcome(ACCEPTED, "vendor-1")) == (1 if hosts == "one" else 0)
    row = message(one["id"])
    assert (row["status"], row["gateway_ref"]) == (("submitted", "vendor-1") if hosts == "one" else ("unknown", None))
    assert balance(wallet) == "99965", "its charge is kept until a receipt ends the doubt"
    assert_counted()


def test_what_a_holder_without_the_claim_records_changes_nothing(wallet, clock):
    one = send(wallet).messages[0]
    dead = queue.claim("carrier", 1)
    clock.advance(31)
    queue.recover_leases()
    holder = queue.claim("carrier", 1)
    queue.start([holder])
    assert record(dead, Outcome(REFUSED)) == 0
    assert message(one["id"])["status"] == "submitting" and balance(wallet) == "99965"
    assert record(holder, Outcome(ACCEPTED, "vendor-2")) == 1
    assert record(holder, Outcome(ACCEPTED, "vendor-3")) == 0
    assert message(one["id"])["gateway_ref"] == "vendor-2"


def test_a_recovery_is_bounded(wallet, clock):
    send(wallet, *NUMBERS[:5])
    queue.claim("carrier", 3)
    begun = queue.claim("carrier", 2)
    queue.start([begun])
    clock.advance(31)
    assert [queue.recover_leases(2) for _ in range(3)] == [(2, 2), (1, 0), (0, 0)]


def test_a_temporary_refusal_is_tried_again_after_each_delay_and_then_fails_and_is_refunded(wallet, app, clock):
    one = send(wallet).messages[0]
    delays = app.config["WESEND"].retry_delays
    for _ in delays:
        claimed = queue.claim("carrier", 1, submitting=True)
        record(claimed, Outcome(TEMPORARY, code="429", text="Slow down"))
        assert message(one["id"])["status"] == "queued"
    claimed = queue.claim("carrier", 1, submitting=True)
    record(claimed, Outcome(TEMPORARY, code="429", text="Slow down"))
    row = message(one["id"])
    assert (row["status"], row["attempts"], row["error_code"]) == ("failed", 3, "429")
    assert timeline(one["id"]) == ["retrying", "retrying", "failed"]
    assert balance(wallet) == "100000" and problems() == []


def test_a_gateway_that_says_temporary_hands_over_to_the_next_route_at_the_price_of_acceptance(wallet, upstreams):
    upstreams["dear"] = ScriptedGateway("dear")
    make_route("DEAR", "dear", price="50", priority=5)
    one = send(wallet).messages[0]
    record(queue.claim("carrier", 1, submitting=True), Outcome(TEMPORARY, text="down"))
    row = message(one["id"])
    assert (row["status"], row["gateway"], row["due_at"]) == ("queued", "dear", time.now_ms())
    record(queue.claim("dear", 1, submitting=True), Outcome(ACCEPTED, "x"))
    assert timeline(one["id"]) == ["failover", "submitted"] and balance(wallet) == "99965"


def test_small_sends_go_before_bulks(wallet):
    bulk = send(wallet, *NUMBERS[:150])
    small = send(wallet, NUMBERS[200])
    first = queue.claim("carrier", 10).messages
    assert first[0].id == small.messages[0]["id"]
    assert {one.id for one in first[1:]} < {row["id"] for row in bulk.messages} and len(first) == 10


def test_open_bulks_share_what_is_claimed_and_one_that_needs_less_leaves_it_to_the_others(wallet):
    ids = {}
    for position, size in enumerate((300, 101, 200)):
        sent = send(wallet, *NUMBERS[position * 300 : position * 300 + size])
        ids.update(dict.fromkeys((row["id"] for row in sent.messages), position))
    shares = [Counter(ids[one.id] for one in queue.claim("carrier", 90).messages) for _ in range(3)]
    assert shares == [Counter({0: 30, 1: 30, 2: 30})] * 3
    last = Counter(ids[one.id] for one in queue.claim("carrier", 90).messages)
    assert last == Counter({0: 30, 1: 11, 2: 49})
    rest = Counter()
    while claimed := queue.claim("carrier", 90).messages:
        rest.update(ids[one.id] for one in claimed)
    assert rest == Counter({0: 300 - 120, 2: 200 - 139})


def test_a_paused_bulk_is_passed_over(wallet):
    bulk = send(wallet, *NUMBERS[:101])
    with atomic() as tx:
        tx.execute("UPDATE batches SET state = 'paused' WHERE id = ?", (bulk.batch["id"],))
    assert not queue.is_due("carrier") and queue.claim("carrier", 10).messages == []


def test_an_accounts_messages_carry_the_day_of_its_own_zone(wallet, clock):
    clock.seconds = 1_781_125_200.0  # 2026-06-10 21:00 UTC, midnight in Kampala
    one = send(wallet).messages[0]
    assert get_account(wallet.account_id).time_zone == "Africa/Kampala"
    assert one["day"] == "2026-06-11"
    assert [tuple(row) for row in query("SELECT day, total FROM daily_counts WHERE wallet_id = ?", (wallet.id,))] == [
        ("2026-06-11", 1)
    ]
