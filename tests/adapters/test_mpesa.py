"""M-Pesa Express."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from wesend.adapters.callbacks import CallbackRequest, UnreadableCallback
from wesend.adapters.money.base import NOT_PAID, PAID, PENDING, Charge, ChargeStatus, PaymentHint
from wesend.adapters.options import BadOption
from wesend.adapters.outcomes import ACCEPTED, REFUSED, UNKNOWN

from ..support.fakes import answer, drop
from ..support.server import free_port
from .adapters import make

TOKEN, PUSH, QUERY = "/oauth/v1/generate", "/mpesa/stkpush/v1/processrequest", "/mpesa/stkpushquery/v1/query"
CALLBACK = "https://gw.example.com/callbacks/money/g/t0ken"
CHARGE = Charge("6f1e0c6a-3c1d-4c1e-9a51-0f2f6f0d9a11", "+254708374149", 500_000_000, "KES", "Top-up of a wallet")
ACCEPTS = answer(
    200,
    {
        "MerchantRequestID": "29115-1",
        "CheckoutRequestID": "ws_CO_1",
        "ResponseCode": "0",
        "ResponseDescription": "Success. Request accepted for processing",
    },
)


@pytest.fixture
def adapter(vendor):
    vendor.on("GET", TOKEN, answer(200, {"access_token": "tok-1", "expires_in": "3599"}))
    return make("mpesa", vendor.url, callback_url=CALLBACK)


def asked_for(vendor, path: str) -> list:
    return [asked for asked in vendor.asked if asked.path == path]


class TestCharging:
    def test_the_request_is_the_documented_one(self, vendor, adapter, clock):
        vendor.on("POST", PUSH, ACCEPTS)
        assert adapter.charge(CHARGE) == (ACCEPTED, "ws_CO_1", None)
        body = vendor.last.json
        assert b64decode(body.pop("Password")).decode() == "174379pk20260610150000"
        assert body == {
            "BusinessShortCode": "174379",
            "Timestamp": "20260610150000",
            "TransactionType": "CustomerPayBillOnline",
            "Amount": 500,
            "PartyA": "254708374149",
            "PartyB": "174379",
            "PhoneNumber": "254708374149",
            "CallBackURL": CALLBACK + "?reference=6f1e0c6a-3c1d-4c1e-9a51-0f2f6f0d9a11",
            "AccountReference": "0f2f6f0d9a11",
            "TransactionDesc": "Top-up of a w",
        }
        assert type(body["Amount"]) is int
        assert vendor.last.headers["authorization"] == "Bearer tok-1"

    def test_a_till_is_paid_at_while_its_store_asks(self, vendor):
        vendor.on("GET", TOKEN, answer(200, {"access_token": "tok-1", "expires_in": "3599"}))
        vendor.on("POST", PUSH, ACCEPTS)
        adapter = make(
            "mpesa",
            vendor.url,
            callback_url=CALLBACK,
            shortcode="600111",
            till="5123456",
            transaction_type="CustomerBuyGoodsOnline",
        )
        adapter.charge(CHARGE)
        body = vendor.last.json
        assert (body["BusinessShortCode"], body["PartyB"]) == ("600111", "5123456")
        assert body["TransactionType"] == "CustomerBuyGoodsOnline"
        assert b64decode(body["Password"]).decode().startswith("600111pk")

    def test_a_till_goes_with_buying_goods_only(self, vendor):
        with pytest.raises(BadOption, match="CustomerBuyGoodsOnline"):
            make("mpesa", vendor.url, till="5123456")

    @pytest.mark.parametrize("micros", [500_500_000, 500_000])
    def test_amounts_must_be_whole(self, vendor, adapter, micros):
        answered = adapter.charge(CHARGE._replace(amount_micros=micros))
        assert (answered.kind, answered.reason) == (REFUSED, "M-Pesa takes whole amounts only")
        assert vendor.asked == []

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (
                answer(400, {"errorCode": "400.002.02", "errorMessage": "Bad Request - Invalid PhoneNumber"}),
                "Bad Request - Invalid PhoneNumber",
            ),
            (answer(200, {"ResponseCode": "1", "ResponseDescription": "Rejected"}), "Rejected"),
            (answer(429, {"errorMessage": "Spike arrest"}), "Spike arrest"),
            (answer(503), "The gateway answered 503"),
        ],
    )
    def test_what_was_surely_not_carried_out_is_refused(self, vendor, adapter, behaviour, reason):
        vendor.on("POST", PUSH, behaviour)
        answered = adapter.charge(CHARGE)
        assert (answered.kind, answered.reason) == (REFUSED, reason)

    @pytest.mark.parametrize(
        "behaviour",
        [
            drop,
            answer(500, {"errorCode": "500.001.1001", "errorMessage": "Unable to lock subscriber"}),
            answer(504),
            answer(200, "rubbish"),
            answer(200, {}),
            answer(200, {"ResponseCode": "0"}),
            answer(200, {"ResponseCode": []}),
            answer(400, {"ResponseCode": "0", "CheckoutRequestID": "ws_CO_1"}),
            answer(503, {"ResponseCode": 0, "CheckoutRequestID": "ws_CO_1"}),
        ],
        ids=["closed", "500", "504", "rubbish", "empty", "no id", "no code", "taken in a 400", "taken in a 503"],
    )
    def test_what_may_have_been_carried_out_is_unknown(self, vendor, adapter, behaviour):
        vendor.on("POST", PUSH, behaviour)
        assert adapter.charge(CHARGE).kind == UNKNOWN
        assert len(asked_for(vendor, PUSH)) == 1

    @pytest.mark.parametrize("status", [400, 500])
    def test_the_id_in_an_error_is_kept_to_ask_by(self, vendor, adapter, status):
        vendor.on("POST", PUSH, answer(status, {"ResponseCode": "0", "CheckoutRequestID": "ws_CO_1"}))
        assert adapter.charge(CHARGE).gateway_ref == "ws_CO_1"

    def test_silence_is_unknown(self, vendor):
        vendor.on("GET", TOKEN, answer(200, {"access_token": "tok-1", "expires_in": "3599"}))
        vendor.on("POST", PUSH, vendor.hang)
        assert make("mpesa", vendor.url, timeout=1.0).charge(CHARGE).kind == UNKNOWN


class TestTheToken:
    def test_it_is_asked_for_as_documented(self, vendor, adapter):
        vendor.on("POST", PUSH, ACCEPTS)
        adapter.charge(CHARGE)
        first = vendor.asked[0]
        assert (first.path, first.query, first.basic) == (TOKEN, {"grant_type": "client_credentials"}, ("ck", "cs"))

    def test_it_is_kept_until_it_expires(self, vendor, adapter, clock):
        vendor.on("POST", PUSH, ACCEPTS)
        adapter.charge(CHARGE)
        clock.advance(3500)
        adapter.charge(CHARGE)
        assert len(asked_for(vendor, TOKEN)) == 1
        clock.advance(99)
        adapter.charge(CHARGE)
        assert len(asked_for(vendor, TOKEN)) == 2

    @pytest.mark.parametrize(
        "turned_down",
        [answer(401, "Unauthorized"), answer(404, {"errorCode": "404.001.03", "errorMessage": "Invalid Access Token"})],
    )
    def test_one_that_is_turned_down_is_replaced_once(self, vendor, adapter, turned_down):
        vendor.on(
            "GET",
            TOKEN,
            answer(200, {"access_token": "old", "expires_in": "3599"}),
            answer(200, {"access_token": "new", "expires_in": "3599"}),
        )
        vendor.on("POST", PUSH, turned_down, ACCEPTS)
        assert adapter.charge(CHARGE).kind == ACCEPTED
        assert [asked.headers["authorization"] for asked in asked_for(vendor, PUSH)] == ["Bearer old", "Bearer new"]

    def test_a_second_one_that_is_turned_down_refuses_the_charge(self, vendor, adapter):
        vendor.on("POST", PUSH, answer(401, "Unauthorized"))
        assert adapter.charge(CHARGE).kind == REFUSED
        assert len(asked_for(vendor, PUSH)) == 2

    @pytest.mark.parametrize(
        "behaviour",
        [
            drop,
            answer(400, {"errorMessage": "Wrong credentials"}),
            answer(500),
            answer(200, "x"),
            answer(409, {}),
            answer(200, {"access_token": ["x"]}),
        ],
        ids=["closed", "400", "500", "rubbish", "409", "no token"],
    )
    def test_without_one_nobody_is_asked_to_pay(self, vendor, adapter, behaviour):
        vendor.on("GET", TOKEN, behaviour)
        answered = adapter.charge(CHARGE)
        assert answered.kind == REFUSED
        assert answered.reason.startswith("No access token")
        assert asked_for(vendor, PUSH) == []

    def test_an_address_that_nobody_listens_at_refuses_the_charge(self):
        assert make("mpesa", f"http://127.0.0.1:{free_port()}").charge(CHARGE).kind == REFUSED


class TestAsking:
    def ask(self, vendor, adapter, *behaviours) -> ChargeStatus:
        vendor.on("POST", QUERY, *behaviours)
        return adapter.ask(CHARGE, "ws_CO_1", 5_000)

    def test_the_request_is_the_documented_one(self, vendor, adapter, clock):
        self.ask(vendor, adapter, answer(200, {"ResponseCode": "0", "ResultCode": "0"}))
        body = vendor.last.json
        assert b64decode(body.pop("Password")).decode() == "174379pk20260610150000"
        assert body == {"BusinessShortCode": "174379", "Timestamp": "20260610150000", "CheckoutRequestID": "ws_CO_1"}

    @pytest.mark.parametrize("code", ["0", 0, 0.0])
    def test_paid_is_what_was_asked_since_it_tells_no_amount(self, vendor, adapter, code):
        paid = answer(200, {"ResponseCode": "0", "ResultCode": code})
        assert self.ask(vendor, adapter, paid) == ChargeStatus(PAID, 500_000_000)

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("1032", "The payer cancelled"),
            (1037, "The payer did not answer"),
            ("1", "The payer has too little money"),
            ("2001", "The payer gave a wrong PIN"),
            ("8006", "As Safaricom says"),
            ("SFC_IC0003", "As Safaricom says"),
            ("C2B00011", "As Safaricom says"),
            ("-1", "As Safaricom says"),
            ("paid", "As Safaricom says"),
        ],
    )
    def test_a_failure_is_told_in_words(self, vendor, adapter, code, reason):
        told = answer(200, {"ResponseCode": "0", "ResultCode": code, "ResultDesc": "As Safaricom says"})
        assert self.ask(vendor, adapter, told) == ChargeStatus(NOT_PAID, reason=reason)

    @pytest.mark.parametrize(
        "behaviour",
        [
            answer(500, {"errorCode": "500.001.1001", "errorMessage": "The transaction is being processed"}),
            answer(200, {"ResponseCode": "0", "ResultCode": "4999", "ResultDesc": "Still under processing"}),
            answer(400, {"errorMessage": "Bad Request"}),
            answer(503),
            drop,
            answer(200, "rubbish"),
            answer(200, {}),
            answer(200, {"ResultCode": None}),
            answer(200, {"ResultCode": " "}),
            answer(200, {"ResultCode": False}),
            answer(200, {"ResultCode": 4999}),
            answer(200, {"ResultCode": ["SFC_IC0003"]}),
            answer(500, {"ResultCode": "0"}),
        ],
        ids=[
            "500.001.1001",
            "4999",
            "400",
            "503",
            "closed",
            "rubbish",
            "empty",
            "null",
            "blank",
            "false",
            "4999 as a number",
            "a list",
            "0 in a 500",
        ],
    )
    def test_everything_else_is_pending(self, vendor, adapter, behaviour):
        assert self.ask(vendor, adapter, behaviour).status == PENDING

    def test_a_charge_whose_answer_was_lost_can_not_be_asked_for(self, vendor, adapter):
        assert adapter.ask(CHARGE, None, 5_000) == ChargeStatus(PENDING)
        assert vendor.asked == []


class TestCallbacks:
    @staticmethod
    def called(body, query=None) -> CallbackRequest:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return CallbackRequest("POST", CALLBACK, {}, query or {}, {}, content)

    def test_one_is_a_hint_and_never_a_result(self, adapter):
        body = {
            "Body": {
                "stkCallback": {
                    "MerchantRequestID": "29115-1",
                    "CheckoutRequestID": "ws_CO_1",
                    "ResultCode": 0,
                    "ResultDesc": "Success",
                    "CallbackMetadata": {"Item": [{"Name": "Amount", "Value": 500.00}, {"Name": "Balance"}]},
                }
            }
        }
        assert adapter.read_callback(self.called(body)) == [PaymentHint(None, "ws_CO_1")]

    def test_our_reference_comes_back_in_the_address(self, adapter):
        body = {"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_1", "ResultCode": 1032}}}
        assert adapter.read_callback(self.called(body, {"reference": CHARGE.reference})) == [
            PaymentHint(CHARGE.reference, "ws_CO_1")
        ]

    def test_it_is_answered_as_daraja_wants(self, adapter):
        assert adapter.callback_answer == ({"ResultCode": 0, "ResultDesc": "Accepted"}, 200)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"x",
            b"[]",
            b"[" * 100_000,
            {},
            {"Body": 1},
            {"Body": {"stkCallback": []}},
            {"Body": {"stkCallback": {"CheckoutRequestID": {}}}},
        ],
        ids=range(8),
    )
    def test_rubbish_is_unreadable(self, adapter, body):
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(self.called(body))
