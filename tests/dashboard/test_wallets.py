"""Wallets: every movement with the balance after it, money by mobile phone and by an operator's hand."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from wesend.wallets import service
from wesend.wallets.service import find_wallet

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import Visitor, make_user, text_of
from ..support.fakes import FakeVendor, answer
from ..support.gateways import set_up


@pytest.fixture
def sandbox_shop(app):
    return mint(app, balance="1000")


@pytest.fixture
def visitor(app, sandbox_shop):
    return Visitor(app, make_user(app, "member", sandbox_shop.account_id))


def test_the_ledger_shows_every_movement_with_the_balance_after_it(app, sandbox_shop, visitor, jobs):
    wesendall_of(app, sandbox_shop).send(["0712000001", "0712000002"])
    wesendall_of(app, sandbox_shop).send("0712000077", message="x")
    shown = text_of(visitor.get(f"/wallets/{sandbox_shop.wallet}"))
    assert "−UGX 70 UGX 930" in shown and "2 messages" in shown
    assert "+UGX 1,000 UGX 1,000" in shown
    assert "UGX 895" in text_of(visitor.get("/wallets"))


def test_the_statement_is_a_csv_whose_amounts_add_up_to_the_balance(app, sandbox_shop, visitor):
    wesendall_of(app, sandbox_shop).send(["0712000001", "0712000002"])
    answer = visitor.get(f"/wallets/{sandbox_shop.wallet}/statement")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [row["kind"] for row in rows] == ["sms_charge", "manual_credit"]
    assert sum(float(row["amount"]) for row in rows) == 930 == float(rows[0]["balance_after"])
    empty = visitor.get(f"/wallets/{sandbox_shop.wallet}/statement?to=2001-01-01")
    assert len(empty.text.splitlines()) == 1


def test_a_balance_below_zero_is_a_figure_in_the_statement(sandbox_shop, operator):
    operator.pick(sandbox_shop.account_id)
    operator.post(f"/wallets/{sandbox_shop.wallet}/credit-limit", credit_limit="500")
    operator.follow(f"/wallets/{sandbox_shop.wallet}", direction="debit", amount="1,200", note="Bank")
    answer = operator.get(f"/wallets/{sandbox_shop.wallet}/statement")
    row = next(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert (row["amount"], row["balance_after"]) == ("-1200", "-200")


def test_a_note_that_looks_like_a_formula_is_none_in_the_statement(sandbox_shop, operator):
    operator.pick(sandbox_shop.account_id)
    operator.follow(f"/wallets/{sandbox_shop.wallet}", direction="credit", amount="5", note="=HYPERLINK(1)")
    assert "'=HYPERLINK(1)" in operator.get(f"/wallets/{sandbox_shop.wallet}/statement").text


def test_a_top_up_asks_the_phone_and_is_credited_when_it_paid(sandbox_shop, visitor, jobs, clock):
    page = visitor.follow(f"/wallets/{sandbox_shop.wallet}/top-up", amount="5,000", phone="0772 345 678", provider="")
    assert "Confirm on the phone" in text_of(page) and "+256772345678" in text_of(page)
    clock.advance(5)
    jobs.deposits()
    path = page.request.path
    assert "UGX 5,000 came in" in text_of(visitor.get(path)) and "data-live" not in visitor.get(path).text
    assert "+UGX 5,000 UGX 6,000" in text_of(visitor.get(f"/wallets/{sandbox_shop.wallet}"))


def test_a_declined_top_up_says_so(sandbox_shop, visitor, jobs, clock):
    page = visitor.follow(f"/wallets/{sandbox_shop.wallet}/top-up", amount="5000", phone="0770000099", provider="")
    clock.advance(5)
    jobs.deposits()
    assert "Declined by the payer" in text_of(visitor.get(page.request.path))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"amount": "0", "phone": "0772345678"}, "above zero"),
        ({"amount": "-5", "phone": "0772345678"}, "above zero"),
        ({"amount": "many", "phone": "0772345678"}, "Not an amount"),
        ({"amount": "5", "phone": "home"}, "not a phone number"),
        ({"amount": "", "phone": ""}, "Please fill this in"),
        ({"amount": " , ", "phone": "0772345678"}, "Please fill this in"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field(sandbox_shop, visitor, fields, told):
    assert told in text_of(visitor.post(f"/wallets/{sandbox_shop.wallet}/top-up", provider="", **fields))


def test_a_live_wallet_without_a_money_gateway_says_so(shop, owner):
    answer = owner.post(f"/wallets/{shop.wallet}/top-up", amount="5", phone="0772345678", provider="")
    assert answer.status_code == 200 and 'role="alert"' in answer.text


def test_only_an_operator_moves_live_money_by_hand(shop, owner, operator):
    path = f"/wallets/{shop.wallet}"
    assert 'name="direction"' not in owner.get(path).text
    refused = owner.post(path, direction="credit", amount="1000000", note="please")
    assert refused.status_code == 403 and "Only an operator may do this" in text_of(refused)
    operator.pick(shop.account_id)
    assert "Credited UGX 500" in text_of(operator.follow(path, direction="credit", amount="500", note="Bank transfer 77"))
    assert "Bank transfer 77" in text_of(owner.get(path))
    poor = operator.post(path, direction="debit", amount="999999", note="too much")
    assert poor.status_code == 200 and 'role="alert"' in poor.text
    assert "Please fill this in" in text_of(operator.post(path, direction="debit", amount="1", note=""))


def test_another_accounts_wallet_does_not_exist_but_an_operator_goes_over_to_it(sandbox_shop, owner, operator, app):
    for path in ("", "/top-up", "/statement"):
        assert owner.get(f"/wallets/{sandbox_shop.wallet}{path}").status_code == 404
    assert owner.post(f"/wallets/{sandbox_shop.wallet}/top-up", amount="5", phone="0772345678").status_code == 404
    operator.pick(1)
    assert operator.get(f"/wallets/{sandbox_shop.wallet}/top-up").status_code == 200


def test_an_owner_sets_the_line_below_which_somebody_is_told_and_ends_it(app, sandbox_shop):
    visitor = Visitor(app, make_user(app, "owner", sandbox_shop.account_id))
    path = f"/wallets/{sandbox_shop.wallet}"
    page = visitor.follow(f"{path}/alert", below="2,500.50", address="ann@example.com")
    assert "told once" in text_of(page) and 'value="2500.5"' in page.text and 'value="ann@example.com"' in page.text
    assert "is no e-mail address" in text_of(visitor.post(f"{path}/alert", below="5", address="ann"))
    assert "must be above zero" in text_of(visitor.post(f"{path}/alert", below="-5", address=""))
    assert 'value="2500.5"' in visitor.get(path).text
    page = visitor.follow(f"{path}/alert", below="", address="")
    assert "Nobody is told any more" in text_of(page) and 'value="2500.5"' not in page.text


def test_a_member_sees_no_alert_and_sets_none(visitor, sandbox_shop):
    path = f"/wallets/{sandbox_shop.wallet}"
    assert "Low-balance alert" not in text_of(visitor.get(path))
    assert visitor.post(f"{path}/alert", below="5", address="").status_code == 403


def test_a_wallet_goes_by_its_name_where_a_key_is_made(app, sandbox_shop):
    owner = Visitor(app, make_user(app, "owner", sandbox_shop.account_id))
    assert f"UGX wallet …{sandbox_shop.wallet[-4:]} · sandbox" in text_of(owner.get("/keys"))
    with app.app_context():
        service.set_name(find_wallet(sandbox_shop.wallet, actor="test"), "Till", actor="test")
    assert "UGX · Till · sandbox" in text_of(owner.get("/keys"))


def form_value(page: str, name: str) -> str:
    return re.findall(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)[0]


def test_money_is_moved_by_hand_once_however_often_the_form_is_sent(app, sandbox_shop, operator):
    operator.pick(sandbox_shop.account_id)
    path = f"/wallets/{sandbox_shop.wallet}"
    form = {"direction": "credit", "amount": "50", "note": "Bank", "after": form_value(operator.get(path).text, "after")}
    assert operator.post(path, **form).status_code == 303
    again = operator.post(path, **form)
    assert again.status_code == 200 and "Money was moved by hand since this page was opened" in text_of(again)
    assert "UGX 1,050" in text_of(operator.get("/wallets"))
    # What was shown with the refusal is a page of now: who means it can.
    assert operator.post(path, **{**form, "after": form_value(again.text, "after")}).status_code == 303
    assert "UGX 1,100" in text_of(operator.get("/wallets"))


def test_what_is_sent_meanwhile_does_not_stop_a_credit_by_hand(app, sandbox_shop, operator):
    operator.pick(sandbox_shop.account_id)
    path = f"/wallets/{sandbox_shop.wallet}"
    after = form_value(operator.get(path).text, "after")
    wesendall_of(app, sandbox_shop).send("0712000001")
    assert operator.post(path, direction="debit", amount="50", note="Bank", after=after).status_code == 303


def test_two_hands_at_once_move_money_once(app, sandbox_shop, operator):
    operator.pick(sandbox_shop.account_id)
    path = f"/wallets/{sandbox_shop.wallet}"
    after = form_value(operator.get(path).text, "after")
    with app.app_context():
        wallet = find_wallet(sandbox_shop.wallet, actor="test")

    def credit(_number: int) -> bool:
        with app.app_context():
            try:
                service.credit_by_hand(wallet, 1_000_000, note=None, after=int(after), actor="test")
            except service.MovedByHand:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(credit, range(8))) == [False] * 7 + [True]
    assert "UGX 1,001" in text_of(operator.get("/wallets"))


def test_a_phone_is_asked_to_pay_once_however_often_the_form_is_sent(sandbox_shop, visitor):
    path = f"/wallets/{sandbox_shop.wallet}/top-up"
    form = {"uid": form_value(visitor.get(path).text, "uid"), "amount": "500", "phone": "0712000055", "provider": ""}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: visitor.post(path, **form), range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(set(re.findall(r"top-ups/(dep_\w+)", visitor.get(f"/wallets/{sandbox_shop.wallet}").text))) == 1


def test_a_form_that_is_put_right_after_a_refusal_asks_again(shop, owner, app):
    fake = FakeVendor()
    charges = "/api/v1/collect-money"
    fake.on(
        "POST",
        charges,
        answer(422, {"status": "error", "message": "Not registered"}),
        answer(200, {"status": "success", "data": {"transaction": {"uuid": "mz-1", "status": "processing"}}}),
    )
    with app.app_context():
        set_up("marzpay", fake.url)
    path = f"/wallets/{shop.wallet}/top-up"
    uid = form_value(owner.get(path).text, "uid")
    refused = owner.post(path, uid=uid, amount="500", phone="0712345678", provider="")
    assert refused.status_code == 200 and "Not registered" in text_of(refused)
    again = owner.follow(path, uid=form_value(refused.text, "uid"), amount="500", phone="0772345678", provider="")
    assert "Confirm on the phone" in text_of(again)
    assert [asked.json["phone_number"] for asked in fake.asked if asked.path == charges] == ["+256712345678", "+256772345678"]
    resent = owner.post(path, uid=uid, amount="500", phone="0712345678", provider="")
    assert resent.status_code == 303 and uid in resent.headers["Location"], "sent once more, the first one asks nobody"
    assert len(fake.asked) == 2
    fake.stop()
