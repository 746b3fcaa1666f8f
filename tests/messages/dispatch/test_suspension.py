"""Of a suspended account nothing leaves, everything is kept, and what is too late when it is resumed waits for a word."""

from __future__ import annotations

from collections import Counter

import pytest

from wesend.accounts.roles import MEMBER, OPERATOR, OWNER, User
from wesend.accounts.service import get_account
from wesend.adapters.sms.base import TEMPORARY, Outcome, Receipt
from wesend.core import clock as time
from wesend.core.errors import AccountSuspended, Conflict
from wesend.database import query, write
from wesend.messages.dispatch import holding, queue, suspension
from wesend.messages.dispatch.settle import settle
from wesend.messages.email import compose as mail
from wesend.messages.receipts import polling
from wesend.messages.receipts.polling import plan_receipt
from wesend.messages.reporting.sent import load_sent
from wesend.messages.sending import actions
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.messages.state.transitions import move

from ...support.domain import (
    ACTOR,
    NUMBERS,
    ORIGIN,
    assert_counted,
    balance,
    composer,
    make_account,
    make_wallet,
    message,
    named,
    problems,
    send,
)

HOUR = 3600


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("100000")


@pytest.fixture
def other(carrier):
    return make_wallet("100000", account=make_account("Other"))


def suspend(wallet) -> None:
    suspension.suspend(wallet.account_id, actor=ACTOR)


def resume(wallet) -> int:
    """Resume; how many wait for the operator's word."""
    suspension.resume(wallet.account_id, actor=ACTOR)
    return suspension.count_late(wallet.account_id, actor="test")


def bulk(wallet, count: int, options: Options = Options(), *, first: int = 0):
    to = read_recipients(NUMBERS[first : first + count], "UG")
    return load_sent(sending.send_bulk(composer(wallet), to, actor=ACTOR, origin=ORIGIN, options=options)["uid"])


def claimable(gateway: str = "carrier") -> list[int]:
    """What leaves if anything may, a claim at a time."""
    queue.release_due()
    found: list[int] = []
    while claimed := queue.claim(gateway, 50).messages:
        found += [outgoing.id for outgoing in claimed]
    return found


def ids(*sent) -> list[int]:
    return [row["id"] for one in sent for row in one.messages]


def statuses(sent) -> Counter:
    return Counter(row[0] for row in query("SELECT status FROM messages WHERE batch_id = ?", (sent.batch["id"],)))


def later(seconds: float = 60) -> int:
    return time.now_ms() + round(seconds * 1000)


def test_nothing_that_waits_leaves_while_the_account_is_suspended_and_all_of_it_when_it_is_resumed(wallet, clock):
    sent = (
        send(wallet, NUMBERS[0]),
        send(wallet, NUMBERS[1], options=Options("scheduled", later())),
        bulk(wallet, 120),
        bulk(wallet, 3, Options("scheduled", later())),
        bulk(wallet, 3, Options("drip", drip_rate=600)),
    )
    suspend(wallet)
    for seconds in (0, 120, 600):
        clock.advance(seconds)
        assert claimable() == []
    assert suspension.count_waiting(wallet.account_id, actor="test") == 128
    assert resume(wallet) == 0
    clock.advance(1)
    assert sorted(claimable()) == sorted(ids(*sent))
    assert_counted()
    assert problems() == []


def test_others_are_served_past_what_a_suspended_account_has_at_the_head_of_the_queue(wallet, other, monkeypatch):
    monkeypatch.setattr(holding, "CHUNK", 7)
    for index in range(30):
        send(wallet, NUMBERS[index])
    theirs = send(other, NUMBERS[40])
    suspend(wallet)
    assert [outgoing.id for outgoing in queue.claim("carrier", 1).messages] == ids(theirs)
    assert query("SELECT count(*) FROM messages WHERE lane = 0 AND status = 'queued'")[0][0] == 0, "out of the way"
    assert resume(wallet) == 0
    assert len(claimable()) == 30


def test_what_is_claimed_and_not_begun_goes_back_and_what_is_in_flight_ends(wallet, carrier):
    sent = send(wallet, *NUMBERS[:4])
    claimed = queue.claim("carrier", 4)
    begun = queue.start([claimed._replace(messages=claimed.messages[:2])])[0]
    suspend(wallet)
    assert queue.start([claimed._replace(messages=claimed.messages[2:])])[0].messages == []
    write(
        lambda tx: settle(tx, [(begun.messages[0], Outcome("accepted", "x")), (begun.messages[1], Outcome(TEMPORARY))], begun.token)
    )
    assert statuses(sent) == {"submitted": 1, "queued": 3}
    assert claimable() == []
    first = message(begun.messages[0].id)
    write(lambda tx: move(tx, [plan_receipt(first, Receipt("delivered"), time.now_ms())], time.now_ms()))
    assert message(first["id"])["status"] == "delivered", "receipts of what left come in"
    polling.expire()
    assert resume(wallet) == 0
    assert problems() == []


