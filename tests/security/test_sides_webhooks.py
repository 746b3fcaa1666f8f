"""What each side is told of: endpoints, their secrets and events, of one side and of both."""

from __future__ import annotations

import json

import pytest

from wesend.accounts.sides import LIVE, SANDBOX
from wesend.core import money
from wesend.database import atomic, query
from wesend.operations import alerts
from wesend.sandbox import phones as sandbox_phones
from wesend.wallets.service import debit_by_hand, find_wallet, set_low_balance
from wesend.webhooks import endpoints

from ..support import inbound
from ..support.domain import ACTOR
from ..support.sides import SIDES, Both, text_to


@pytest.fixture
def both(both: Both) -> Both:
    """Nothing was told yet: what the sides were furnished with has come to its end."""
    both.jobs.settle()
    with both.app.app_context(), atomic() as tx:
        tx.execute("DELETE FROM webhook_deliveries")
    return both


def heard(both: Both) -> dict[str, set[str]]:
    """URL → ids of the messages that were told to it."""
    with both.app.app_context():
        found: dict[str, set[str]] = {}
        for row in query(
            "SELECT e.url, d.payload FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
            " WHERE e.account_id = ?",
            (both.account.id,),
        ):
            payload = json.loads(row["payload"])
            found.setdefault(row["url"], set()).add(payload.get("message_id") or payload.get("id"))
        return found


def test_what_happens_on_a_side_is_told_to_its_own_endpoints_and_to_those_of_people(both):
    sent = {
        side: both[side].apis["esms"].post("/api/messages/send", {"to": both[side].phone, "text": "Hi"}).json["id"]
        for side in (LIVE, SANDBOX)
    }
    both.jobs.settle()
    assert heard(both) == {
        "https://peopleword.example/": set(sent.values()),
        **{f"https://{side}word.example/dlr": {sent[side]} for side in sent},
    }


@SIDES
def test_an_answer_is_told_on_the_side_that_it_answers(both, side):
    both[side].apis["esms"].post("/api/messages/send", {"to": "+256712777004", "text": "Hi"})
    with both.app.app_context():
        inbound.receive("sandbox", "+256712777004", None, "Hello")
    assert set(heard(both)) == {"https://peopleword.example/", f"https://{side}word.example/mo"}


def test_each_side_has_a_pair_and_a_secret_of_its_own(both):
    live, test = (both[side].apis["esms"] for side in (LIVE, SANDBOX))
    shown = live.get("/api/webhooks").json
    secret = test.get("/api/webhooks").json["signing_secret"]
    assert shown["signing_secret"] != secret
    assert test.post("/api/webhooks/rotate-secret").json["signing_secret"] != secret
    assert test.put("/api/webhooks", {"dlr_url": None, "mo_url": None, "is_active": False}).status_code == 200
    assert live.get("/api/webhooks").json == shown


def test_before_anything_is_set_each_side_prepares_with_a_secret_of_its_own(both):
    with both.app.app_context():
        for row in query("SELECT id FROM webhook_endpoints WHERE managed IN (1, 2)"):
            endpoints.remove_endpoint(row["id"], actor=ACTOR)
    secrets = [both[side].apis["esms"].get("/api/webhooks").json["signing_secret"] for side in (LIVE, SANDBOX)]
    assert secrets[0] != secrets[1]


@SIDES
def test_a_low_balance_is_told_to_endpoints_that_hear_of_its_wallets_side(both, side):
    with both.app.app_context():
        ids = {}
        for owner in (LIVE, SANDBOX, None):
            row, _ = endpoints.add_endpoint(
                account_id=both.account.id,
                format_name="wesendall",
                url="https://low.example/",
                events=[endpoints.LOW_BALANCE],
                actor=ACTOR,
            )
            ids[row["id"]] = owner
            with atomic() as tx:
                tx.execute("UPDATE webhook_endpoints SET side = ? WHERE id = ?", (owner, row["id"]))
        wallet = find_wallet(both[side].wallet, actor="test")
        set_low_balance(wallet, money.to_micros("500"), None, actor=ACTOR)
        debit_by_hand(wallet, query("SELECT balance_micros FROM wallets WHERE id = ?", (wallet.id,))[0][0], note=None, actor=ACTOR)
        alerts.tell_of_low_balances()
        told = {
            ids[row[0]] for row in query("SELECT endpoint_id FROM webhook_deliveries WHERE event = ?", (endpoints.LOW_BALANCE,))
        }
    assert told == {side, None}


def test_what_a_person_makes_a_sandbox_phone_say_binds_no_live_sends(both):
    """The page of phones plays a phone; that a live wallet wrote last, by a route to the sandbox, makes it no real one."""
    phone = "+256712777005"
    for side in (SANDBOX, LIVE):
        assert text_to(both, side, phone) is None
    with both.app.app_context():
        sandbox_phones.answer(both.account, phone, "STOP", actor=ACTOR)
    assert text_to(both, SANDBOX, phone) is not None
    assert text_to(both, LIVE, phone) is None
    assert set(heard(both)) == {"https://peopleword.example/", "https://sandboxword.example/mo"}
