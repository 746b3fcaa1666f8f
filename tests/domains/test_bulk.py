"""A bulk: paid first, written in chunks, dispatched only when it is whole, undone with its money when it is not."""

from __future__ import annotations

import pytest

from wesend import clock as time
from wesend import jobs
from wesend.accounts import idempotency
from wesend.accounts.service import get_account
from wesend.database import atomic, query, query_one
from wesend.errors import BatchNotFound, IdempotencyInFlight, InsufficientBalance
from wesend.messages import accept, queue
from wesend.messages.accept import CHUNK, IN_REQUEST_LIMIT, Order, Origin, Totals, accept_bulk, undo_abandoned
from wesend.messages.compose import Planned, read_recipients
from wesend.messages.send import load_sent

from ..support.domain import NUMBERS, ORIGIN, assert_counted, balance, batch, composer, make_wallet, problems, send

SIZE = CHUNK * 2 + 1  # three chunks


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("100000")


class Stopped(BaseException):
    """The process ends: nothing that would catch an error runs."""


def planned(wallet, count: int) -> list[Planned]:
    return list(composer(wallet).plan(read_recipients(NUMBERS[:count], "UG")))


def take_in(wallet, plan, totals: Totals | None = None, *, origin: Origin = ORIGIN, order: Order = Order()):
    totals = totals or Totals(len(plan), sum(item.cost_micros for item in plan))
    return accept_bulk(get_account(wallet.account_id), wallet, totals, plan, [], text="Hello", sender=None,
                       origin=origin, order=order)


def abandon(wallet, monkeypatch, *, after: int, origin: Origin = ORIGIN) -> int:
    """A bulk whose process was killed after some of its messages were written; the batch's id."""
    plan = planned(wallet, SIZE)

    def stops():
        yield from plan[:after]
        raise Stopped

    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(accept, "undo", lambda batch_id: False)
        take_in(wallet, stops(), Totals(SIZE, sum(item.cost_micros for item in plan)), origin=origin)
    row = query_one("SELECT id FROM batches WHERE wallet_id = ? ORDER BY id DESC", (wallet.id,))
    assert row is not None
    return row[0]


def messages_of(batch_id: int) -> int:
    return query("SELECT count(*) FROM messages WHERE batch_id = ?", (batch_id,))[0][0]


def test_up_to_100_recipients_are_a_small_send_and_more_are_a_bulk(wallet, carrier):
    small = send(wallet, *NUMBERS[:IN_REQUEST_LIMIT], in_request=True)
    assert (IN_REQUEST_LIMIT, small.batch["lane"], len(carrier.submitted)) == (100, 0, 100)
    bulk = send(wallet, *NUMBERS[:IN_REQUEST_LIMIT + 1], in_request=True)
    assert (bulk.batch["lane"], len(carrier.submitted)) == (1, 100), "a bulk is left to the queue"
    assert {row["status"] for row in bulk.messages} == {"queued"}


def test_a_bulk_is_paid_in_whole_and_every_message_is_there(wallet):
    sent = send(wallet, *NUMBERS[:SIZE])
    assert (sent.batch["state"], sent.batch["total"], sent.batch["queued"], sent.batch["lease_until"]) == (
        "open", SIZE, SIZE, None)
    assert [row["recipient"] for row in sent.messages] == list(NUMBERS[:SIZE])
    assert balance(wallet) == str(100_000 - 35 * SIZE)
    assert_counted()
    assert problems() == []


def test_a_bulk_that_cannot_be_paid_writes_nothing(carrier, clock):
    wallet = make_wallet(str(35 * SIZE - 1))
    with pytest.raises(InsufficientBalance):
        send(wallet, *NUMBERS[:SIZE])
    assert balance(wallet) == str(35 * SIZE - 1)
    assert query("SELECT 1 FROM batches WHERE wallet_id = ?", (wallet.id,)) == []


def test_nothing_of_a_bulk_is_dispatched_before_its_last_chunk(wallet):
    claimable, states = [], []

    def watched():
        for item in planned(wallet, SIZE):
            claimable.append(queue.is_due("carrier"))
            states.append(query("SELECT state FROM batches WHERE wallet_id = ?", (wallet.id,))[0][0])
            yield item

    plan = planned(wallet, SIZE)
    taken = take_in(wallet, watched(), Totals(SIZE, sum(item.cost_micros for item in plan)))
    assert set(claimable) == {False} and set(states) == {"intake"}
    assert messages_of(taken.batch_id) == SIZE
    assert len(queue.claim("carrier", 10).messages) == 10


def test_a_bulk_under_way_is_paid_and_is_no_batch_for_its_account_yet(wallet, monkeypatch):
    batch_id = abandon(wallet, monkeypatch, after=CHUNK + 1)
    assert messages_of(batch_id) == CHUNK
    assert balance(wallet) == str(100_000 - 35 * SIZE)
    with pytest.raises(BatchNotFound):
        accept.get_batch(batch(batch_id)["uid"], wallet.account_id)
    assert not queue.is_due("carrier") and queue.claim("carrier", 10).messages == []
    assert problems() == []


def test_a_bulk_that_is_written_by_a_living_process_is_left_alone(wallet, monkeypatch, clock):
    batch_id = abandon(wallet, monkeypatch, after=CHUNK)
    clock.advance(30)
    assert undo_abandoned() == 0
    assert batch(batch_id)["state"] == "intake"


