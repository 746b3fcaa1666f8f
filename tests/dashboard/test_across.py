"""Operator's pages across accounts, people's data, and names of wallets."""

from __future__ import annotations

import pytest

from wesend.accounts.roles import OWNER, User
from wesend.accounts.service import get_account
from wesend.core.errors import Forbidden
from wesend.messages.reporting import across
from wesend.messages.sending import actions
from wesend.messages.sending.options import Options
from wesend.wallets import service as wallets

from ..support.domain import ACTOR, make_wallet, message, send
from ..support.domain_fixtures import carrier, in_context, upstreams  # noqa: F401 (fixtures)

PHONE = "+256701234987"


def test_messages_of_every_account_are_found(carrier):  # noqa: F811
    first, second = make_wallet("1000"), make_wallet("1000")
    mine = send(first, PHONE, text="Zebra one").messages[0]
    send(second, PHONE, text="Lion two")
    assert [row["account_id"] for row in across.find("0701234987", actor=ACTOR).rows] == [second.account_id, first.account_id]
    assert [row["id"] for row in across.find("zebra", actor=ACTOR).rows] == [mine["id"]]
    assert [row["id"] for row in across.find(message(mine["id"])["uid"], actor=ACTOR).rows] == [mine["id"]]
    assert across.find("", actor=ACTOR).rows == [] and across.find("nobody wrote this", actor=ACTOR).place is None
    one = across.find("0701234987", limit=1, actor=ACTOR)
    assert [row["id"] for row in across.find("0701234987", before=one.place, actor=ACTOR).rows] == [mine["id"]]
    told = {customer.row["id"]: customer for customer in across.customers(actor=ACTOR)}
    assert told[first.account_id].sent == 1 and told[first.account_id].balances == [(965_000_000, "UGX")]
    assert told[first.account_id].last_send_at is not None
    for call in (across.customers, across.usage, lambda actor: across.find("x", actor=actor)):
        with pytest.raises(Forbidden):
            call(actor=User(7, "o@example.com", OWNER, first.account_id, True, True))


def test_a_month_is_that_of_the_accounts_own_clocks(clock, carrier):  # noqa: F811
    wallet = make_wallet("1000")
    clock.advance(20 * 86400 + 9 * 3600 - 60)  # 30 June, 20:59 in UTC: a minute before midnight in Kampala
    sent = [send(wallet, PHONE) and _sent(wallet)]
    clock.advance(120)
    sent += [_sent(wallet), send(wallet, PHONE) and _sent(wallet)]
    assert sent == [1, 0, 1]


def test_what_was_cancelled_was_not_sent(clock, carrier):  # noqa: F811
    wallet = make_wallet("1000")
    sent = send(wallet, PHONE, options=Options("scheduled", scheduled_at=round((clock() + 3600) * 1000)))
    assert _sent(wallet) == 1
    actions.cancel_message(get_account(wallet.account_id), sent.messages[0]["uid"], actor=ACTOR)
    assert _sent(wallet) == 0


def _sent(wallet) -> int:
    return next(customer.sent for customer in across.customers(actor=ACTOR) if customer.row["id"] == wallet.account_id)


def test_a_wallets_name(carrier):  # noqa: F811
    wallet = make_wallet("1000")
    wallets.set_name(wallet, "  Main   till ", actor=ACTOR)
    assert wallets.find_wallet(wallet.uid, actor=ACTOR).label == "Main till"
