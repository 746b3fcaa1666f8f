"""`senderId`: approved ones only, for their countries."""

from __future__ import annotations

import pytest

from wesend.routing import senders

from ..support.accounts import ACTOR, mint, new_wesendall, wesendall_of
from ..support.database import written
from ..support.wesendall import ANN, CHEBET, refused


def request_sender(app, account_id: int, decision: str) -> None:
    with app.app_context():
        sender = senders.request_sender(account_id=account_id, name="MINE", countries=["KE"], actor=ACTOR)
        if decision != "pending":
            senders.decide_sender(sender["id"], approve=decision == "approved", reason="No", actor=ACTOR)


def test_an_approved_sender_is_used_whatever_its_case(wesendall):
    for given in ("MYBRAND", "mybrand", " MyBrand "):
        assert wesendall.send("0712345678", senderId=given).status_code == 200
        assert wesendall.history()[0]["sender_id"] == "MYBRAND"


@pytest.mark.parametrize("given", [None, ""])
def test_no_sender_is_needed(wesendall, given):
    assert wesendall.send("0712345678", senderId=given).status_code == 200


@pytest.mark.parametrize(("decision", "to"), [("pending", CHEBET), ("rejected", CHEBET), ("approved", ANN)])
def test_a_sender_that_is_not_approved_for_the_country_is_403(app, decision, to):
    minted = mint(app)
    request_sender(app, minted.account_id, decision)
    before = written(app)
    answer = wesendall_of(app, minted).send(to, senderId="MINE")
    assert refused(answer, 403, "sender_not_approved")
    assert written(app) == before


def test_an_approved_sender_is_let_through_for_its_country(app):
    minted = mint(app)
    request_sender(app, minted.account_id, "approved")
    assert wesendall_of(app, minted).send(CHEBET, senderId="MINE").status_code == 200


@pytest.mark.parametrize("given", ["MYBRAND", "NOBODY", "x" * 100, "<b>", "MYBRAND\n"])
def test_an_unknown_sender_or_another_accounts_is_403(app, given):
    answer = new_wesendall(app).send("0712345678", senderId=given)
    assert refused(answer, 403, "sender_not_approved")