@pytest.mark.parametrize("after", [0, 1, CHUNK, CHUNK + 1, SIZE])
def test_an_abandoned_bulk_is_undone_after_30_seconds_and_gives_its_money_back_once(wallet, monkeypatch, clock, after):
    batch_id = abandon(wallet, monkeypatch, after=after)
    clock.advance(30.001)
    assert undo_abandoned() == 1 and undo_abandoned() == 0
    row = batch(batch_id)
    assert (row["state"], row["refunded_micros"], row["queued"]) == ("rejected", row["cost_micros"], 0)
    assert messages_of(batch_id) == 0
    assert balance(wallet) == "100000"
    assert query("SELECT coalesce(sum(total), 0) FROM daily_counts WHERE wallet_id = ?", (wallet.id,))[0][0] == 0
    assert problems() == []


def test_an_abandoned_bulk_frees_its_idempotency_key(wallet, monkeypatch, clock):
    key_id = query("SELECT id FROM api_keys LIMIT 1")[0][0]
    claim = idempotency.begin(key_id, "order-1", "fingerprint")
    abandon(wallet, monkeypatch, after=CHUNK, origin=Origin("wesendall", key_id, claim))
    with pytest.raises(IdempotencyInFlight):
        idempotency.begin(key_id, "order-1", "fingerprint")
    clock.advance(30.001)
    undo_abandoned()
    again = idempotency.begin(key_id, "order-1", "fingerprint")
    assert isinstance(again, idempotency.Claim) and again.token != claim.token
    take_in(wallet, planned(wallet, SIZE), origin=Origin("wesendall", key_id, again))
    assert balance(wallet) == str(100_000 - 35 * SIZE)


def test_a_bulk_that_fails_while_it_is_written_is_undone_at_once(wallet):
    def fails():
        yield from planned(wallet, CHUNK + 1)
        raise ValueError("the database of contacts went away")

    with pytest.raises(ValueError, match="went away"):
        take_in(wallet, fails(), Totals(SIZE, 35_000_000 * SIZE))
    row = query_one("SELECT * FROM batches WHERE wallet_id = ?", (wallet.id,))
    assert row is not None and row["state"] == "rejected" and messages_of(row["id"]) == 0
    assert balance(wallet) == "100000" and problems() == []


@pytest.mark.parametrize("totals", [Totals(SIZE + 1, 35_000_000 * SIZE), Totals(SIZE, 35_000_000 * SIZE - 1)])
def test_a_bulk_that_is_not_what_was_paid_for_is_undone(wallet, totals):
    with pytest.raises(RuntimeError, match="changed while it was taken in"):
        take_in(wallet, planned(wallet, SIZE), totals)
    assert balance(wallet) == "100000" and problems() == []


def test_a_process_that_comes_back_after_its_bulk_was_undone_can_neither_write_nor_open_it(wallet, clock):
    def slow():
        plan = planned(wallet, SIZE)
        yield from plan[:CHUNK + 1]
        clock.advance(31)
        assert undo_abandoned() == 1
        yield from plan[CHUNK + 1:]

    with pytest.raises(BatchNotFound):
        take_in(wallet, slow(), Totals(SIZE, 35_000_000 * SIZE))
    row = query_one("SELECT * FROM batches WHERE wallet_id = ?", (wallet.id,))
    assert row is not None and row["state"] == "rejected" and messages_of(row["id"]) == 0
    assert balance(wallet) == "100000" and problems() == []


def test_an_undo_that_was_itself_cut_short_is_finished_by_housekeeping(wallet, monkeypatch, clock, app):
    batch_id = abandon(wallet, monkeypatch, after=SIZE)
    clock.advance(31)
    with monkeypatch.context() as patch:
        patch.setattr(accept, "sweep_rejected", lambda *_: None)
        undo_abandoned()
    assert messages_of(batch_id) > 0 and not queue.is_due("carrier")
    jobs.housekeeping(app)
    assert messages_of(batch_id) == 0


def test_an_undo_leaves_an_open_bulk_alone(wallet):
    sent = send(wallet, *NUMBERS[:SIZE])
    assert not accept.undo(sent.batch["id"])
    assert len(load_sent(sent.batch["uid"]).messages) == SIZE and balance(wallet) == str(100_000 - 35 * SIZE)


def test_a_scheduled_bulk_waits_and_a_dripping_one_goes_out_by_its_rate(wallet, clock):
    scheduled = take_in(wallet, planned(wallet, 101), order=Order("scheduled", time.now_ms() + 60_000))
    dripping = take_in(wallet, planned(wallet, 101), order=Order("drip", drip_rate=120))
    assert queue.release_due() == 1
    clock.advance(10)
    assert queue.release_due() == 20
    clock.advance(50)
    assert sum(iter(queue.release_due, 0)) == 80 + 101
    assert {row["status"] for row in load_sent(scheduled.batch_uid).messages} == {"queued"}
    assert {row["status"] for row in load_sent(dripping.batch_uid).messages} == {"queued"}
    assert_counted()


def test_a_claim_of_the_whole_database_never_holds_a_bulks_money_twice(wallet):
    first, second = send(wallet, *NUMBERS[:SIZE]), send(wallet, *NUMBERS[:SIZE])
    with atomic() as tx:
        paid = tx.all("SELECT batch_id, sum(amount_micros) FROM ledger_entries WHERE kind = 'sms_charge'"
                      " AND wallet_id = ? GROUP BY batch_id", (wallet.id,))
    assert [tuple(row) for row in paid] == [(sent.batch["id"], -35_000_000 * SIZE) for sent in (first, second)]
