"""Control: retry, cancel, pause and resume, also when a crash or another process comes between."""

from __future__ import annotations

import pytest

from wesend.adapters.sms.base import ACCEPTED, REFUSED, Outcome
from wesend.core.errors import Conflict, InsufficientBalance, MaxRetriesExceeded, NotCancellable, NotRetryable, RecipientBlocked
from wesend.database import atomic, query
from wesend.guards import blocklist
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.reporting.sent import load_sent
from wesend.messages.sending import actions
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.messages.sending.send import send_bulk
from wesend.messages.state.statuses import ALL, FAILED

from ...support.domain import (
    ACTOR,
    NUMBERS,
    ORIGIN,
    assert_counted,
    balance,
    batch,
    composer,
    make_wallet,
    message,
    named,
    problems,
    put,
    send,
)


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("100000")


def bulk(wallet, count: int, options: Options = Options()):
    batch = send_bulk(composer(wallet), read_recipients(NUMBERS[:count], "UG"), actor=ACTOR, origin=ORIGIN, options=options)
    return load_sent(batch["uid"])


def statuses(sent) -> dict[str, int]:
    return {
        row[0]: row[1] for row in query("SELECT status, count(*) FROM messages WHERE batch_id = ? GROUP BY 1", (sent.batch["id"],))
    }


def refuse_all(carrier) -> None:
    """Everything that is due is refused by its gateway."""
    while (claimed := queue.claim("carrier", 100)).messages:
        ours = queue.start([claimed])[0].messages
        with atomic() as tx:
            settle(tx, [(outgoing, Outcome(REFUSED, code="NO")) for outgoing in ours], claimed.token)


