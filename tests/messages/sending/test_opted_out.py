"""An opt-out binds what waits: whatever it came by, whatever it waits for, at once and once more before it leaves."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import inbound
from wesend.accounts.service import get_account
from wesend.adapters.sms.base import ACCEPTED, REFUSED, TEMPORARY, Outcome
from wesend.contacts import opting_out
from wesend.core import clock as time
from wesend.core.errors import NotCancellable, OptedOut
from wesend.database import query, write
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.reporting.sent import load_sent
from wesend.messages.sending import actions
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.in_request import AtOnce
from wesend.messages.sending.options import Options
from wesend.routing import opt_outs

from ...support.domain import (
    ACTOR,
    NUMBERS,
    ORIGIN,
    assert_counted,
    balance,
    batch,
    composer,
    make_account,
    make_wallet,
    message,
    named,
    problems,
    send,
    timeline,
)

ANN, BEN = NUMBERS[:2]


@pytest.fixture
def wallet(carrier, clock):
    return make_wallet("10000")


def bulk(wallet, *numbers, options: Options = Options()):
    batch = sending.send_bulk(composer(wallet), read_recipients(numbers, "UG"), actor=ACTOR, origin=ORIGIN, options=options)
    return load_sent(batch["uid"])


def record_silently(account_id: int, address: str) -> None:
    """An opt-out that nobody was told of: as if it came in between a look and a claim."""
    write(
        lambda tx: tx.insert(
            "opt_outs", account_id=account_id, channel="sms", address=address, source="test", created_at=time.now_ms()
        )
    )


BY = {
    "the page": lambda wallet, phone: opting_out.opt_out(get_account(wallet.account_id), phone, actor=ACTOR),
    "a list": lambda wallet, phone: opting_out.opt_out_all(get_account(wallet.account_id), [phone], actor=ACTOR),
    "STOP": lambda wallet, phone: inbound.receive("carrier", phone, None, "STOP", account_id=wallet.account_id),
    "a domain's own call": lambda wallet, phone: write(
        lambda tx: opt_outs.add_opt_out(tx, account_id=wallet.account_id, channel="sms", address=phone, source="test")
    ),
}


@pytest.mark.parametrize("by", BY)
def test_whatever_waits_for_a_phone_is_taken_back_and_refunded_however_it_opted_out(wallet, by):
    at = time.now_ms() + 60_000
    sent = [
        send(wallet, ANN, BEN),
        send(wallet, ANN, BEN, options=Options("scheduled", at)),
        bulk(wallet, ANN, BEN),
        bulk(wallet, ANN, BEN, options=Options("scheduled", at)),
        bulk(wallet, BEN, ANN, options=Options("drip", drip_rate=1)),
    ]
    BY[by](wallet, ANN)
    for one in sent:
        for row in one.messages:
            now = message(row["id"])
            if row["recipient"] == ANN:
                assert (now["status"], now["error_code"], now["refunded_micros"]) == ("cancelled", "opted_out", 35_000_000)
                assert timeline(row["id"]) == ["cancelled"]
            else:
                assert now["status"] == row["status"]
    assert balance(wallet) == str(10_000 - 5 * 35)
    assert_counted()
    assert problems() == []


def test_what_waits_to_be_tried_again_is_taken_back_and_what_left_stays(wallet):
    left, waits = send(wallet, ANN), send(wallet, ANN)
    ours = queue.start([queue.claim("carrier", 2)])[0]
    write(lambda tx: settle(tx, [(ours.messages[0], Outcome("accepted", "x")), (ours.messages[1], Outcome(TEMPORARY))], ours.token))
    BY["STOP"](wallet, ANN)
    assert message(left.messages[0]["id"])["status"] == "submitted"
    assert message(waits.messages[0]["id"])["error_code"] == "opted_out"
    assert balance(wallet) == "9965" and problems() == []


@pytest.mark.parametrize(("side", "taken"), [("sandbox", ["sandbox"]), ("live", ["live"]), (None, ["live", "sandbox"])])
def test_an_opt_out_of_one_side_takes_nothing_back_of_the_other(wallet, side, taken):
    sandbox = make_wallet("1000", account=get_account(wallet.account_id), is_sandbox=True)
    sent = {"live": send(wallet, ANN), "sandbox": send(sandbox, ANN)}
    write(lambda tx: opt_outs.add_opt_out(tx, account_id=wallet.account_id, channel="sms", address=ANN, source="test", side=side))
    assert [name for name, one in sent.items() if message(one.messages[0]["id"])["status"] == "cancelled"] == taken


def test_of_other_accounts_nothing_is_taken_back(wallet, carrier):
    other = make_wallet("1000", account=make_account("Other"))
    theirs = send(other, ANN)
    BY["STOP"](wallet, ANN)
    assert message(theirs.messages[0]["id"])["status"] == "queued"
    assert [outgoing.id for outgoing in queue.claim("carrier", 5).messages] == [theirs.messages[0]["id"]]


def test_nothing_leaves_that_opted_out_between_its_claim_and_the_wire(wallet):
    sent = bulk(wallet, ANN, BEN)
    claimed = queue.claim("carrier", 10)
    BY["STOP"](wallet, ANN)
    assert [outgoing.recipient for outgoing in queue.start([claimed])[0].messages] == [BEN]
    first = message(sent.messages[0]["id"])
    assert (first["status"], first["error_code"]) == ("cancelled", "opted_out")
    assert balance(wallet) == "9965" and problems() == []


@pytest.mark.parametrize("submitting", [True, False])
def test_nothing_is_begun_that_opted_out_unseen(wallet, submitting):
    bulk(wallet, ANN, BEN)
    send(wallet, ANN)
    record_silently(wallet.account_id, ANN)
    claimed = queue.claim("carrier", 10, submitting=submitting)
    ours = claimed if submitting else queue.start([claimed])[0]
    assert [outgoing.recipient for outgoing in ours.messages] == [BEN]
    assert balance(wallet) == "9965" and problems() == []
    assert_counted()


def test_a_request_that_had_to_wait_for_its_gateway_looks_once_more(wallet, carrier, monkeypatch):
    from wesend.messages.dispatch import submit

    accepted = sending.accept(
        composer(wallet),
        list(composer(wallet).plan(read_recipients([ANN], "UG"))),
        [],
        origin=ORIGIN,
        options=Options(),
        at_once=AtOnce(called=frozenset({"carrier"})),
    )
    record_silently(wallet.account_id, ANN)
    monkeypatch.setattr(submit, "LOOKED_AT_JUST_NOW", -1)
    submit.submit(accepted.outgoing, accepted.token, accepted.batch_uid)
    assert carrier.submitted == []
    assert queue.start([queue.claim("carrier", 5)])[0].messages == []
    assert message(load_sent(accepted.batch_uid).messages[0]["id"])["error_code"] == "opted_out"
    assert balance(wallet) == "10000" and problems() == []


def test_a_retry_by_hand_to_who_opted_out_is_refused_and_costs_nothing(wallet):
    sent = send(wallet, ANN)
    ours = queue.start([queue.claim("carrier", 1)])[0]
    write(lambda tx: settle(tx, [(ours.messages[0], Outcome(REFUSED))], ours.token))
    BY["the page"](wallet, ANN)
    with pytest.raises(OptedOut):
        actions.retry(*named(message(sent.messages[0]["id"])), actor=ACTOR)
    assert message(sent.messages[0]["id"])["status"] == "failed" and balance(wallet) == "10000"


def test_who_comes_back_gets_what_is_sent_from_then_on(wallet):
    BY["STOP"](wallet, ANN)
    inbound.receive("carrier", ANN, None, "START", account_id=wallet.account_id)
    sent = send(wallet, ANN)
    assert [outgoing.id for outgoing in queue.start([queue.claim("carrier", 5)])[0].messages] == [sent.messages[0]["id"]]


def test_an_opt_out_list_of_many_takes_back_all_that_waits(wallet):
    sent = bulk(wallet, *NUMBERS[:250])
    added, refused = opting_out.opt_out_all(get_account(wallet.account_id), NUMBERS[:240], actor=ACTOR)
    assert (added, refused) == (240, [])
    found = query("SELECT status, count(*) FROM messages WHERE batch_id = ? GROUP BY 1 ORDER BY 1", (sent.batch["id"],))
    assert [tuple(row) for row in found] == [("cancelled", 240), ("queued", 10)]
    assert balance(wallet) == str(10_000 - 350) and problems() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["opt out", "claim", "cancel", "refuse", "send"]), st.integers(0, 3)), max_size=12))
def test_whatever_the_order_each_message_is_refunded_once_or_not_at_all(carrier, steps):
    """Opt-outs, claims, cancellations and refusals, mixed: the ledger adds up, and nobody who opted out is begun."""
    wallet = make_wallet("1000")
    out: set[str] = set()
    sent = []
    for step, number in steps:
        phone = NUMBERS[number]
        if step == "send" and phone not in out:
            sent.append(bulk(wallet, phone, *NUMBERS[4:6]))
        elif step == "opt out":
            BY["STOP"](wallet, phone)
            out.add(phone)
        elif step == "cancel" and sent:
            with suppress(NotCancellable):
                actions.cancel_batch(*named(batch(sent[-1].batch["id"])), actor=ACTOR)
        elif step in ("claim", "refuse"):
            ours = queue.start([queue.claim("carrier", 2)])[0]
            assert not {one.recipient for one in ours.messages if one.account_id == wallet.account_id} & out
            settle_all(ours, Outcome(REFUSED) if step == "refuse" else Outcome(ACCEPTED, "x"))
    kept = query("SELECT coalesce(sum(cost_micros - refunded_micros), 0) FROM messages WHERE wallet_id = ?", (wallet.id,))[0][0]
    assert balance(wallet) == str(1000 - kept // 1_000_000)
    assert problems() == []


def settle_all(ours: queue.Claimed, outcome: Outcome) -> None:
    write(lambda tx: settle(tx, [(one, outcome) for one in ours.messages], ours.token))
