"""An account is closed: nothing of it leaves, what waited comes back, nobody gets in, and the books stay."""

from __future__ import annotations

import io

import pytest

from wesend.accounts import users
from wesend.accounts.roles import MEMBER, OWNER, User
from wesend.accounts.service import get_account
from wesend.contacts import csv_import
from wesend.core.errors import Conflict, Forbidden
from wesend.database import query
from wesend.messages.sending.options import Options
from wesend.people import closing

from ..support.domain import ACTOR, balance, make_wallet, message, problems, put, send
from .stored import assert_gone

PHONE = "+256701234987"


def test_what_waits_comes_back_and_the_books_stay(carrier, jobs, clock):
    wallet = make_wallet("1000")
    later = send(wallet, PHONE, text="Zebra later", options=Options(mode="scheduled", scheduled_at=int(clock() * 1000) + 3_600_000))
    send(wallet, PHONE, text="Zebra now")
    done_before = send(wallet, PHONE, text="Zebra before").messages[0]
    put(done_before["id"], "delivered")
    csv_import.import_csv(
        get_account(wallet.account_id), io.BytesIO(f"phone,name\n{PHONE},Zebra\n".encode()), name="Z", actor=ACTOR
    )
    closed = closing.close(wallet.account_id, is_sure=True, patience=0, actor=ACTOR)
    assert (closed.cancelled, closed.refunded_micros) == (2, {"UGX": 70_000_000})
    assert balance(wallet) == "965" and problems() == []
    clock.advance(4000)
    jobs.dispatch()
    assert carrier.submitted == [] and message(later.messages[0]["id"])["status"] == "cancelled"
    assert_gone("Zebra")
    assert query("SELECT count(*) FROM ledger_entries WHERE wallet_id = ?", (wallet.id,))[0][0] > 3
    again = closing.close(wallet.account_id, is_sure=True, patience=0, actor=ACTOR)
    assert again.closed_at == closed.closed_at and again.cancelled == 0


def test_who_may_and_not_by_mistake(carrier):
    wallet = make_wallet("1000")
    account_id = wallet.account_id
    with pytest.raises(Conflict, match="--yes"):
        closing.close(account_id, is_sure=False, actor=ACTOR)
    with pytest.raises(Forbidden):
        closing.close(account_id, is_sure=True, actor=User(7, "m@example.com", MEMBER, account_id, True, True))
    owner = users.create_user("owner@example.com", OWNER, account_id, actor=ACTOR)
    assert closing.close(account_id, is_sure=True, patience=0, actor=owner).users == 1
    assert not users.load_user(owner.id).is_active
    with pytest.raises(Conflict, match="closed"):
        users.create_user("other@example.com", OWNER, account_id, actor=ACTOR)
    with pytest.raises(Conflict, match="closed"):
        users.set_status(owner.id, "active", actor=ACTOR)
