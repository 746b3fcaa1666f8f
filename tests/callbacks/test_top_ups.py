"""Top-ups through an API's own call to the new payers, at a local fake of each, to their end: once, by notice and by asking."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from flask import Flask

from tests.support.accounts import new_wesendall
from tests.support.fakes import Asked, FakeVendor, answer, drop
from tests.support.gateways import Vendor, set_up
from wesend.database import query
from wesend.operations.audit import audit

AMOUNT = 500


class Payer:
    """A payer's network: what was charged, and what it ``says`` of it from now on."""

    kind = country = currency = phone = ""

    def __init__(self, app: Flask, fake: FakeVendor):
        self.app, self.fake = app, fake
        self.says("")
        self.listen()
        with app.app_context():
            self.vendor = Vendor(app, set_up(self.kind, fake.url))

    def listen(self) -> None:
        """Answer what it is asked."""

    def says(self, word: str, amount: int = AMOUNT) -> None:
        self.word, self.amount = word, amount

    def charges(self) -> list[str]:
        """Our references of what it was asked to take."""
        raise NotImplementedError

    def notify(self, reference: str):
        raise NotImplementedError


class Airtel(Payer):
    kind, country, currency, phone = "airtel", "UG", "UGX", "0752345678"
    paid, not_paid = "TS", "TF"

    def listen(self) -> None:
        self.fake.on("POST", "/auth/oauth2/token", answer(200, {"access_token": "t", "expires_in": "180"}))
        taken = {"status": {"success": True, "response_code": "DP00800001006"}}
        self.fake.on("POST", "/merchant/v1/payments/", answer(200, taken))

    def says(self, word: str, amount: int = AMOUNT) -> None:
        super().says(word, amount)
        for reference in self.charges():
            told = answer(200, {"data": {"transaction": {"id": reference, "status": word or "TIP"}}})
            self.fake.on("GET", "/standard/v1/payments/" + reference, told)

    def charges(self) -> list[str]:
        return [asked.json["transaction"]["id"] for asked in self.fake.asked if asked.path == "/merchant/v1/payments/"]

    def notify(self, reference: str):
        return self.vendor(json={"transaction": {"id": reference, "status_code": self.word or "TIP"}})


class Yo(Payer):
    kind, country, currency, phone = "yo-payments", "UG", "UGX", "0772345678"
    paid, not_paid = "SUCCEEDED", "FAILED"
    PATH = "/ybs/task.php"

    def listen(self) -> None:
        self.fake.on("POST", self.PATH, self.behave)

    def behave(self, handler, asked: Asked) -> None:
        if _field(asked, "Method") == "acdepositfunds":
            said = "<StatusCode>1</StatusCode><TransactionReference>yo-1</TransactionReference>"
        else:
            word = self.word or "PENDING"
            said = f"<StatusCode>0</StatusCode><TransactionStatus>{word}</TransactionStatus><Amount>{self.amount}</Amount>"
        answer(200, f"<AutoCreate><Response><Status>OK</Status>{said}</Response></AutoCreate>")(handler, asked)

    def charges(self) -> list[str]:
        return [_field(asked, "ExternalReference") for asked in self.fake.asked if _field(asked, "Method") == "acdepositfunds"]

    def notify(self, reference: str):
        return self.vendor(data={"failed_transaction_reference" if self.word == "FAILED" else "external_ref": reference})


def _field(asked: Asked, name: str) -> str:
    return ElementTree.fromstring(asked.body).findtext(f"Request/{name}") or ""


