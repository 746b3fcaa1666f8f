"""Receipts of a bound SMSC: kept and matched in one transaction, and never lost for what they say."""

from __future__ import annotations

import pytest

from tests.support.domain import assert_counted, make_route, make_wallet, message, problems, put, send, timeline
from tests.support.gateways import set_up
from wesend.adapters.sms.base import CallbackReceipt, Receipt
from wesend.database import query
from wesend.messages.receipts import inbox

TO = "+256712300000"


@pytest.fixture
def gateway(context) -> str:
    set_up("africastalking")
    make_route("ESMS_UG", "africastalking")
    return "africastalking"


@pytest.fixture
def wallet(gateway):
    return make_wallet("100000")


def submitted(wallet, ref: str) -> int:
    one = send(wallet, TO).messages[0]
    put(one["id"], "submitted", gateway_ref=ref, submitted_at=1, claim_token="t")
    return one["id"]


def receipt(ref: str, status: str = "delivered") -> CallbackReceipt:
    return CallbackReceipt(ref, None, TO, Receipt(status, "000", "well"))


def kept() -> list[tuple]:
    return [tuple(row) for row in query("SELECT gateway_ref, state, message_id FROM brought_receipts ORDER BY id")]


def test_what_is_known_is_settled_at_once_and_the_rest_when_it_is_known(gateway, wallet):
    one = submitted(wallet, "a")
    inbox.take(gateway, [receipt("later"), receipt("a")])
    assert message(one)["status"] == "delivered" and timeline(one)[-1] == "delivered"
    assert sorted(kept()) == [("a", "matched", one), ("later", "new", None)]
    two = submitted(wallet, "later")
    assert inbox.match_new() == 1 and message(two)["status"] == "delivered"
    assert_counted()
    assert problems() == []


def test_several_of_one_message_are_taken_one_after_the_other(gateway, wallet):
    one = submitted(wallet, "a")
    inbox.take(gateway, [receipt("a", "sent"), receipt("a"), receipt("a", "failed")])
    assert message(one)["status"] == "delivered" and timeline(one)[-2:] == ["sent", "delivered"]
    assert kept() == [("a", "matched", one)] * 3


def test_a_cost_that_a_later_one_of_the_same_message_tells_is_kept(gateway, wallet):
    one = submitted(wallet, "a")
    told = receipt("a")._replace(receipt=Receipt("delivered", "000", "well", cost="UGX 12"))
    inbox.take(gateway, [receipt("a", "unlisted"), told])
    assert message(one)["status"] == "delivered" and message(one)["carrier_cost_micros"] == 12_000_000
    assert_counted()
    assert problems() == []


def test_many_are_taken_in_one_call(gateway, wallet):
    ids = [submitted(wallet, f"r{number}") for number in range(inbox.CHUNK + 5)]
    inbox.take(gateway, [receipt(f"r{number}") for number in range(len(ids))])
    assert {message(one)["status"] for one in ids} == {"delivered"} and len(kept()) == len(ids)
    assert_counted()


def test_what_can_not_be_carried_out_is_kept_and_looked_at_again(gateway, wallet, monkeypatch):
    one = submitted(wallet, "a")
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "plan_receipt", lambda *_: 1 / 0)
        inbox.take(gateway, [receipt("a")])
    assert kept() == [("a", "new", None)] and message(one)["status"] == "submitted"
    assert inbox.match_new() == 1 and message(one)["status"] == "delivered"
