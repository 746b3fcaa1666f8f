"""Airtel Money, Yo! Payments and Selcom: charges, questions, notices, and what is not theirs."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.adapters.callbacks import BadSignature, CallbackRequest, UnreadableCallback
from wesend.adapters.money.base import NOT_PAID, PAID, PENDING, Charge, ChargeStatus, PaymentHint
from wesend.adapters.money.yo_payments import read_response
from wesend.adapters.options import BadOption
from wesend.adapters.outcomes import ACCEPTED, REFUSED, UNKNOWN

from ..support.fakes import answer, drop, truncated
from ..support.server import free_port
from .adapters import make

CALLBACK = "https://gw.example.com/callbacks/money/g/t0ken"
REFERENCE = "6f1e0c6a-3c1d-4c1e-9a51-0f2f6f0d9a11"
CHARGE = Charge(REFERENCE, "+256752000001", 500_000_000, "UGX", "Top-up")
IN_TANZANIA = Charge(REFERENCE, "+255752000001", 500_000_000, "TZS", "Top-up")
UNCLEAR = [drop, answer(500, {}), answer(502, "<html>"), answer(200, "rubbish"), answer(200, {}), truncated(200, b"{")]


def called(body: Any = b"", *, form=None, headers=None) -> CallbackRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CallbackRequest("POST", CALLBACK, headers or {}, {}, form or {}, content)


class TestAirtel:
    TOKEN, PAY, ASK = "/auth/oauth2/token", "/merchant/v1/payments/", f"/standard/v1/payments/{REFERENCE}"

    @pytest.fixture
    def adapter(self, vendor):
        vendor.on("POST", self.TOKEN, answer(200, {"access_token": "tok-1", "expires_in": "180", "token_type": "bearer"}))
        return make("airtel", vendor.url, callback_url=CALLBACK)

    def test_the_requests_are_the_documented_ones(self, vendor, adapter):
        vendor.on("POST", self.PAY, answer(200, {"status": {"success": True, "response_code": "DP00800001006"}}))
        assert adapter.charge(CHARGE) == (ACCEPTED, REFERENCE, None)
        token, charge = vendor.asked
        assert token.json == {"client_id": "ci", "client_secret": "cs", "grant_type": "client_credentials"}
        assert "x-country" not in token.headers
        place = {"country": "UG", "currency": "UGX"}
        assert charge.json == {
            "reference": "Top-up",
            "subscriber": {**place, "msisdn": "752000001"},
            "transaction": {"amount": 500, **place, "id": REFERENCE},
        }
        wanted = {"x-country": "UG", "x-currency": "UGX", "authorization": "Bearer tok-1"}
        assert wanted.items() <= charge.headers.items()
        vendor.on("GET", self.ASK, answer(200, {"data": {"transaction": {"status": "TIP"}}}))
        adapter.ask(CHARGE, None, 0)
        assert wanted.items() <= vendor.last.headers.items()

    @pytest.mark.parametrize("code", ["DP00800001003", "DP00800001004", "DP00800001010", "DP00800001025", "DP00800001026"])
    def test_a_documented_refusal_is_one(self, vendor, adapter, code):
        vendor.on("POST", self.PAY, answer(200, {"status": {"success": False, "response_code": code, "message": "x"}}))
        assert adapter.charge(CHARGE).kind == REFUSED

    @pytest.mark.parametrize("status", [200, 202, 400, 500])
    def test_one_in_progress_is_taken_whatever_the_status(self, vendor, adapter, status):
        vendor.on("POST", self.PAY, answer(status, {"status": {"success": False, "response_code": "DP00800001006"}}))
        assert adapter.charge(CHARGE)[:2] == (ACCEPTED, REFERENCE)

    @pytest.mark.parametrize(
        "behaviour",
        [
            *UNCLEAR,
            answer(200, {"status": {"success": False, "response_code": "DP00800009999"}}),
            answer(400, {"status": {"success": False, "response_code": "DP00800001000", "message": "Ambiguous"}}),
        ],
    )
    def test_anything_unclear_is_asked_about(self, vendor, adapter, behaviour):
        vendor.on("POST", self.PAY, behaviour)
        answered = adapter.charge(CHARGE)
        assert (answered.kind, answered.gateway_ref) == (UNKNOWN, REFERENCE)

    @pytest.mark.parametrize(
        ("status", "becomes"),
        [
            ("TS", ChargeStatus(PAID, 500_000_000)),
            ("TIP", ChargeStatus(PENDING)),
            ("TA", ChargeStatus(PENDING)),
            (None, ChargeStatus(PENDING)),
        ],
    )
    def test_it_is_asked_by_our_reference(self, vendor, adapter, status, becomes):
        vendor.on("GET", self.ASK, answer(200, {"data": {"transaction": {"id": REFERENCE, "status": status}}}))
        assert adapter.ask(CHARGE, None, 0) == becomes

    @pytest.mark.parametrize("status", ["TF", "TE"])
    def test_failed_and_expired_are_not_paid(self, vendor, adapter, status):
        vendor.on("GET", self.ASK, answer(200, {"data": {"transaction": {"status": status, "message": "Insufficient"}}}))
        assert adapter.ask(CHARGE, None, 0) == ChargeStatus(NOT_PAID, reason="Insufficient")

    @pytest.mark.parametrize("behaviour", [answer(404), answer(500), drop, answer(200, "x")])
    def test_no_clear_answer_is_pending(self, vendor, adapter, behaviour):
        vendor.on("GET", self.ASK, behaviour)
        assert adapter.ask(CHARGE, None, 0) == ChargeStatus(PENDING)

    def test_its_notice_is_a_hint(self, adapter):
        told = {"transaction": {"id": REFERENCE, "status_code": "TS", "message": "Paid"}, "hash": "x"}
        assert adapter.read_callback(called(told)) == [PaymentHint(REFERENCE, REFERENCE)]
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(called({"transaction": 5}))

    def test_only_whole_amounts_of_its_own_currency(self, vendor, adapter):
        for charge in (CHARGE._replace(amount_micros=500_500_000), CHARGE._replace(currency="KES")):
            assert adapter.charge(charge).kind == REFUSED
        assert vendor.asked == []

    @pytest.mark.parametrize(
        ("options", "field"), [({"country": "GH"}, "options.country"), ({"currencies": "KES"}, "options.currencies")]
    )
    def test_a_wrong_country_or_currency_is_named(self, options, field):
        with pytest.raises(BadOption) as refused:
            make("airtel", "http://x", **options)
        assert refused.value.setting == field and field.replace("options.", "option ") in str(refused.value)
        assert make("airtel", "http://x", country="KE").currencies == ("KES",)


def xml(**fields: str) -> bytes:
    told = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><AutoCreate><Response>{told}</Response></AutoCreate>'.encode()


class TestYoPayments:
    PATH = "/ybs/task.php"

    @pytest.fixture
    def adapter(self, vendor):
        return make("yo-payments", vendor.url, callback_url=CALLBACK)

    def told(self, vendor) -> dict[str, str | None]:
        root = ElementTree.fromstring(vendor.last.body)
        assert root.tag == "AutoCreate" and [child.tag for child in root] == ["Request"]
        return {field.tag: field.text for field in root[0]}

    def test_the_request_is_the_documented_one(self, vendor, adapter):
        vendor.on("POST", self.PATH, answer(200, xml(Status="OK", StatusCode="1", TransactionReference="yo-1")))
        assert adapter.charge(CHARGE._replace(description="Tom & <Co>")) == (ACCEPTED, "yo-1", None)
        assert self.told(vendor) == {
            "APIUsername": "u",
            "APIPassword": "p",
            "Method": "acdepositfunds",
            "NonBlocking": "TRUE",
            "Amount": "500",
            "Account": "256752000001",
            "Narrative": "Tom & <Co>",
            "ExternalReference": REFERENCE,
            "InstantNotificationUrl": CALLBACK,
            "FailureNotificationUrl": CALLBACK,
        }
        assert vendor.last.headers["content-type"] == "text/xml"

    @pytest.mark.parametrize(
        ("code", "kind"), [("0", ACCEPTED), ("1", ACCEPTED), ("-1", REFUSED), ("-22", REFUSED), ("7", UNKNOWN)]
    )
    def test_its_codes(self, vendor, adapter, code, kind):
        vendor.on("POST", self.PATH, answer(200, xml(Status="X", StatusCode=code, StatusMessage="Said")))
        assert adapter.charge(CHARGE).kind == kind

    @pytest.mark.parametrize("said", ["PENDING", "INDETERMINATE", "succeeded"])
    def test_an_error_about_a_transaction_that_is_not_over_is_no_refusal(self, vendor, adapter, said):
        vendor.on("POST", self.PATH, answer(200, xml(StatusCode="-22", TransactionStatus=said, TransactionReference="yo-1")))
        assert adapter.charge(CHARGE)[:2] == (UNKNOWN, "yo-1")
        vendor.on("POST", self.PATH, answer(403, xml(StatusCode="1", TransactionReference="yo-1")))
        assert adapter.charge(CHARGE)[:2] == (UNKNOWN, "yo-1")

    @pytest.mark.parametrize(("told", "micros"), [("1,450.50", 1_450_500_000), ("450,5", None), ("4,50", None), (",450", None)])
    def test_a_comma_is_read_between_thousands_only(self, vendor, adapter, told, micros):
        vendor.on("POST", self.PATH, answer(200, xml(TransactionStatus="SUCCEEDED", Amount=told, CurrencyCode="UGX-MTNMM")))
        assert adapter.ask(CHARGE, None, 0).amount_micros == micros

    DTD = b'<!DOCTYPE x [<!ENTITY a "0">]><AutoCreate><Response><StatusCode>&a;</StatusCode></Response></AutoCreate>'

    @pytest.mark.parametrize("behaviour", [*UNCLEAR, answer(200, DTD), answer(200, xml()), answer(200, b"<AutoCreate><Response>")])
    def test_anything_unclear_is_asked_about(self, vendor, adapter, behaviour):
        vendor.on("POST", self.PATH, behaviour)
        assert adapter.charge(CHARGE).kind == UNKNOWN
        assert adapter.ask(CHARGE, None, 0) == ChargeStatus(PENDING)

    def test_it_is_asked_by_our_reference(self, vendor, adapter):
        vendor.on("POST", self.PATH, answer(200, xml(StatusCode="0", TransactionStatus="SUCCEEDED", Amount="450")))
        assert adapter.ask(CHARGE, None, 0) == ChargeStatus(PAID, 450_000_000), "what was paid is credited"
        assert self.told(vendor) == {
            "APIUsername": "u",
            "APIPassword": "p",
            "Method": "actransactioncheckstatus",
            "PrivateTransactionReference": REFERENCE,
            "DepositTransactionType": "PULL",
        }

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"TransactionStatus": "FAILED"}, NOT_PAID),
            ({"TransactionStatus": "PENDING"}, PENDING),
            ({"TransactionStatus": "INDETERMINATE"}, PENDING),
            ({"StatusCode": "-8"}, PENDING),
            ({"TransactionStatus": "SUCCEEDED", "Amount": "much"}, PENDING),
            ({"TransactionStatus": "SUCCEEDED", "Amount": "500", "CurrencyCode": "USD"}, PENDING),
        ],
    )
    def test_what_it_says(self, vendor, adapter, fields, status):
        vendor.on("POST", self.PATH, answer(200, xml(**fields)))
        assert adapter.ask(CHARGE, None, 0).status == status

    def test_its_notices_are_hints(self, adapter):
        for field in ("external_ref", "failed_transaction_reference"):
            assert adapter.read_callback(called(form={field: REFERENCE})) == [PaymentHint(REFERENCE, REFERENCE)]
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(called(form={"amount": "5"}))

    def test_another_currency_is_named(self):
        with pytest.raises(BadOption) as refused:
            make("yo-payments", "http://x", currencies="KES")
        assert refused.value.setting == "options.currencies" and "option currencies" in str(refused.value)

    @given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: xml(StatusCode=text)))
    def test_any_bytes_are_read(self, content):
        assert isinstance(read_response(content), dict)


class TestSelcom:
    ORDER, PAY, ASK = ("/v1/checkout/" + name for name in ("create-order-minimal", "wallet-payment", "order-status"))

    @pytest.fixture
    def adapter(self, vendor):
        vendor.on("POST", self.ORDER, answer(200, {"resultcode": "000", "result": "SUCCESS", "data": []}))
        return make("selcom", vendor.url, callback_url=CALLBACK)

    def is_signed(self, asked, fields: dict) -> bool:
        names = asked.headers["signed-fields"].split(",")
        assert set(names) == set(fields) and asked.headers["digest-method"] == "HS256"
        assert asked.headers["authorization"] == "SELCOM " + b64encode(b"ak").decode()
        return asked.headers["digest"] == self.digest(asked.headers["timestamp"], names, fields)

    def digest(self, timestamp: str, names: list[str], fields: dict, secret: bytes = b"as") -> str:
        signed = "&".join([f"timestamp={timestamp}", *(f"{name}={fields[name]}" for name in names)])
        return b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest()).decode()

    def test_the_requests_are_the_documented_ones_and_signed(self, vendor, adapter):
        vendor.on("POST", self.PAY, answer(200, {"resultcode": "111", "message": "Request in progress"}))
        assert adapter.charge(IN_TANZANIA) == (ACCEPTED, REFERENCE, None)
        order, push = vendor.asked
        assert b64decode(order.json["webhook"]).decode() == CALLBACK
        assert {key: value for key, value in order.json.items() if key != "webhook"} == {
            "vendor": "TILL1",
            "order_id": REFERENCE,
            "buyer_email": "pay@example.com",
            "buyer_name": "255752000001",
            "buyer_phone": "255752000001",
            "amount": 500,
            "currency": "TZS",
            "buyer_remarks": "Top-up",
            "merchant_remarks": "Top-up",
            "no_of_items": 1,
        }
        assert push.json == {"transid": REFERENCE, "order_id": REFERENCE, "msisdn": "255752000001"}
        assert self.is_signed(order, order.json) and self.is_signed(push, push.json)

    @pytest.mark.parametrize(
        ("code", "kind"),
        [("000", ACCEPTED), ("111", ACCEPTED), ("927", ACCEPTED), ("999", UNKNOWN), ("403", REFUSED), ("056", REFUSED)],
    )
    def test_its_codes(self, vendor, adapter, code, kind):
        vendor.on("POST", self.PAY, answer(200, {"resultcode": code, "message": "Said"}))
        assert adapter.charge(IN_TANZANIA).kind == kind

    @pytest.mark.parametrize(("status", "code"), [(400, "999"), (503, "999"), (400, "111"), (404, "000")])
    def test_an_ambiguous_one_is_asked_about_whatever_the_status(self, vendor, adapter, status, code):
        vendor.on("POST", self.PAY, answer(status, {"resultcode": code, "message": "Ambiguous"}))
        assert adapter.charge(IN_TANZANIA)[:2] == (UNKNOWN, REFERENCE)

    @pytest.mark.parametrize("behaviour", UNCLEAR)
    def test_anything_unclear_is_asked_about(self, vendor, adapter, behaviour):
        vendor.on("POST", self.PAY, behaviour)
        answered = adapter.charge(IN_TANZANIA)
        assert (answered.kind, answered.gateway_ref) == (UNKNOWN, REFERENCE)

    @pytest.mark.parametrize("behaviour", UNCLEAR)
    def test_nobody_is_asked_when_it_is_unclear_whether_there_is_an_order(self, vendor, adapter, behaviour):
        vendor.on("POST", self.ORDER, behaviour)
        assert adapter.charge(IN_TANZANIA).kind == REFUSED
        assert {asked.path for asked in vendor.asked} == {self.ORDER}

    def test_without_an_order_nothing_is_pushed(self, vendor, adapter):
        vendor.on("POST", self.ORDER, answer(200, {"resultcode": "403", "message": "Invalid vendor"}))
        assert adapter.charge(IN_TANZANIA) == (REFUSED, None, "Invalid vendor")
        assert [asked.path for asked in vendor.asked] == [self.ORDER]

    @pytest.mark.parametrize(
        ("told", "becomes"),
        [
            ({"payment_status": "COMPLETED", "amount": "400"}, ChargeStatus(PAID, 400_000_000)),
            (
                {"payment_status": "COMPLETED", "amount": 400, "currency": "USD"},
                ChargeStatus(PENDING, reason="Selcom confirms another currency or no readable amount"),
            ),
            ({"payment_status": "PENDING"}, ChargeStatus(PENDING)),
            ({"payment_status": "INPROGRESS"}, ChargeStatus(PENDING)),
            ({"payment_status": "USERCANCELLED"}, ChargeStatus(NOT_PAID, reason="Selcom says USERCANCELLED")),
            ({"payment_status": "CANCELLED"}, ChargeStatus(NOT_PAID, reason="Selcom says CANCELLED")),
            ({"payment_status": "REJECTED"}, ChargeStatus(NOT_PAID, reason="Selcom says REJECTED")),
            ({}, ChargeStatus(PENDING)),
        ],
    )
    def test_it_is_asked_for(self, vendor, adapter, told, becomes):
        vendor.on("GET", self.ASK, answer(200, {"resultcode": "000", "data": [told]}))
        assert adapter.ask(IN_TANZANIA, None, 0) == becomes
        assert vendor.last.query == {"order_id": REFERENCE} and self.is_signed(vendor.last, {"order_id": REFERENCE})

    def test_its_webhook_is_checked(self, adapter):
        body = {"order_id": REFERENCE, "payment_status": "COMPLETED", "amount": "500"}
        names = list(body)
        headers = {"Timestamp": "2026-06-01T10:00:00+03:00", "Signed-Fields": ",".join(names)}
        right = self.digest(headers["Timestamp"], names, body)
        assert adapter.read_callback(called(body, headers={**headers, "Digest": right})) == [PaymentHint(REFERENCE, REFERENCE)]
        for wrong in (
            headers,
            {**headers, "Digest": self.digest(headers["Timestamp"], names, body, b"other")},
            {"Timestamp": "x", "Signed-Fields": "amount", "Digest": self.digest("x", ["amount"], body)},
            {**headers, "Signed-Fields": "order_id,more", "Digest": right},
        ):
            with pytest.raises(BadSignature):
                adapter.read_callback(called(body, headers=wrong))

    def test_another_currency_is_named(self):
        with pytest.raises(BadOption) as refused:
            make("selcom", "http://x", currencies="KES")
        assert refused.value.setting == "options.currencies" and "option currencies" in str(refused.value)


@pytest.mark.parametrize("kind", ["airtel", "yo-payments", "selcom"])
def test_nobody_there_is_a_refusal_and_a_failure(kind):
    adapter = make(kind, f"http://127.0.0.1:{free_port()}")
    assert adapter.charge(IN_TANZANIA if kind == "selcom" else CHARGE).kind == REFUSED
    assert "could not be reached" in (adapter.trouble() or "")
    assert adapter.trouble() is None, "told once"