class Selcom(Payer):
    kind, country, currency, phone = "selcom", "TZ", "TZS", "0752345678"
    paid, not_paid = "COMPLETED", "REJECTED"

    def listen(self) -> None:
        self.fake.on("POST", "/v1/checkout/create-order-minimal", answer(200, {"resultcode": "000", "data": []}))
        self.fake.on("POST", "/v1/checkout/wallet-payment", answer(200, {"resultcode": "111"}))

    def says(self, word: str, amount: int = AMOUNT) -> None:
        super().says(word, amount)
        told = [{"payment_status": word or "PENDING", "amount": str(amount)}]
        self.fake.on("GET", "/v1/checkout/order-status", answer(200, {"resultcode": "000", "data": told}))

    def charges(self) -> list[str]:
        return [asked.json["order_id"] for asked in self.fake.asked if asked.path == "/v1/checkout/wallet-payment"]

    def notify(self, reference: str, secret: bytes = b"as"):
        body = {"order_id": reference, "payment_status": self.word or "PENDING"}
        signed = f"timestamp=2026-06-10T12:00:00Z&order_id={reference}&payment_status={body['payment_status']}"
        digest = b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest()).decode()
        headers = {"Timestamp": "2026-06-10T12:00:00Z", "Signed-Fields": "order_id,payment_status", "Digest": digest}
        return self.vendor(data=json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture(params=[Airtel, Yo, Selcom], ids=lambda kind: kind.kind)
def payer(request, app, fake, clock) -> Payer:
    return request.param(app, fake)


class TopUp:
    """One that was asked for through the Wesendall API, of a live wallet."""

    def __init__(self, app: Flask, payer: Payer):
        self.app = app
        self.api = new_wesendall(app, country=payer.country, currency=payer.currency, balance="0", is_sandbox=False)
        wanted = {"walletId": self.api.wallet, "amount": AMOUNT, "phone": payer.phone}
        told = self.api.post("/account/topup", wanted)
        assert told.status_code == 202 and told.json["data"]["status"] == "pending", told.json
        self.id = told.json["data"]["deposit_id"]
        (self.reference,) = payer.charges()
        payer.says("")

    def status(self) -> str:
        told = self.api.get(f"/account/topup/{self.id}", query_string={"walletId": self.api.wallet})
        return told.json["data"]["status"]

    def is_once(self, amount: int) -> bool:
        with self.app.app_context():
            credited = [row[0] for row in query("SELECT amount_micros FROM ledger_entries WHERE deposit_id IS NOT NULL")]
            return credited == [amount * 1_000_000] * bool(amount) and not audit().problems and self.api.balance() == amount


@pytest.fixture
def top_up(app, payer) -> TopUp:
    return TopUp(app, payer)


def by_notice(payer: Payer, top_up: TopUp, jobs, clock) -> None:
    for _ in range(2):
        assert payer.notify(top_up.reference).status_code == 200
        jobs.deposits()


def by_asking(payer: Payer, top_up: TopUp, jobs, clock) -> None:
    for _ in range(3):
        clock.advance(600)
        jobs.deposits()


ENDS = pytest.mark.parametrize("end", [by_notice, by_asking])
End = Callable[..., None]


@ENDS
def test_what_is_paid_is_credited_once(payer, top_up, jobs, clock, end: End):
    end(payer, top_up, jobs, clock)
    assert top_up.status() == "pending" and top_up.is_once(0)
    payer.says(payer.paid)
    end(payer, top_up, jobs, clock)
    assert top_up.status() == "successful" and top_up.is_once(AMOUNT)


@ENDS
def test_what_is_not_paid_has_failed_and_credits_nothing(payer, top_up, jobs, clock, end: End):
    payer.says(payer.not_paid)
    end(payer, top_up, jobs, clock)
    assert top_up.status() == "failed" and top_up.is_once(0)


def test_a_forged_notice_moves_no_money(payer, top_up, jobs):
    word, payer.word = payer.word, payer.paid
    payer.notify(top_up.reference)
    payer.word = word
    payer.vendor(path=payer.vendor.path + "x", data={"external_ref": top_up.reference})
    jobs.deposits()
    assert top_up.status() == "pending" and top_up.is_once(0)


def test_another_amount_is_credited_as_it_was_paid(payer, top_up, jobs, clock):
    payer.says(payer.paid, 450)
    by_asking(payer, top_up, jobs, clock)
    assert top_up.status() == "successful" and top_up.is_once(AMOUNT if payer.kind == "airtel" else 450)


def test_what_nobody_ends_expires_and_is_credited_when_it_is_paid_after_all(payer, top_up, jobs, clock):
    for _ in range(30):
        clock.advance(3600)
        jobs.deposits()
    assert top_up.status() == "expired" and top_up.is_once(0)
    payer.says(payer.paid)
    by_notice(payer, top_up, jobs, clock)
    assert top_up.status() == "successful" and top_up.is_once(AMOUNT)


def test_a_selcom_notice_that_is_signed_by_nobody_we_know_is_refused(app, fake, clock, jobs):
    payer = Selcom(app, fake)
    top_up = TopUp(app, payer)
    payer.says("COMPLETED")
    assert payer.notify(top_up.reference, b"other").status_code == 403
    jobs.deposits()
    assert top_up.status() == "pending" and top_up.is_once(0)


def test_a_charge_whose_connection_broke_is_asked_about(app, fake, clock, jobs):
    payer = Airtel(app, fake)
    fake.on("POST", "/merchant/v1/payments/", drop)
    top_up = TopUp(app, payer)
    payer.says("TS")
    by_asking(payer, top_up, jobs, clock)
    assert top_up.status() == "successful" and top_up.is_once(AMOUNT)
