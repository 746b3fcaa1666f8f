"""The page of verifications: figures, by app, and the latest; by phone and status, and never a code."""

from __future__ import annotations

import pytest

from ..support.accounts import mint, mint_key
from ..support.dashboard import Visitor, make_user, text_of
from ..support.esms import ANN, BEN, Esms, data_of, esms_of
from ..support.verify import check, started, wrong


@pytest.fixture
def minted(app):
    return mint(app, "esms", balance="100000")


@pytest.fixture
def api(app, minted) -> Esms:
    return esms_of(app, minted)


@pytest.fixture
def member(app, minted) -> Visitor:
    return Visitor(app, make_user(app, "member", minted.account_id))


def test_an_empty_page_says_what_comes_here(member):
    page = text_of(member.get("/verifications"))
    assert "No verification yet" in page and "Started 0" in page and "Approval rate –" in page


def test_figures_and_the_latest_are_shown_and_no_code(api, member, clock):
    app_id = data_of(api.post("/verify/apps", {"name": "Web <shop>"}))["id"]
    first, second, third = started(api, ANN, app_id=app_id), started(api, BEN), started(api, "+256702345678")
    check(api, first["sandbox_code"], first["verification_id"])
    check(api, wrong(second["sandbox_code"]), second["verification_id"])
    answer = member.get("/verifications")
    page = text_of(answer)
    assert "Started 3" in page and "Approved 1" in page and "Approval rate 33.3 %" in page and "UGX 105" in page
    assert "Web &lt;shop&gt;" in answer.text and "No app" in page and "sandbox only" in page
    assert all(code["sandbox_code"] not in answer.text for code in (first, second, third))
    assert page.index("+256702345678") < page.index(BEN) < page.index(ANN)
    assert "No verification of this account matches" in text_of(member.get("/verifications?status=expired"))
    clock.advance(600)
    assert BEN in text_of(member.get("/verifications?status=expired&to=0772345678"))
    assert ANN not in text_of(member.get("/verifications?status=expired"))
    assert "Started 3" in text_of(member.get("/verifications?days=7")) and member.get("/verifications?days=x").status_code == 200


def test_pages_go_on_below_the_last(api, member):
    for index in range(55):
        started(api, f"+2567720001{index:02d}")
    page = member.get("/verifications")
    assert "+256772000154" in page.text and "+256772000104" not in page.text and "before=" in page.text
    assert "+256772000104" in member.get("/verifications?before=6").text


def test_live_figures_stand_on_their_own(app, minted, api, member):
    from wesend.wallets.service import create_wallet, credit_by_hand

    from ..support.domain import make_route

    started(api)
    with app.app_context():
        make_route("ESMS_UG", "sandbox")
        wallet = create_wallet(account_id=minted.account_id, currency="KES", actor="test")
        credit_by_hand(wallet, 1_000_000_000, note=None, actor="test")
        _, given = mint_key(minted.account_id, wallet, "esms")
    live = Esms(app.test_client(), given.secret)
    assert "sandbox_code" not in started(live, BEN)
    page = text_of(member.get("/verifications"))
    assert "Started 1" in page and "KES 1.21" in page and "sandbox only" in page


def test_another_accounts_people_see_none_of_it(app, api):
    started(api)
    other = Visitor(app, make_user(app, "owner", mint(app).account_id))
    assert ANN not in other.get("/verifications").text
    assert Visitor(app).get("/verifications").status_code in (302, 303)
