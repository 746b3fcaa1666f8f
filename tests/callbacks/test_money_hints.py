"""What money gateways bring is a hint: the gateway is asked before money moves, and it comes once."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from tests.support.domain import balance, make_account, make_wallet, problems
from tests.support.fakes import answer, drop
from tests.support.gateways import Vendor, set_up
from wesend.adapters.money.base import ChargeAnswer
from wesend.adapters.money.mpesa import Mpesa as adapter
from wesend.core.phones import normalise
from wesend.database import query
from wesend.wallets import deposit_polling, deposits

PAYER = normalise("0712345678", "KE")
AMOUNT = 500_000_000
TOKEN = ("/oauth/v1/generate", "/mpesa/stkpush/v1/processrequest", "/mpesa/stkpushquery/v1/query")


class Mpesa:
    """M-Pesa as its fake plays it: accepts charges with these ids, and says of all what ``says`` was told."""

    def __init__(self, fake, app):
        self.fake = fake
        fake.on("GET", TOKEN[0], answer(200, {"access_token": "t", "expires_in": "3599"}))
        self.accepts("ws_1")
        self.still_open()
        self.vendor = Vendor(app, set_up("mpesa", fake.url))

    def accepts(self, *ids: str) -> None:
        self.fake.on(
            "POST",
            TOKEN[1],
            *[answer(200, {"MerchantRequestID": "m", "CheckoutRequestID": each, "ResponseCode": "0"}) for each in ids],
        )

    def says(self, code: int) -> None:
        self.fake.on("POST", TOKEN[2], answer(200, {"ResponseCode": "0", "ResultCode": str(code)}))

    def still_open(self) -> None:
        self.fake.on("POST", TOKEN[2], answer(500, {"errorCode": "500.001.1001"}))

    def hint(self, checkout: str, code: int = 0, reference: str | None = None):
        return self.vendor(
            query=f"?reference={reference}" if reference else "",
            json={
                "Body": {
                    "stkCallback": {
                        "MerchantRequestID": "m",
                        "CheckoutRequestID": checkout,
                        "ResultCode": code,
                        "ResultDesc": "Done",
                        "CallbackMetadata": {"Item": [{"Name": "Amount", "Value": 1_000_000}]},
                    }
                }
            },
        )

    def questions(self) -> list[str]:
        return [asked.json["CheckoutRequestID"] for asked in self.fake.asked if asked.path == TOKEN[2]]


@pytest.fixture
def mpesa(fake, context) -> Mpesa:
    return Mpesa(fake, context)


@pytest.fixture
def wallet(clock):
    return make_wallet("0", "KES", account=make_account(country="KE"))


def start(wallet, amount: int = AMOUNT):
    return deposits.start_deposit(wallet, amount, PAYER, actor="test")


def now(deposit):
    return deposits.deposit_by_id(deposit["id"], deposit["account_id"], actor="test")


def credits() -> list[int]:
    return [row[0] for row in query("SELECT amount_micros FROM ledger_entries WHERE deposit_id IS NOT NULL")]


def test_a_callback_is_answered_as_mpesa_wants_it_and_moves_no_money_by_itself(mpesa, wallet):
    deposit = start(wallet)
    told = mpesa.hint("ws_1")
    assert (told.status_code, told.json) == (200, {"ResultCode": 0, "ResultDesc": "Accepted"})
    assert now(deposit)["status"] == "pending" and balance(wallet) == "0" and mpesa.questions() == []


def test_the_gateway_is_asked_at_the_next_look_and_what_it_says_counts(mpesa, wallet):
    deposit = start(wallet)
    mpesa.says(0)
    assert deposit_polling.poll_due() == 0, "it is not due yet"
    mpesa.hint("ws_1")
    assert deposit_polling.poll_due() == 1 and mpesa.questions() == ["ws_1"]
    assert now(deposit)["status"] == "successful" and credits() == [AMOUNT], "what was asked"
    assert problems() == []


@pytest.mark.parametrize("forget", ["still_open", "says_cancelled"])
def test_a_forged_callback_credits_nothing(mpesa, wallet, forget):
    deposit = start(wallet)
    mpesa.still_open() if forget == "still_open" else mpesa.says(1032)
    for _ in range(5):
        mpesa.hint("ws_1")
        deposit_polling.poll_due()
    assert now(deposit)["status"] == ("pending" if forget == "still_open" else "failed")
    assert balance(wallet) == "0" and credits() == []


def test_a_callback_for_nothing_of_ours_is_answered_and_forgotten(mpesa, wallet):
    start(wallet)
    assert mpesa.hint("ws_alien", reference="no such").status_code == 200
    assert deposit_polling.poll_due() == 0 and credits() == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"Body": {"stkCallback": {}}}', b"\xff"])
def test_an_unreadable_callback_is_400(mpesa, body):
    assert mpesa.vendor(data=body, content_type="application/json").status_code == 400


def test_a_wrong_token_is_404(mpesa):
    assert mpesa.vendor(path=mpesa.vendor.path + "x", json={}).status_code == 404


def test_a_charge_whose_answer_was_lost_is_found_again_by_its_callback(mpesa, wallet, fake, clock):
    fake.on("POST", TOKEN[1], drop)
    deposit = start(wallet)
    assert (deposit["status"], deposit["gateway_ref"]) == ("pending", None)
    (charged,) = [asked.json for asked in fake.asked if asked.path == TOKEN[1]]
    assert charged["CallBackURL"].endswith(f"{mpesa.vendor.path}?reference={deposit['reference']}")
    mpesa.says(0)
    clock.advance(5)
    deposit_polling.poll_due()
    assert mpesa.questions() == [] and now(deposit)["status"] == "pending", "it can't be asked without its id"
    mpesa.hint("ws_lost", reference=deposit["reference"])
    deposit_polling.poll_due()
    assert mpesa.questions() == ["ws_lost"] and now(deposit)["status"] == "successful" and credits() == [AMOUNT]


def test_another_deposits_id_is_not_taken_for_a_lost_one(mpesa, wallet, fake):
    paid = start(wallet)
    mpesa.says(0)
    mpesa.hint("ws_1")
    deposit_polling.poll_due()
    fake.on("POST", TOKEN[1], drop)
    lost = start(wallet, 900 * AMOUNT)
    mpesa.hint("ws_1", reference=lost["reference"])
    deposit_polling.poll_due()
    assert (now(lost)["status"], now(lost)["gateway_ref"]) == ("pending", None)
    assert now(paid)["status"] == "successful" and credits() == [AMOUNT]


def test_the_id_that_the_gateway_itself_gave_is_not_replaced(mpesa, wallet):
    deposit = start(wallet)
    mpesa.says(0)
    mpesa.hint("ws_other", reference=deposit["reference"])
    deposit_polling.poll_due()
    assert mpesa.questions() == ["ws_1"] and now(deposit)["gateway_ref"] == "ws_1"


@pytest.mark.parametrize("ended", ["failed", "expired"])
def test_money_that_comes_after_a_deposit_has_ended_is_credited_once(mpesa, wallet, clock, ended):
    deposit = start(wallet)
    if ended == "failed":
        mpesa.says(1037)
    clock.advance(5 if ended == "failed" else 24 * 3600)
    deposit_polling.poll_due()
    assert now(deposit)["status"] == ended
    mpesa.says(0)
    for _ in range(3):
        mpesa.hint("ws_1")
        deposit_polling.poll_due()
    assert now(deposit)["status"] == "successful" and credits() == [AMOUNT] and problems() == []


def test_a_late_hint_is_followed_up_while_the_gateway_gives_no_clear_answer_but_not_for_ever(mpesa, wallet, clock):
    deposit = start(wallet)
    clock.advance(24 * 3600)
    deposit_polling.poll_due()
    mpesa.hint("ws_1")
    deposit_polling.poll_due()
    asked = len(mpesa.questions())
    for _ in range(100):
        clock.advance(60)
        deposit_polling.poll_due()
    assert now(deposit)["poll_at"] is None and len(mpesa.questions()) == asked + deposit_polling.LATE_POLLS
    mpesa.hint("ws_1")
    deposit_polling.poll_due()
    mpesa.says(0)
    clock.advance(60)
    deposit_polling.poll_due()
    assert now(deposit)["status"] == "successful" and credits() == [AMOUNT]


@pytest.mark.parametrize("code", [1032, 1])
def test_what_has_ended_is_not_polled_on(mpesa, wallet, clock, code):
    deposit = start(wallet)
    mpesa.says(code)
    clock.advance(5)
    deposit_polling.poll_due()
    mpesa.hint("ws_1")
    asked = len(mpesa.questions())
    for _ in range(10):
        clock.advance(600)
        deposit_polling.poll_due()
    assert now(deposit)["status"] == "failed" and len(mpesa.questions()) == asked + 1


def test_a_check_by_hand_of_what_has_ended_starts_no_polling(mpesa, wallet, clock):
    deposit = start(wallet)
    clock.advance(24 * 3600)
    deposit_polling.poll_due()
    assert deposit_polling.check(deposit["id"])["poll_at"] is None


@pytest.fixture
def momo(fake, context) -> Vendor:
    fake.on("POST", "/collection/token/", answer(200, {"access_token": "t", "expires_in": 3600}))
    fake.on("POST", "/collection/v1_0/requesttopay", answer(202))
    return Vendor(context, set_up("momo", fake.url, currencies="KES"))


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("confirmed, credited", [("500", AMOUNT), ("450", 450_000_000)])
def test_momo_brings_a_hint_by_post_or_put_and_what_it_confirms_is_credited(momo, wallet, fake, method, confirmed, credited):
    deposit = start(wallet)
    fake.on(
        "GET",
        f"/collection/v1_0/requesttopay/{deposit['reference']}",
        answer(200, {"status": "SUCCESSFUL", "amount": confirmed, "currency": "KES", "financialTransactionId": "1"}),
    )
    assert (
        momo(method=method, json={"externalId": deposit["reference"], "status": "SUCCESSFUL", "amount": "9999999"}).status_code
        == 200
    )
    deposit_polling.poll_due()
    assert credits() == [credited] and now(deposit)["amount_micros"] == credited and problems() == []


@pytest.fixture
def marzpay(fake, context) -> Vendor:
    fake.on(
        "POST",
        "/api/v1/collect-money",
        answer(200, {"status": "success", "data": {"transaction": {"uuid": "mz-1", "status": "processing"}}}),
    )
    return Vendor(context, set_up("marzpay", fake.url, secrets={"webhook_secret": "ws"}, currencies="KES"))


def test_marzpays_signature_is_checked_and_its_word_still_asked_for(marzpay, wallet, fake):
    deposit = start(wallet)
    body = json.dumps({"event_type": "collection.completed", "transaction": {"uuid": "mz-1", "amount": 1}})
    good = hmac.digest(b"ws", f"1.{body}".encode(), hashlib.sha256).hex()
    for signature, status in ((None, 403), (f"t=2,v1={good}", 403), (f"t=1,v1={good}", 200)):
        told = marzpay(data=body, content_type="application/json", headers={"X-MarzPay-Signature": signature} if signature else {})
        assert told.status_code == status
        assert now(deposit)["status"] == "pending"
    fake.on(
        "GET",
        "/api/v1/collect-money/mz-1",
        answer(200, {"data": {"transaction": {"status": "completed"}, "collection": {"amount": {"raw": "499.5"}}}}),
    )
    deposit_polling.poll_due()
    assert now(deposit)["status"] == "successful" and credits() == [499_500_000]


def test_a_gateway_that_fails_by_an_exception_leaves_a_deposit_to_be_asked_for(mpesa, wallet, monkeypatch, caplog):
    monkeypatch.setattr("wesend.adapters.money.mpesa.Mpesa.charge", lambda *_: 1 / 0)
    assert start(wallet)["status"] == "pending" and "could not be charged" in caplog.text


def test_one_payment_is_not_credited_to_two_deposits_that_were_given_the_same_id(mpesa, wallet):
    first, second = start(wallet), start(wallet)
    mpesa.says(0)
    for _ in range(2):
        mpesa.hint("ws_1", reference=first["reference"])
        mpesa.hint("ws_1", reference=second["reference"])
        deposit_polling.poll_due()
    assert now(first)["status"] == "successful" and credits() == [AMOUNT]
    left = now(second)
    assert (left["status"], left["reason"]) == ("pending", "The gateway gave an id that another deposit has")


@pytest.mark.parametrize("code", [None, 1037])
def test_a_hint_that_comes_while_the_gateway_is_asked_for_the_last_time_is_followed_up(mpesa, wallet, clock, monkeypatch, code):
    deposit = start(wallet)
    ask = adapter.ask

    def slowly(*arguments):
        said = ask(*arguments)
        clock.advance(3)
        mpesa.hint("ws_1")
        return said

    if code is not None:
        mpesa.says(code)
    clock.advance(24 * 3600)
    monkeypatch.setattr(adapter, "ask", slowly)
    deposit_polling.poll_due()
    monkeypatch.undo()
    assert now(deposit)["status"] == ("expired" if code is None else "failed") and mpesa.questions() == ["ws_1"]
    mpesa.says(0)
    deposit_polling.poll_due()
    assert now(deposit)["status"] == "successful" and credits() == [AMOUNT] and problems() == []


def test_a_hint_that_comes_while_the_gateway_is_asked_is_not_put_off(mpesa, wallet, clock, monkeypatch):
    deposit = start(wallet)
    ask = adapter.ask

    def slowly(*arguments):
        said = ask(*arguments)
        clock.advance(3)
        mpesa.hint("ws_1")
        return said

    clock.advance(5)
    monkeypatch.setattr(adapter, "ask", slowly)
    deposit_polling.poll_due()
    monkeypatch.undo()
    mpesa.says(0)
    deposit_polling.poll_due()
    assert now(deposit)["status"] == "successful"


def test_a_refusal_that_comes_after_the_money_is_none(mpesa, wallet, monkeypatch):
    charge = adapter.charge

    def paid_first(gateway, asked):
        charge(gateway, asked)
        mpesa.says(0)
        mpesa.hint("ws_1", reference=asked.reference)
        deposit_polling.poll_due()
        return ChargeAnswer("refused", reason="Too late")

    monkeypatch.setattr(adapter, "charge", paid_first)
    assert start(wallet)["status"] == "successful" and credits() == [AMOUNT]
