"""Statuses: the allowed moves happen, the others change nothing, and every counter equals a recount."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wesend.adapters.sms import base
from wesend.adapters.sms.base import Outcome, Receipt
from wesend.core import clock as time
from wesend.database import atomic, query
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.receipts import polling
from wesend.messages.sending.options import Options
from wesend.messages.state.statuses import ALL, BUCKETS, FINAL, TIMEOUT
from wesend.messages.state.transitions import Move, move

from ...support.domain import (
    NUMBERS,
    ScriptedGateway,
    assert_counted,
    balance,
    batch,
    count_margins_anew,
    make_route,
    make_wallet,
    message,
    problems,
    put,
    send,
    timeline,
)

# The design's table (section 3), written down once more: the code is held against it.
DESIGN = {
    "scheduled": {"queued", "cancelled"},
    "dripping": {"queued", "cancelled"},
    "queued": {"claimed", "submitting", "cancelled"},
    "claimed": {"submitting", "queued"},
    "submitting": {"submitted", "sent", "delivered", "failed", "unknown", "queued"},
    "unknown": {"submitted", "sent", "delivered", "failed"},
    "submitted": {"sent", "delivered", "failed", "queued"},  # queued: another carrier's turn (resend)
    "sent": {"delivered", "failed", "queued"},
    "failed": {"delivered", "queued"},  # delivered only after a time-out
    "delivered": set(),
    "cancelled": set(),
}


def try_to_move(message_id: int, to: str, **options) -> bool:
    with atomic() as tx:
        return bool(move(tx, [Move(message_id, to, "tried", **options)], time.now_ms()))


def everything() -> list:
    """All that a move may touch."""
    return [
        [tuple(row) for row in query(f"SELECT * FROM {table}")]
        for table in ("messages", "message_events", "batches", "daily_counts", "wallets", "ledger_entries")
    ]


@pytest.fixture
def wallet(carrier):
    return make_wallet("1000")


@pytest.mark.parametrize("status", ALL)
def test_a_message_moves_as_the_table_says_and_otherwise_nothing_changes(wallet, status):
    assert set(ALL) == set(DESIGN)
    for to in ALL:
        one = send(wallet, NUMBERS[0]).messages[0]
        put(one["id"], status, error_code=TIMEOUT)
        before = everything()
        moved = try_to_move(one["id"], to)
        assert moved == (to in DESIGN[status]), f"{status} → {to}"
        if moved:
            assert message(one["id"])["status"] == to
            assert timeline(one["id"]) == ["tried"]
        else:
            assert everything() == before
        assert_counted()


def test_every_status_is_counted_under_one_counter_of_its_batch():
    assert set(BUCKETS) == set(ALL)
    assert set(BUCKETS.values()) == {"queued", "submitted", "delivered", "failed", "cancelled"}
    assert {status for status in ALL if BUCKETS[status] == status and status != "queued"} - {"submitted"} == FINAL


def test_only_a_failure_by_time_out_may_still_become_delivered(wallet):
    one = send(wallet).messages[0]
    put(one["id"], "failed", error_code="UNDELIV")
    assert not try_to_move(one["id"], "delivered")
    put(one["id"], "failed", error_code=TIMEOUT)
    assert try_to_move(one["id"], "delivered")


def test_a_move_of_a_message_that_is_not_there_is_nothing(wallet):
    assert not try_to_move(10**6, "queued")


def test_a_holder_that_lost_its_claim_moves_nothing(wallet):
    one = send(wallet).messages[0]
    put(one["id"], "submitting", claim_token="new holder")
    before = everything()
    assert not try_to_move(one["id"], "submitted", token="old holder")
    assert everything() == before
    assert try_to_move(one["id"], "submitted", token="new holder")


def test_a_message_moves_once_a_call_whatever_it_is_asked(wallet):
    one = send(wallet).messages[0]
    put(one["id"], "submitted")
    with atomic() as tx:
        moved = move(tx, [Move(one["id"], "sent", "a"), Move(one["id"], "delivered", "b")], time.now_ms())
    assert [entry.move.to for entry in moved] == ["sent"]
    assert timeline(one["id"]) == ["a"]


def test_a_refund_gives_back_what_was_paid_once(wallet):
    sent = send(wallet)
    one = sent.messages[0]
    assert balance(wallet) == "965"
    put(one["id"], "submitting")
    assert try_to_move(one["id"], "failed", refund=True)
    assert not try_to_move(one["id"], "failed", refund=True)
    assert balance(wallet) == "1000"
    assert batch(sent.batch["id"])["refunded_micros"] == 35_000_000
    assert problems() == []


def test_a_batch_is_finished_when_its_last_message_is_final_and_not_before(wallet):
    sent = send(wallet, *NUMBERS[:2])
    for one in sent.messages:
        put(one["id"], "submitted")
    assert try_to_move(sent.messages[0]["id"], "delivered")
    assert batch(sent.batch["id"])["state"] == "open" and batch(sent.batch["id"])["finished_at"] is None
    assert try_to_move(sent.messages[1]["id"], "failed")
    assert batch(sent.batch["id"])["state"] == "finished" and batch(sent.batch["id"])["finished_at"] is not None


def test_a_batch_whose_every_message_was_cancelled_is_cancelled(wallet):
    sent = send(wallet, *NUMBERS[:2], options=Options("scheduled", time.now_ms() + time.HOUR))
    for one in sent.messages:
        assert try_to_move(one["id"], "cancelled", refund=True)
    assert batch(sent.batch["id"])["state"] == "cancelled"
    assert balance(wallet) == "1000"


def test_a_finished_batch_with_a_message_that_is_retried_is_open_again(wallet):
    sent = send(wallet)
    put(sent.messages[0]["id"], "submitted")
    try_to_move(sent.messages[0]["id"], "failed")
    assert batch(sent.batch["id"])["state"] == "finished"
    assert try_to_move(sent.messages[0]["id"], "queued")
    assert batch(sent.batch["id"])["state"] == "open" and batch(sent.batch["id"])["finished_at"] is None
    assert_counted()


outcomes = st.sampled_from([base.ACCEPTED, base.REFUSED, base.TEMPORARY, base.UNKNOWN])
answers = st.sampled_from([base.SENT, base.DELIVERED, base.FAILED, base.NEVER_SENT])
happenings = st.one_of(
    st.tuples(st.just("dispatch"), st.lists(outcomes, min_size=3, max_size=3)),
    st.tuples(st.just("claim and die"), st.booleans()),
    st.tuples(st.just("receipt"), st.tuples(st.integers(0, 4), answers)),
    st.tuples(st.just("poll"), st.lists(st.one_of(st.none(), answers), min_size=5, max_size=5)),
    st.tuples(st.just("wait"), st.sampled_from([1, 31, 3600, 49 * 3600])),
    st.tuples(st.just("cancel"), st.integers(0, 4)),
    st.tuples(st.just("release"), st.none()),
    st.tuples(st.just("recover"), st.none()),
    st.tuples(st.just("expire"), st.none()),
)


class World:
    """Five messages of three batches, and what may happen to them."""

    def __init__(self, gateway: ScriptedGateway, clock):
        self.gateway, self.clock = gateway, clock
        gateway.outcomes.clear()
        gateway.receipts.clear()
        wallet = make_wallet("1000")
        later = Options("scheduled", time.now_ms() + 30_000)
        batches = (
            send(wallet, *NUMBERS[:2]),
            send(wallet, *NUMBERS[2:4], options=Options("drip", drip_rate=1)),
            send(wallet, NUMBERS[4], options=later),
        )
        self.messages = [row for sent in batches for row in sent.messages]

    def happen(self, what: str, detail) -> None:
        getattr(self, what.replace(" ", "_"))(detail)

    def dispatch(self, kinds) -> None:
        claimed = queue.claim(self.gateway.name, 3)
        begun = queue.start([claimed])[0].messages
        results = [(one, Outcome(kind, code="X", text="as told")) for one, kind in zip(begun, kinds, strict=False)]
        with atomic() as tx:
            settle(tx, results, claimed.token)

    def claim_and_die(self, begun: bool) -> None:
        claimed = queue.claim(self.gateway.name, 2)
        if begun and claimed.messages:
            queue.start([claimed])

    def receipt(self, detail) -> None:
        index, status = detail
        row = message(self.messages[index]["id"])
        if row["status"] in ("submitting", "submitted", "sent", "unknown", "delivered", "failed"):
            with atomic() as tx:
                move(tx, [polling.plan_receipt(row, Receipt(status, "CODE"), time.now_ms())], time.now_ms())

    def poll(self, said) -> None:
        self.gateway.receipts = {row["uid"]: Receipt(status) for row, status in zip(self.messages, said, strict=True) if status}
        polling.poll_due()

    def cancel(self, index: int) -> None:
        try_to_move(self.messages[index]["id"], "cancelled", refund=True)

    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def release(self, _) -> None:
        queue.release_due()

    def recover(self, _) -> None:
        queue.recover_leases()

    def expire(self, _) -> None:
        polling.expire()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.booleans(), st.lists(happenings, min_size=3, max_size=25))
def test_after_any_sequence_of_events_the_counters_equal_a_recount_and_the_money_is_right(carrier, clock, refunds, events):
    make_route("ESMS_UG", carrier.name, refund_failed_delivery=refunds)
    with atomic() as tx:  # what earlier examples left is out of the way
        tx.execute("UPDATE messages SET status = 'cancelled' WHERE status <> 'cancelled'")
        tx.execute("UPDATE batches SET queued = 0, submitted = 0, delivered = 0, failed = 0, cancelled = total")
        tx.execute("UPDATE daily_counts SET delivered = 0, failed = 0, cancelled = total")
        tx.execute("UPDATE messages SET poll_at = NULL, lease_until = NULL")
        count_margins_anew(tx)
    world = World(carrier, clock)
    for what, detail in events:
        delivered = {row["id"] for row in world.messages if message(row["id"])["status"] == "delivered"}
        world.happen(what, detail)
        assert_counted()
        assert all(message(message_id)["status"] == "delivered" for message_id in delivered), "delivered is final"
    assert problems() == []
    for row in world.messages:
        now = message(row["id"])
        assert now["refunded_micros"] in (0, now["cost_micros"])
        if now["status"] not in ("failed", "cancelled"):
            assert now["refunded_micros"] == 0
