"""A bulk: paid first, written in chunks, dispatched only when it is whole, undone with its money when it is not."""

from __future__ import annotations

import pytest

from wesend import sweeps
from wesend.accounts import idempotency
from wesend.core import clock as time
from wesend.core.errors import BatchNotFound, IdempotencyInFlight, InsufficientBalance
from wesend.database import atomic, query, query_one
from wesend.messages.dispatch import queue
from wesend.messages.reporting.sent import load_sent
from wesend.messages.sending import accept, bulk
from wesend.messages.sending.bulk import CHUNK, Spool, accept_bulk, undo_abandoned
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options, Origin
from wesend.messages.state.outgoing import IN_REQUEST_LIMIT, Outgoing

from ...support.domain import NUMBERS, ORIGIN, assert_counted, balance, batch, composer, make_wallet, problems, send

SIZE = CHUNK * 2 + 1  # three chunks


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("100000")


class Stopped(BaseException):
    """The process ends: nothing that would catch an error runs."""


def planned(wallet, count: int) -> list[Outgoing]:
    return list(composer(wallet).plan(read_recipients(NUMBERS[:count], "UG")))


def take_in(wallet, plan, *, chunks=None, origin: Origin = ORIGIN, options: Options = Options()):
    """Take a plan in; ``chunks`` replaces what is read back of it, to stop or to look amid the writing."""
    with Spool() as spool:
        spool.fill(plan)
        if chunks is not None:
            spool.chunks = chunks
        return accept_bulk(composer(wallet), spool, origin=origin, options=options)


def in_chunks(plan):
    for start in range(0, len(plan), CHUNK):
        yield plan[start : start + CHUNK]


def abandon(wallet, monkeypatch, *, after: int, origin: Origin = ORIGIN) -> int:
    """A bulk whose process was killed after some of its messages were written; the batch's id."""
    plan = planned(wallet, SIZE)

    def stops():
        yield from in_chunks(plan[: after - after % CHUNK])
        if after < SIZE:
            raise Stopped
        yield plan[after - after % CHUNK :]
        raise Stopped

    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(bulk, "undo", lambda batch_id: False)
        take_in(wallet, plan, chunks=stops, origin=origin)
    row = query_one("SELECT id FROM batches WHERE wallet_id = ? ORDER BY id DESC", (wallet.id,))
    assert row is not None
    return row[0]


def messages_of(batch_id: int) -> int:
    return query("SELECT count(*) FROM messages WHERE batch_id = ?", (batch_id,))[0][0]


def test_up_to_100_recipients_are_a_small_send_and_more_are_a_bulk(wallet, carrier):
    small = send(wallet, *NUMBERS[:IN_REQUEST_LIMIT], in_request=True)
    assert (IN_REQUEST_LIMIT, small.batch["lane"], len(carrier.submitted)) == (100, 0, 100)
    large = send(wallet, *NUMBERS[: IN_REQUEST_LIMIT + 1], in_request=True)
    assert (large.batch["lane"], len(carrier.submitted)) == (1, 100), "a bulk is left to the queue"
    assert {row["status"] for row in large.messages} == {"queued"}


def test_a_bulk_is_paid_in_whole_and_every_message_is_there(wallet):
    sent = send(wallet, *NUMBERS[:SIZE])
    assert (sent.batch["state"], sent.batch["total"], sent.batch["queued"], sent.batch["lease_until"]) == ("open", SIZE, SIZE, None)
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
        for chunk in in_chunks(plan):
            claimable.append(queue.is_due("carrier"))
            states.append(query("SELECT state FROM batches WHERE wallet_id = ?", (wallet.id,))[0][0])
            yield chunk

    plan = planned(wallet, SIZE)
    taken = take_in(wallet, plan, chunks=watched)
    assert set(claimable) == {False} and set(states) == {"intake"}
    assert messages_of(taken["id"]) == SIZE
    assert len(queue.claim("carrier", 10).messages) == 10


def test_a_bulk_under_way_is_paid_and_is_no_batch_for_its_account_yet(wallet, monkeypatch):
    batch_id = abandon(wallet, monkeypatch, after=CHUNK + 1)
    assert messages_of(batch_id) == CHUNK
    assert balance(wallet) == str(100_000 - 35 * SIZE)
    with pytest.raises(BatchNotFound):
        accept.get_batch(batch(batch_id)["uid"], wallet.account_id, actor="test")
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
        yield from in_chunks(planned(wallet, CHUNK))
        raise ValueError("the disk went away")

    with pytest.raises(ValueError, match="went away"):
        take_in(wallet, planned(wallet, SIZE), chunks=fails)
    row = query_one("SELECT * FROM batches WHERE wallet_id = ?", (wallet.id,))
    assert row is not None and row["state"] == "rejected" and messages_of(row["id"]) == 0
    assert balance(wallet) == "100000" and problems() == []


def test_a_process_that_comes_back_after_its_bulk_was_undone_can_neither_write_nor_open_it(wallet, clock):
    def slow():
        first, *rest = in_chunks(plan)
        yield first
        clock.advance(31)
        assert undo_abandoned() == 1
        yield from rest

    plan = planned(wallet, SIZE)
    with pytest.raises(BatchNotFound):
        take_in(wallet, plan, chunks=slow)
    row = query_one("SELECT * FROM batches WHERE wallet_id = ?", (wallet.id,))
    assert row is not None and row["state"] == "rejected" and messages_of(row["id"]) == 0
    assert balance(wallet) == "100000" and problems() == []


def test_an_undo_that_was_itself_cut_short_is_finished_by_housekeeping(wallet, monkeypatch, clock, app):
    batch_id = abandon(wallet, monkeypatch, after=SIZE)
    clock.advance(31)
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "sweep_rejected", lambda *_: None)
        undo_abandoned()
    assert messages_of(batch_id) > 0 and not queue.is_due("carrier")
    sweeps.housekeeping(app)
    assert messages_of(batch_id) == 0


def test_an_undo_leaves_an_open_bulk_alone(wallet):
    sent = send(wallet, *NUMBERS[:SIZE])
    assert not bulk.undo(sent.batch["id"])
    assert len(load_sent(sent.batch["uid"]).messages) == SIZE and balance(wallet) == str(100_000 - 35 * SIZE)


def test_a_scheduled_bulk_waits_and_a_dripping_one_goes_out_by_its_rate(wallet, clock):
    scheduled = take_in(wallet, planned(wallet, 101), options=Options("scheduled", time.now_ms() + 60_000))
    dripping = take_in(wallet, planned(wallet, 101), options=Options("drip", drip_rate=120))
    assert queue.release_due() == 1
    clock.advance(10)
    assert queue.release_due() == 20
    clock.advance(50)
    assert sum(iter(queue.release_due, 0)) == 80 + 101
    assert {row["status"] for row in load_sent(scheduled["uid"]).messages} == {"queued"}
    assert {row["status"] for row in load_sent(dripping["uid"]).messages} == {"queued"}
    assert_counted()


def test_a_claim_of_the_whole_database_never_holds_a_bulks_money_twice(wallet):
    first, second = send(wallet, *NUMBERS[:SIZE]), send(wallet, *NUMBERS[:SIZE])
    with atomic() as tx:
        paid = tx.all(
            "SELECT batch_id, sum(amount_micros) FROM ledger_entries WHERE kind = 'sms_charge' AND wallet_id = ? GROUP BY batch_id",
            (wallet.id,),
        )
    assert [tuple(row) for row in paid] == [(sent.batch["id"], -35_000_000 * SIZE) for sent in (first, second)]