def test_a_waiting_retry_and_a_mail_are_kept(carrier, clock):
    wallet = make_wallet("1000", is_sandbox=True)
    composer_ = mail.MailComposer(get_account(wallet.account_id), wallet, "Hello", "Text")
    from wesend.messages.sending.compose import Addressee

    sent = sending.send(composer_, [Addressee("ann@example.com", None)], actor=ACTOR, origin=ORIGIN, in_request=False)
    gateway = sent.messages[0]["gateway"]
    suspend(wallet)
    assert claimable(gateway) == []
    resume(wallet)
    assert claimable(gateway) == ids(sent)


def test_what_is_late_by_more_than_an_hour_waits_for_the_operators_word(wallet, other, clock):
    late = (
        send(wallet, NUMBERS[0]),
        send(wallet, NUMBERS[1], options=Options("scheduled", later(60))),
        bulk(wallet, 5),
        bulk(wallet, 4, Options("scheduled", later(60))),
    )
    in_time = send(wallet, NUMBERS[2], options=Options("scheduled", later(1.5 * HOUR)))
    suspend(wallet)
    assert claimable() == []
    clock.advance(2 * HOUR)
    theirs = send(other, NUMBERS[3])
    assert resume(wallet) == 11
    assert sorted(claimable()) == sorted(ids(in_time, theirs))
    assert suspension.release(wallet.account_id, actor=ACTOR) == 11
    assert sorted(claimable()) == sorted(ids(*late))
    assert suspension.count_late(wallet.account_id, actor="test") == 0
    assert_counted()
    assert problems() == []


@pytest.mark.parametrize(("hours", "waits"), [(0.99, 0), (1.01, 1)])
def test_an_hour_is_the_limit(wallet, clock, hours, waits):
    send(wallet, NUMBERS[0])
    suspend(wallet)
    clock.advance(hours * HOUR)
    assert resume(wallet) == waits


def test_the_operators_other_word_cancels_and_refunds_each_batch_by_one_entry(wallet, clock):
    late = (send(wallet, NUMBERS[0]), send(wallet, *NUMBERS[1:4]), bulk(wallet, 700, Options(reference="Easter")))
    before = balance(wallet)
    suspend(wallet)
    clock.advance(2 * HOUR)
    assert resume(wallet) == 704
    done = suspension.drop(wallet.account_id, actor=ACTOR)
    assert done == (704, {"UGX": 704 * 35_000_000})
    assert (before, balance(wallet)) == (str(100_000 - 704 * 35), "100000")
    refunds = [tuple(row) for row in query("SELECT amount_micros, description FROM ledger_entries WHERE kind = 'refund'")]
    assert sorted(refunds) == sorted(
        [
            (35_000_000, f"Cancelled: batch {late[0].batch['uid']}"),
            (105_000_000, f"Cancelled: batch {late[1].batch['uid']}"),
            (700 * 35_000_000, "Cancelled: Easter"),
        ]
    )
    assert suspension.drop(wallet.account_id, actor=ACTOR) == (0, {})
    assert claimable() == [] and problems() == []
    assert_counted()


@pytest.mark.parametrize("size", (3, 600))
def test_of_two_words_at_the_same_moment_the_first_one_counts(wallet, clock, monkeypatch, size):
    """The other one found the same messages waiting, and comes upon them when they are decided."""
    sent = bulk(wallet, size) if size > 100 else send(wallet, *NUMBERS[:size])
    suspend(wallet)
    clock.advance(2 * HOUR)
    assert resume(wallet) == size
    bulks = suspension._late_bulks(wallet.account_id)
    late = [row["id"] for row in query("SELECT id FROM messages WHERE batch_id = ?", (sent.batch["id"],))]
    before = balance(wallet)
    assert suspension.release(wallet.account_id, actor=ACTOR) == size
    monkeypatch.setattr(suspension, "_late_bulks", lambda account_id: bulks)
    assert suspension.drop(wallet.account_id, actor=ACTOR) == (0, {})
    assert write(lambda tx: suspension._still_late(tx, late)) == []
    assert suspension.release(wallet.account_id, actor=ACTOR) == 0
    assert balance(wallet) == before and problems() == []
    assert {row["status"] for row in query("SELECT status FROM messages")} == {"queued"}


