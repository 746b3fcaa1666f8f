"""MarzPay collections."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from wesend.adapters.callbacks import BadSignature, CallbackRequest, UnreadableCallback
from wesend.adapters.money.base import NOT_PAID, PAID, PENDING, Charge, ChargeStatus, PaymentHint
from wesend.adapters.outcomes import ACCEPTED, REFUSED, UNKNOWN

from ..support.fakes import answer, drop, reset
from ..support.server import free_port
from .adapters import make

PATH, UUID = "/api/v1/collect-money", "c97fae8b-9b7f-4192-9f72-6f0859d33e67"
CALLBACK = "https://gw.example.com/callbacks/money/g/t0ken"
REFERENCE = "6f1e0c6a-3c1d-4c1e-9a51-0f2f6f0d9a11"
CHARGE = Charge(REFERENCE, "+256772000001", 1_000_000_000, "UGX", "Top-up")


@pytest.fixture
def adapter(vendor):
    return make("marzpay", vendor.url, callback_url=CALLBACK)


def collection(status: str, **more) -> dict:
    transaction = {"uuid": UUID, "reference": REFERENCE, "status": status}
    return {"status": "success", "data": {"transaction": transaction, **more}}


class TestCharging:
    def test_the_request_is_the_documented_one(self, vendor, adapter):
        vendor.on("POST", PATH, answer(200, collection("processing")))
        assert adapter.charge(CHARGE) == (ACCEPTED, UUID, None)
        assert vendor.last.json == {
            "amount": 1000,
            "phone_number": "+256772000001",
            "country": "UG",
            "reference": REFERENCE,
            "description": "Top-up",
            "callback_url": CALLBACK,
        }
        assert type(vendor.last.json["amount"]) is int
        assert vendor.last.basic == ("mk", "ms")

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (answer(422, {"status": "error", "message": "Invalid phone"}), "Invalid phone"),
            (answer(200, {"status": "error", "message": "Invalid phone"}), "Invalid phone"),
            (answer(200, collection("failed")), "MarzPay refused the collection"),
            (answer(503, {"message": "Maintenance"}), "Maintenance"),
        ],
    )
    def test_what_was_surely_not_carried_out_is_refused(self, vendor, adapter, behaviour, reason):
        vendor.on("POST", PATH, behaviour)
        answered = adapter.charge(CHARGE)
        assert (answered.kind, answered.reason) == (REFUSED, reason)

    def test_an_address_that_nobody_listens_at_refuses_the_charge(self):
        assert make("marzpay", f"http://127.0.0.1:{free_port()}").charge(CHARGE).kind == REFUSED

    @pytest.mark.parametrize(
        "behaviour",
        [
            drop,
            reset,
            answer(500),
            answer(200, "x"),
            answer(200, {}),
            answer(200, {"status": "success", "data": []}),
            answer(200, {"status": [], "data": {"transaction": 7}}),
            answer(422, collection("processing")),
            answer(200, {**collection("processing"), "status": "error"}),
        ],
        ids=range(9),
    )
    def test_what_may_have_been_carried_out_is_unknown(self, vendor, adapter, behaviour):
        vendor.on("POST", PATH, behaviour)
        assert adapter.charge(CHARGE).kind == UNKNOWN
        assert len(vendor.asked) == 1


class TestAsking:
    def ask(self, vendor, adapter, *behaviours) -> ChargeStatus:
        vendor.on("GET", f"{PATH}/{UUID}", *behaviours)
        return adapter.ask(CHARGE, UUID, 5_000)

    @pytest.mark.parametrize("status", ["successful", "completed", "Completed"])
    @pytest.mark.parametrize(
        "told", [{"collection": {"amount": {"raw": "950", "formatted": "950 UGX"}}}, {"collection": {"amount": {"raw": 950.0}}}]
    )
    def test_paid_is_the_amount_that_is_confirmed(self, vendor, adapter, status, told):
        assert self.ask(vendor, adapter, answer(200, collection(status, **told))) == ChargeStatus(PAID, 950_000_000)

    @pytest.mark.parametrize("amount", [950, "950.00", {"raw": "950"}])
    def test_the_transactions_amount_serves_when_the_collection_tells_none(self, vendor, adapter, amount):
        body = collection("successful")
        body["data"]["transaction"]["amount"] = amount
        assert self.ask(vendor, adapter, answer(200, body)) == ChargeStatus(PAID, 950_000_000)

    def test_without_any_amount_it_is_what_was_asked(self, vendor, adapter):
        assert self.ask(vendor, adapter, answer(200, collection("successful"))) == ChargeStatus(PAID, 1_000_000_000)

    @pytest.mark.parametrize("raw", ["free", "-950", 0, [], True, "1,000"])
    def test_an_amount_that_is_none_is_not_believed(self, vendor, adapter, raw):
        body = collection("successful", collection={"amount": {"raw": raw}})
        assert self.ask(vendor, adapter, answer(200, body)).status == PENDING

    @pytest.mark.parametrize(
        "told",
        [{"collection": {"amount": {"raw": 950, "currency": "KES"}}}, {"transaction": {"status": "successful", "currency": "USD"}}],
    )
    def test_another_currency_is_not_what_was_asked_for(self, vendor, adapter, told):
        said = self.ask(vendor, adapter, answer(200, collection("successful", **told)))
        assert said.status == PENDING and "another currency" in said.reason

    def test_what_it_says_of_another_reference_is_not_about_this_charge(self, vendor, adapter):
        body = collection("successful")
        body["data"]["transaction"]["reference"] = "another"
        assert self.ask(vendor, adapter, answer(200, body)).status == PENDING

    @pytest.mark.parametrize("status", ["failed", "cancelled"])
    def test_a_failure_is_told(self, vendor, adapter, status):
        told = self.ask(vendor, adapter, answer(200, collection(status)))
        assert told == ChargeStatus(NOT_PAID, reason=f"MarzPay says {status}")

    @pytest.mark.parametrize(
        "behaviour",
        [
            answer(200, collection("processing")),
            answer(200, collection("new")),
            answer(404, {"message": "no"}),
            answer(500, collection("successful")),
            drop,
            answer(200, "x"),
            answer(200, {"data": {"transaction": []}}),
        ],
        ids=range(7),
    )
    def test_everything_else_is_pending(self, vendor, adapter, behaviour):
        assert self.ask(vendor, adapter, behaviour).status == PENDING

    def test_a_charge_whose_answer_was_lost_can_not_be_asked_for(self, vendor, adapter):
        assert adapter.ask(CHARGE, None, 5_000) == ChargeStatus(PENDING)
        assert vendor.asked == []


def called(body, headers=None) -> CallbackRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CallbackRequest("POST", CALLBACK, headers or {}, {}, {}, content)


TOLD = {"event_type": "collection.completed", "transaction": {"uuid": UUID, "reference": REFERENCE, "status": "completed"}}


class TestCallbacks:
    @pytest.mark.parametrize(
        "body",
        [TOLD, {"data": TOLD}, {"event_type": "collection.failed", "data": TOLD}, {**TOLD, "event_type": "brand.new"}],
        ids=range(4),
    )
    def test_one_is_a_hint_and_never_a_result(self, adapter, body):
        assert adapter.read_callback(called(body)) == [PaymentHint(REFERENCE, UUID)]

    @pytest.mark.parametrize(
        "body", [b"", b"x", b"[]", {}, {"transaction": 7}, {"data": []}, {"transaction": {"uuid": {}}}], ids=range(7)
    )
    def test_rubbish_is_unreadable(self, adapter, body):
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(called(body))


class TestSignatures:
    @pytest.fixture
    def adapter(self, vendor):
        return make("marzpay", vendor.url, secrets={"webhook_secret": "whs"})

    @staticmethod
    def signature(body: bytes, key: bytes = b"whs", time: str = "1781092800") -> str:
        return f"t={time},v1={hmac.new(key, time.encode() + b'.' + body, hashlib.sha256).hexdigest()}"

    def test_a_right_one_is_let_in(self, adapter):
        body = json.dumps(TOLD).encode()
        request = called(body, {"x-marzpay-signature": self.signature(body)})
        assert adapter.read_callback(request) == [PaymentHint(REFERENCE, UUID)]

    @pytest.mark.parametrize("header", ["", "t=1", "v1=00", "t=1,v1=00", "t=1,v1=ключ", "t=\ud800,v1=\ud800", ",=,=="])
    def test_a_wrong_one_is_refused(self, adapter, header):
        with pytest.raises(BadSignature):
            adapter.read_callback(called(TOLD, {"X-MarzPay-Signature": header}))

    def test_a_changed_body_or_another_key_is_refused(self, adapter):
        body = json.dumps(TOLD).encode()
        for signature in (self.signature(body + b" "), self.signature(body, b"other")):
            with pytest.raises(BadSignature):
                adapter.read_callback(called(body, {"X-MarzPay-Signature": signature}))
