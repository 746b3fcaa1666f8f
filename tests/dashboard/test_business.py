"""The operator's pages of prices and margins, and a wallet's statements: shown, changed, and refused to others."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

from wesend.core import clock, money
from wesend.database import write
from wesend.routing import price_list_editing as editing
from wesend.routing import price_lists
from wesend.wallets import service as wallets

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import text_of
from ..support.domain import make_route

MONTH = clock.day_of(clock.now_ms(), "Africa/Kampala")[:7]
PATH = "/operator/price-lists/Gold"


@pytest.fixture
def gold(app):
    with app.app_context():
        return editing.create("Gold", "UGX", actor="test")


def rows(app) -> list[tuple]:
    with app.app_context():
        return editing.rows_of(price_lists.named("Gold", actor="test"))


def test_an_operator_sets_changes_and_removes_a_price_in_its_place(app, operator, gold):
    operator.post(PATH, country="UG", network="MTN", prefix="", begins="1 000", price="30")
    assert rows(app) == [("UG", "MTN", "", 1000, "30")]
    place = {"country": "UG", "network": "MTN", "prefix": "", "from": "1000"}
    operator.post(f"{PATH}/edit", **place, price="28.5")
    assert rows(app) == [("UG", "MTN", "", 1000, "28.5")]
    operator.post(f"{PATH}/edit", **place, price="much")
    assert rows(app) == [("UG", "MTN", "", 1000, "28.5")]
    operator.post(f"{PATH}/edit", **place, remove="1")
    assert rows(app) == []


@pytest.mark.parametrize("name", ["Gold & Co", "50 %", "Orodha ya bei?", "<b>"])
def test_a_list_may_be_called_whatever_people_call_it(app, operator, name):
    uses(operator, operator.follow("/operator/price-lists", name=name, currency="UGX").text)


def test_a_list_that_an_earlier_version_called_by_a_slash_has_its_page(app, operator, gold):
    with app.app_context():
        write(lambda tx: tx.execute("UPDATE price_lists SET name = 'MTN/Airtel'"))
    uses(operator, operator.get("/operator/price-lists/MTN/Airtel").text)


def uses(operator, page: str) -> None:
    """Sets a price and reads it, by the links of a list's page."""
    (path,) = {html.unescape(path) for path in re.findall(r'href="(/operator/price-lists/[^"]*)/prices.csv"', page)}
    operator.post(path, country="UG", network="", prefix="", begins="", price="31")
    assert "UG,,,0,31" in operator.get(f"{path}/prices.csv").text


def test_a_file_is_read_in_and_its_bad_lines_are_shown(app, operator, gold):
    def upload(text: str):
        return operator.post(f"{PATH}/import", files={"file": (io.BytesIO(text.encode()), "prices.csv")})

    assert "Line 3" in text_of(upload("country,price\nUG,30\nXX,1\n")) and rows(app) == []
    upload("country,price\nUG,30\n")
    assert rows(app) == [("UG", "", "", 0, "30")]
    assert operator.get(f"{PATH}/prices.csv").text.lstrip("\ufeff").split() == ["country,network,prefix,from,price", "UG,,,0,30"]


def test_an_account_is_put_on_a_list_and_taken_off(app, operator, gold, shop):
    operator.post(f"{PATH}/accounts", account_id=str(shop.account_id))
    assert "wesendall UG" in text_of(operator.get(PATH))
    with app.app_context():
        assert [account.id for account in price_lists.accounts_by_list(actor="test")[gold.id]] == [shop.account_id]
    operator.post(f"{PATH}/accounts", account_id=str(shop.account_id), off="1")
    with app.app_context():
        assert price_lists.accounts_by_list(actor="test") == {}


@pytest.mark.parametrize("path", ["/operator/business", "/operator/business/months.csv", "/operator/price-lists", PATH])
def test_owners_and_members_have_no_pages_of_the_business(owner, member, gold, path):
    assert {person.get(path).status_code for person in (owner, member)} <= {403, 404}


def test_the_business_is_shown(operator, shop):
    page = operator.get("/operator/business?currency=UGX")
    assert page.status_code == 200 and "Margin by month" in text_of(page) and "Nobody owes anything" in text_of(page)


def test_a_loss_is_a_figure_in_the_file(app, operator, shop):
    with app.app_context():
        make_route("ESMS_UG", "sandbox", cost_micros=70_000_000)
    assert wesendall_of(app, shop).send("0712345678").status_code == 200
    lines = list(csv.DictReader(io.StringIO(operator.get("/operator/business/months.csv?currency=UGX").text.lstrip("\ufeff"))))
    assert [(line["margin"], line["margin_pct"]) for line in lines if line["messages"] != "0"] == [("-35", "-100.0")]


def test_a_statement_names_its_wallet_as_people_call_it(member, shop):
    path = f"/wallets/{shop.wallet}/statements/{MONTH}"
    assert f"Wallet {shop.wallet}" in text_of(member.get(path))
    with member.app.app_context():
        wallets.set_name(wallets.find_wallet(shop.wallet, actor="test"), "Main till", actor="test")
    assert f"Wallet Main till · {shop.wallet}" in text_of(member.get(path))


def test_a_member_sees_the_statement_of_his_own_account_alone(app, member, shop):
    shown = text_of(member.get(f"/wallets/{shop.wallet}/statements/{MONTH}"))
    assert f"Statement {MONTH}-" in shown and "Closing balance UGX 1,000" in shown
    assert MONTH in text_of(member.get(f"/wallets/{shop.wallet}/statements"))
    lines = list(csv.reader(io.StringIO(member.get(f"/wallets/{shop.wallet}/statements/{MONTH}.csv").text)))
    assert sum(money.to_micros(line[-1]) for line in lines[1:-1]) == money.to_micros(lines[-1][-1])
    other = mint(app, is_sandbox=False)
    assert member.get(f"/wallets/{other.wallet}/statements/{MONTH}").status_code == 404
    assert member.get(f"/wallets/{shop.wallet}/statements/2026-13").status_code == 404
