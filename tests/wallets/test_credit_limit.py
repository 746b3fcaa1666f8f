"""Wallets of customers who pay afterwards: as far below zero as their limit, and never further."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wesend.core import money
from wesend.core.errors import Conflict, Forbidden, InsufficientBalance, InvalidInput
from wesend.database import query
from wesend.operations import alerts
from wesend.wallets import service

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import Visitor, make_user
from ..support.domain import ACTOR, make_wallet, problems

pytestmark = pytest.mark.usefixtures("context")


def micros(text: str) -> int:
    return money.to_micros(text)


def debit(wallet, amount: str) -> int:
    return service.debit_by_hand(wallet, micros(amount), note=None, actor=ACTOR)


def test_a_balance_falls_to_the_limit_and_no_further():
    wallet = make_wallet("100")
    service.set_credit_limit(wallet, micros("50"), actor=ACTOR)
    assert debit(wallet, "120") == micros("-20")
    with pytest.raises(InsufficientBalance):
        debit(wallet, "30.000001")
    assert debit(wallet, "30") == micros("-50") and service.spendable_of(wallet) == 0
    with pytest.raises(InsufficientBalance):
        debit(wallet, "0.000001")
    assert problems() == []


def test_a_limit_below_what_is_owed_is_refused():
    wallet = make_wallet("0")
    service.set_credit_limit(wallet, micros("50"), actor=ACTOR)
    debit(wallet, "40")
    with pytest.raises(Conflict, match="-40"):
        service.set_credit_limit(wallet, micros("39.999999"), actor=ACTOR)
    service.set_credit_limit(wallet, micros("40"), actor=ACTOR)
    with pytest.raises(InvalidInput):
        service.set_credit_limit(wallet, -1, actor=ACTOR)
    service.credit_by_hand(wallet, micros("40"), note=None, actor=ACTOR)
    service.set_credit_limit(wallet, 0, actor=ACTOR)
    assert [row[0] for row in query("SELECT detail FROM audit_log WHERE action = 'wallet.credit_limit' ORDER BY id")] == [
        "0 → 50 UGX",
        "50 → 40 UGX",
        "40 → 0 UGX",
    ]


@settings(max_examples=25, deadline=None)
@given(limit=st.integers(0, 300), steps=st.lists(st.integers(-200, 200).filter(bool), max_size=12))
def test_whatever_moves_it_stays_within_the_limit(limit, steps):
    wallet = make_wallet("0")
    service.set_credit_limit(wallet, limit, actor=ACTOR)
    balance = 0
    for step in steps:
        try:
            if step > 0:
                service.credit_by_hand(wallet, step, note=None, actor=ACTOR)
            else:
                service.debit_by_hand(wallet, -step, note=None, actor=ACTOR)
            balance += step
        except InsufficientBalance:
            assert balance + step < -limit
        assert service.balance_of(wallet) == balance >= -limit


def test_a_storm_of_sends_stops_exactly_at_the_limit(app):
    minted = mint(app, balance="0")
    wallet = service.find_wallet(minted.wallet, actor=ACTOR)
    cost = wesendall_of(app, mint(app)).send("0712345678").json["data"]["total_cost"]
    service.set_credit_limit(wallet, micros(str(cost)) * 10, actor=ACTOR)

    def one(_: int) -> int:
        try:
            return wesendall_of(app, minted).send("0712345678").status_code
        finally:
            app.extensions["wesend.database"].close_thread()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(one, range(24)))
    assert (statuses.count(200), statuses.count(402)) == (10, 14)
    assert service.balance_of(wallet) == -micros(str(cost)) * 10 and problems() == []
    shown = wesendall_of(app, minted).get("/account/balance", query_string={"walletId": minted.wallet}).json["data"]["balance"]
    assert shown == -cost * 10, "shown as it is"


def test_the_alert_counts_what_is_left_to_spend():
    wallet = make_wallet("0")
    service.set_credit_limit(wallet, micros("100"), actor=ACTOR)
    service.set_low_balance(wallet, micros("20"), None, actor=ACTOR)

    def is_told() -> bool:
        alerts.tell_of_low_balances()
        return query("SELECT low_balance_told_at FROM wallets WHERE id = ?", (wallet.id,))[0][0] is not None

    assert not is_told()
    debit(wallet, "80")
    assert not is_told()
    debit(wallet, "0.5")
    assert is_told()


def test_only_operators_give_credit(app):
    shop = mint(app, is_sandbox=False)
    path = f"/wallets/{shop.wallet}"
    owner, operator = Visitor(app, make_user(app, "owner", shop.account_id)), Visitor(app, make_user(app))
    assert "Credit limit" not in owner.get(path).text and owner.post(f"{path}/credit-limit", credit_limit="50").status_code == 403
    with pytest.raises(Forbidden):
        service.set_credit_limit(service.find_wallet(shop.wallet, actor=ACTOR), 1, actor=owner.user)
    assert "Credit limit" in operator.get(path).text
    assert operator.post(f"{path}/credit-limit", credit_limit="50").status_code == 303
    assert "may fall to" in owner.get(path).text


def test_by_command(app):
    shop = mint(app, is_sandbox=False, balance="1000")
    run = app.test_cli_runner().invoke
    assert "credit_limit" not in run(args=["wallet", "show", shop.wallet, "--json"]).output
    assert run(args=["wallet", "set", shop.wallet, "--credit-limit", "0"]).output.endswith("may fall to 0\n")
    assert run(args=["wallet", "set", shop.wallet, "--credit-limit", "100000"]).output.endswith("may fall to -100000\n")
    assert run(args=["wallet", "debit", shop.wallet, "2000", "--json"]).output == (
        f'{{"wallet_id": "{shop.wallet}", "currency": "UGX", "balance": "-1000"}}\n'
    )
    assert run(args=["wallet", "show", shop.wallet]).output.endswith(": -1000 UGX, may fall to -100000\n")
    assert isinstance(run(args=["wallet", "set", shop.wallet, "--credit-limit", "999"]).exception, Conflict)
