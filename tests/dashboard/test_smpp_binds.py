"""The page of SMPP binds: operators see everybody's, owners their account's; what was refused is told in words."""

from __future__ import annotations

import pytest

from wesend.binds import opened, refusals
from wesend.binds.opened import Opened
from wesend.binds.refusals import Refused
from wesend.core import clock
from wesend.database import query

from ..support.accounts import mint
from ..support.dashboard import text_of


@pytest.fixture
def other(app):
    return mint(app, is_sandbox=False)


@pytest.fixture
def binds(app, shop, other):
    """One of each account, and three refusals: of the shop's, of the other's, of nobody's."""
    with app.app_context():
        now = clock.now_ms()
        for minted, address in ((shop, "203.0.113.7"), (other, "198.51.100.9")):
            ((key_id,),) = query("SELECT id FROM api_keys WHERE account_id = ? ORDER BY id LIMIT 1", (minted.account_id,))
            made = Opened(f"b{key_id}", key_id, minted.account_id, "transceiver", address, True, "here", now, 1234, 5)
            assert opened.open_up(made, 3)
        refusals.note(
            [
                (Refused(shop.account_id, "wshop", "203.0.113.7", "submit_sm", 0x400, "Wallet balance is too low"), 3),
                (Refused(other.account_id, "wother", "198.51.100.9", "bind_receiver", 0x0D, "too_many_binds"), 1),
                (Refused(None, "nobody", "192.0.2.1", "bind_transceiver", 0x0E, "credentials"), 1),
            ]
        )


def test_an_owner_sees_the_accounts_own(owner, binds):
    page = text_of(owner.get("/smpp"))
    for word in ("203.0.113.7", "transceiver", "1234", "wshop", "INSUFFICIENT_BALANCE", "Wallet balance is too low", "× 3"):
        assert word in page, word
    for word in ("198.51.100.9", "wother", "nobody", "192.0.2.1"):
        assert word not in page, word


def test_an_operator_sees_all_with_the_reasons_in_words(operator, binds):
    page = text_of(operator.get("/smpp"))
    for word in ("203.0.113.7", "198.51.100.9", "wshop", "ESME_RBINDFAIL", "The key has all the binds that it may have"):
        assert word in page, word
    assert "nobody" in page and "ESME_RINVPASWD" in page and "Wrong system_id or password" in page


def test_a_bind_is_ended_by_its_owner_alone(app, owner, operator, binds):
    with app.app_context():
        ((own,), (others,)) = query("SELECT uid FROM smpp_binds ORDER BY id")
    assert owner.post(f"/smpp/{others}/end").status_code in (403, 404)
    assert "ends in a moment" in text_of(owner.follow(f"/smpp/{own}/end"))
    with app.app_context():
        assert [tuple(row) for row in query("SELECT uid, ends FROM smpp_binds ORDER BY id")] == [(own, 1), (others, 0)]
    operator.follow(f"/smpp/{others}/end")
    with app.app_context():
        assert query("SELECT count(*) FROM smpp_binds WHERE ends = 1")[0][0] == 2


def test_members_see_none(member, binds):
    assert member.get("/smpp").status_code == 403