def test_a_retry_charges_again_and_starts_from_the_beginning(wallet, carrier):
    sent = send(wallet)
    refuse_all(carrier)
    assert balance(wallet) == "100000"
    retried = actions.retry(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    assert (
        retried["status"],
        retried["retry_count"],
        retried["charges"],
        retried["refunded_micros"],
        retried["attempts"],
        retried["error_code"],
        retried["failed_at"],
        retried["submitted_at"],
    ) == ("queued", 1, 2, 0, 0, None, None, None)
    assert balance(wallet) == "99965"
    assert batch(sent.batch["id"])["state"] == "open"
    assert_counted()
    assert problems() == []


def test_a_message_is_retried_at_most_three_times_each_refunded_once(wallet, carrier):
    sent = send(wallet)
    for _ in range(3):
        refuse_all(carrier)
        actions.retry(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    refuse_all(carrier)
    with pytest.raises(MaxRetriesExceeded):
        actions.retry(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    assert balance(wallet) == "100000" and problems() == []


@pytest.mark.parametrize("status", [status for status in ALL if status != FAILED])
def test_only_a_failed_message_is_retried(wallet, status):
    sent = send(wallet)
    put(sent.messages[0]["id"], status)
    with pytest.raises(NotRetryable):
        actions.retry(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    assert balance(wallet) == "99965"


def test_a_retry_that_was_seen_as_failed_by_two_is_carried_out_once(wallet, carrier):
    sent = send(wallet)
    refuse_all(carrier)
    seen = message(sent.messages[0]["id"])
    actions.retry(*named(seen), actor=ACTOR)
    with pytest.raises(NotRetryable):
        actions.retry(*named(seen), actor=ACTOR)
    assert balance(wallet) == "99965"


def test_a_retry_without_money_changes_nothing(carrier, clock):
    wallet = make_wallet("35")
    sent = send(wallet)
    put(sent.messages[0]["id"], FAILED)
    before = dict(message(sent.messages[0]["id"]))
    with pytest.raises(InsufficientBalance):
        actions.retry(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    assert dict(message(sent.messages[0]["id"])) == before
    assert_counted()


@pytest.mark.parametrize("status", ALL)
def test_a_message_is_taken_back_while_it_waits_for_its_time_and_never_after(wallet, clock, status):
    sent = send(wallet, options=Options("scheduled", 2_000_000_000_000))
    put(sent.messages[0]["id"], status)
    if status in ("scheduled", "dripping"):
        assert actions.cancel_message(*named(message(sent.messages[0]["id"])), actor=ACTOR) == (1, 35_000_000)
        assert balance(wallet) == "100000" and problems() == []
    with pytest.raises(NotCancellable):
        actions.cancel_message(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    assert_counted()


def test_what_has_left_of_a_batch_stays_and_the_rest_is_refunded(wallet, carrier):
    sent = bulk(wallet, 700)
    claimed = queue.claim("carrier", 10)
    assert actions.cancel_batch(*named(sent.batch), actor=ACTOR) == (690, 690 * 35_000_000)
    assert statuses(sent) == {"claimed": 10, "cancelled": 690}
    assert balance(wallet) == str(100_000 - 350)
    assert len(queue.start([claimed])[0].messages) == 10, "what was under way goes on"
    with pytest.raises(NotCancellable):
        actions.cancel_batch(*named(sent.batch), actor=ACTOR)
    assert_counted()
    assert problems() == []


def refunds(wallet) -> list[tuple]:
    return [
        tuple(row)
        for row in query(
            "SELECT amount_micros, description FROM ledger_entries WHERE wallet_id = ? AND kind = 'refund' ORDER BY id",
            (wallet.id,),
        )
    ]


def cut_short(wallet, monkeypatch, sent, *, after: int) -> None:
    """A cancellation dies after some of its chunks."""
    cancel_chunk, calls = actions._cancel_chunk, []

    def dies(*given):
        if len(calls) == after:
            raise RuntimeError("killed")
        calls.append(1)
        return cancel_chunk(*given)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="killed"):
        patch.setattr(actions, "_cancel_chunk", dies)
        actions.cancel_batch(*named(sent.batch), actor=ACTOR)


def test_a_cancellation_that_a_crash_cut_short_is_finished(wallet, monkeypatch, clock):
    sent = bulk(wallet, actions.CHUNK * 2 + 1)
    cut_short(wallet, monkeypatch, sent, after=1)
    assert statuses(sent) == {"cancelled": actions.CHUNK, "queued": actions.CHUNK + 1}
    assert queue.claim("carrier", 10).messages == [], "nothing of it leaves meanwhile"
    assert problems() == [], "what is still to be paid back is accounted for"
    clock.advance(31)
    actions.finish_cancellations()
    assert statuses(sent) == {"cancelled": actions.CHUNK * 2 + 1}
    assert (batch(sent.batch["id"])["state"], balance(wallet)) == ("cancelled", "100000")
    assert problems() == []


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_wherever_a_cancellation_is_killed_its_refund_is_one_entry_with_its_name(wallet, monkeypatch, clock, after):
    sent = bulk(wallet, actions.CHUNK * 3 + 1, Options(reference="Black Friday"))
    cut_short(wallet, monkeypatch, sent, after=after)
    assert refunds(wallet) == [] and problems() == []
    clock.advance(31)
    for _ in range(2):
        actions.finish_cancellations()
    assert refunds(wallet) == [((actions.CHUNK * 3 + 1) * 35_000_000, "Cancelled: Black Friday")]
    assert_counted()
    assert problems() == []


def test_a_cancellation_under_way_is_left_to_who_began_it_so_its_answer_counts_all(wallet, monkeypatch):
    sent = bulk(wallet, actions.CHUNK * 2 + 1)
    cancel_chunk = actions._cancel_chunk
    monkeypatch.setattr(actions, "_cancel_chunk", lambda tx, batch_id: cancel_chunk(tx, batch_id))
    rest, control_rest = [], actions._cancel_rest

    def interrupted(batch_id):
        with monkeypatch.context() as patch:
            patch.setattr(actions, "_cancel_rest", rest.append)
            actions.finish_cancellations()
        return control_rest(batch_id)

    monkeypatch.setattr(actions, "_cancel_rest", interrupted)
    assert actions.cancel_batch(*named(sent.batch), actor=ACTOR).count == actions.CHUNK * 2 + 1
    assert rest == []


def test_one_refund_for_what_is_left_of_a_batch_and_one_for_each_that_was_refused_before(wallet, carrier):
    sent = bulk(wallet, 5, Options(reference="Spring"))
    ours = queue.start([queue.claim("carrier", 2)])[0]
    with atomic() as tx:
        settle(tx, [(ours.messages[0], Outcome(REFUSED, code="NO")), (ours.messages[1], Outcome(ACCEPTED, "x"))], ours.token)
    assert actions.cancel_batch(*named(sent.batch), actor=ACTOR) == (3, 3 * 35_000_000)
    assert [amount for amount, _ in refunds(wallet)] == [35_000_000, 3 * 35_000_000]
    assert refunds(wallet)[1][1] == "Cancelled: Spring"
    assert problems() == []


def test_a_small_send_is_cancelled_at_once_with_one_refund_and_a_single_message_with_its_own(wallet):
    sent = send(wallet, *NUMBERS[:5], options=Options("scheduled", 2_000_000_000_000))
    actions.cancel_message(*named(sent.messages[0]), actor=ACTOR)
    assert actions.cancel_batch(*named(sent.batch), actor=ACTOR) == (4, 4 * 35_000_000)
    assert refunds(wallet) == [
        (35_000_000, f"Refund of {sent.messages[0]['uid']}: Cancelled before it left"),
        (4 * 35_000_000, f"Cancelled: batch {sent.batch['uid']}"),
    ]
    assert batch(sent.batch["id"])["state"] == "cancelled" and problems() == []


def test_what_was_claimed_when_its_bulk_was_cancelled_and_comes_back_is_taken_back_too(wallet):
    sent = bulk(wallet, 10)
    claimed = queue.claim("carrier", 4)
    assert actions.cancel_batch(*named(sent.batch), actor=ACTOR).count == 6
    queue.hand_back([claimed])
    assert queue.claim("carrier", 10).messages == []
    actions.finish_cancellations()
    assert statuses(sent) == {"cancelled": 10} and balance(wallet) == "100000" and problems() == []


def test_nothing_of_a_paused_bulk_leaves_until_it_is_resumed(wallet):
    sent = bulk(wallet, 150)
    assert len(queue.claim("carrier", 10).messages) == 10
    actions.pause(*named(sent.batch), actor=ACTOR)
    assert queue.claim("carrier", 10).messages == []
    actions.resume(*named(sent.batch), actor=ACTOR)
    assert len(queue.claim("carrier", 200).messages) == 140


def test_a_pause_of_one_bulk_leaves_the_others_alone(wallet):
    paused, other = bulk(wallet, 101), bulk(wallet, 101)
    actions.pause(*named(batch(paused.batch["id"])), actor=ACTOR)
    assert {outgoing.id for outgoing in queue.claim("carrier", 500).messages} == {row["id"] for row in other.messages}


def test_a_paused_schedule_is_not_released(wallet, clock):
    sent = bulk(wallet, 5, Options("scheduled", int(clock.seconds * 1000) + 60_000))
    actions.pause(*named(sent.batch), actor=ACTOR)
    clock.advance(61)
    assert queue.release_due() == 0
    actions.resume(*named(sent.batch), actor=ACTOR)
    assert queue.release_due() == 5


def test_a_drip_that_was_paused_goes_on_at_its_pace(wallet, clock):
    sent = bulk(wallet, 400, Options("drip", drip_rate=60))
    clock.advance(9)
    assert queue.release_due() == 10
    actions.pause(*named(sent.batch), actor=ACTOR)
    clock.advance(3600)
    assert queue.release_due() == 0
    actions.resume(*named(sent.batch), actor=ACTOR)
    released = []
    for _ in range(6):
        released.append(queue.release_due())
        clock.advance(1)
    assert released == [1, 1, 1, 1, 1, 1], "not all that came due during the pause"
    clock.advance(400)
    assert sum(iter(queue.release_due, 0)) == 384


def test_a_paused_bulk_can_be_cancelled(wallet):
    sent = bulk(wallet, 101)
    actions.pause(*named(sent.batch), actor=ACTOR)
    assert actions.cancel_batch(*named(sent.batch), actor=ACTOR).count == 101
    assert (batch(sent.batch["id"])["state"], balance(wallet)) == ("cancelled", "100000")


def test_only_a_bulk_under_way_is_paused_and_only_a_paused_one_resumed(wallet):
    small, large = send(wallet), bulk(wallet, 101)
    for sent, act in ((small, actions.pause), (small, actions.resume), (large, actions.resume)):
        with pytest.raises(Conflict):
            act(*named(sent.batch), actor=ACTOR)
    actions.pause(*named(batch(large.batch["id"])), actor=ACTOR)
    with pytest.raises(Conflict):
        actions.pause(*named(batch(large.batch["id"])), actor=ACTOR)


def test_what_failed_is_not_sent_again_to_a_number_that_was_blocked(wallet):
    failed = send(wallet).messages[0]
    put(failed["id"], FAILED)
    blocklist.add([failed["recipient"]], actor=ACTOR)
    with pytest.raises(RecipientBlocked):
        actions.retry(*named(message(failed["id"])), actor=ACTOR)
    assert message(failed["id"])["status"] == FAILED