def test_no_word_is_taken_while_the_account_is_suspended(wallet):
    suspend(wallet)
    for word in (suspension.release, suspension.drop):
        with pytest.raises(Conflict, match="resume it first"):
            word(wallet.account_id, actor=ACTOR)


def test_a_drip_keeps_its_pace_when_its_account_is_resumed_or_released(wallet, clock):
    sent = bulk(wallet, 60, Options("drip", drip_rate=60))
    suspend(wallet)
    clock.advance(600)
    assert resume(wallet) == 0
    assert len(claimable()) == 1
    clock.advance(10)
    assert len(claimable()) == 10
    suspend(wallet)
    clock.advance(2 * HOUR)
    assert resume(wallet) == 49
    suspension.release(wallet.account_id, actor=ACTOR)
    clock.advance(10)
    assert len(claimable()) == 11
    assert statuses(sent)["dripping"] == 38


def test_a_resume_that_a_crash_cut_short_leaves_it_suspended_and_what_follows_it_is_finished_by_the_job(wallet, clock, monkeypatch):
    one = send(wallet, NUMBERS[0])
    send(wallet, NUMBERS[1], options=Options("scheduled", later(3 * HOUR)))
    suspend(wallet)
    assert claimable() == []
    clock.advance(2 * HOUR)

    def dies(*_, **__):
        raise RuntimeError("killed")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(suspension.service, "set_account_status", dies)
        resume(wallet)
    assert claimable() == [] and not get_account(wallet.account_id).is_active
    three = send_while_suspended(wallet)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(holding, "give_back", dies)
        resume(wallet)
    assert holding.give_back() == 1
    assert claimable() == ids(three)
    assert suspension.count_late(wallet.account_id, actor="test") == 1
    suspension.release(wallet.account_id, actor=ACTOR)
    assert claimable() == ids(one)


def send_while_suspended(wallet):
    """As a request that was let in just before."""
    composed = composer(wallet)
    composed.account = composed.account._replace(is_active=True)
    sent = sending.send(composed, read_recipients([NUMBERS[5]], "UG"), actor=ACTOR, origin=ORIGIN, in_request=False)
    assert claimable() == []
    return sent


def test_a_bulk_that_was_paused_by_its_owner_stays_so(wallet, clock):
    sent = bulk(wallet, 5)
    actions.pause(*named(sent.batch), actor=ACTOR)
    suspend(wallet)
    clock.advance(2 * HOUR)
    assert resume(wallet) == 0
    assert claimable() == []
    actions.resume(*named(sent.batch), actor=ACTOR)
    assert len(claimable()) == 5


def user(role: str, account_id: int | None) -> User:
    return User(1, "x@example.com", role, account_id, True, True)


def test_operators_cancel_and_pause_what_is_a_suspended_accounts_and_nobody_else_does(wallet, clock):
    one = send(wallet, NUMBERS[0], options=Options("scheduled", later()))
    sent = bulk(wallet, 5)
    suspend(wallet)
    account = get_account(wallet.account_id)
    for role in (OWNER, MEMBER):
        actor = user(role, account.id)
        for word, uid in (
            (actions.cancel_message, one.messages[0]["uid"]),
            (actions.pause, sent.batch["uid"]),
            (actions.cancel_batch, sent.batch["uid"]),
        ):
            with pytest.raises(AccountSuspended):
                word(account, uid, actor=actor)
    operator = user(OPERATOR, None)
    assert actions.cancel_message(account, one.messages[0]["uid"], actor=operator).count == 1
    actions.pause(account, sent.batch["uid"], actor=operator)
    assert actions.cancel_batch(account, sent.batch["uid"], actor=operator).count == 5
    assert balance(wallet) == "100000" and problems() == []


def test_a_late_campaign_is_the_operators_to_resume_and_its_owners_to_cancel(wallet, clock):
    sent, second = bulk(wallet, 5), bulk(wallet, 5, first=5)
    suspend(wallet)
    clock.advance(2 * HOUR)
    resume(wallet)
    account = get_account(wallet.account_id)
    owner = user(OWNER, account.id)
    with pytest.raises(Conflict, match="operator decides"):
        actions.resume(account, sent.batch["uid"], actor=owner)
    actions.resume(account, sent.batch["uid"], actor=user(OPERATOR, None))
    assert len(claimable()) == 5
    assert actions.cancel_batch(account, second.batch["uid"], actor=owner).count == 5
    assert suspension.count_late(account.id, actor="test") == 0 and problems() == []
