"""The vendors that come with wesend: their samples, their whole requests, and each way in which they answer."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from importlib import resources
from typing import Any, NamedTuple

import pytest

from tests.adapters.adapters import CALLBACK, SENDS_BY, SENDS_TO, TOKENS, make
from tests.adapters.conftest import submission
from tests.support.fakes import answer
from wesend.adapters.callbacks import BadSignature, CallbackRequest
from wesend.adapters.outcomes import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN
from wesend.adapters.sms import types as sms
from wesend.adapters.sms.base import DELIVERED, FAILED, UNLISTED, Question
from wesend.adapters.sms.engine import samples
from wesend.adapters.sms.engine.loader import parse

TO, REF = "256772000001", submission().reference


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class Told(NamedTuple):
    """What a vendor is asked, and what it answers: ``ok``, ``no`` and maybe ``later``; ``unlisted``: a code of no list."""

    asks: dict[str, Any]
    ok: dict[str, Any] | str
    ref: str | None
    no: dict[str, Any] | str | int
    unlisted: dict[str, Any] | str | None = None
    later: dict[str, Any] | None = None
    authorization: str | None = None
    receipt: dict[str, Any] | None = None
    failed: dict[str, Any] | None = None
    poll: tuple[str, str, dict[str, Any]] | None = None


VENDORS = {
    "advanta": Told(
        {
            "count": 1,
            "smslist": [
                {"partnerID": "77", "apikey": "k", "pass_type": "plain", "mobile": TO, "message": "Hello", "shortcode": "SHOP"}
            ],
        },
        {"responses": [{"respose-code": 200, "mobile": int(TO), "messageid": 829}]},
        "829",
        {"response-code": 1004, "response-description": "Low credit"},
        {"responses": [{"response-code": 7, "mobile": TO}]},
        {"responses": [{"response-code": 4090, "mobile": TO}]},
        receipt={"messageid": 829, "description": "DeliveredToTerminal"},
        failed={"messageid": 829, "description": "AbsentSubscriber"},
        poll=("POST", "/api/services/getdlr/", {"delivery-description": "DeliveredToTerminal"}),
    ),
    "smsleopard": Told(
        {"source": "SHOP", "message": "Hello", "destination": [{"number": TO}]},
        {"success": True, "recipients": [{"id": "01", "cost": 0.6, "number": "+" + TO, "status": "queued"}]},
        "01",
        {"recipients": [{"number": TO, "status": "invalid_phone"}]},
        {"recipients": [{"number": TO, "status": "odd"}]},
        authorization=basic("k", "s"),
        poll=("GET", "/v1/delivery_reports/01", {"status": "DELIVRD", "reason": ""}),
    ),
    "onfon": Told(
        {
            "SenderId": "SHOP",
            "IsUnicode": False,
            "IsFlash": False,
            "MessageParameters": [{"Number": TO, "Text": "Hello"}],
            "ApiKey": "k",
            "ClientId": "i",
        },
        {"ErrorCode": 0, "Data": [{"MessageErrorCode": 0, "MobileNumber": TO, "MessageId": "f5"}]},
        "f5",
        {"ErrorCode": "007", "ErrorDescription": "No"},
        {"ErrorCode": "777"},
        receipt={"messageId": "f5", "mobile": TO, "status": "DELIVRD", "errorCode": "0"},
    ),
    "beem": Told(
        {
            "source_addr": "SHOP",
            "schedule_time": "",
            "encoding": 0,
            "message": "Hello",
            "recipients": [{"recipient_id": 1, "dest_addr": TO}],
        },
        {"request_id": 359, "code": 100, "message": "ok"},
        "359",
        {"code": 102, "message": "Insufficient balance"},
        {"code": 150},
        authorization=basic("k", "s"),
        receipt={"request_id": 359, "dest_addr": TO, "Status": "delivered"},
        failed={"request_id": 359, "dest_addr": TO, "status": "REJECTED"},
        poll=("GET", "/public/v1/delivery-reports", {"request_id": 359, "dest_addr": TO, "status": "DELIVERED"}),
    ),
    "nextsms": Told(
        {"messages": [{"from": "SHOP", "to": TO, "text": "Hello"}]},
        {"messages": [{"to": TO, "messageId": "28", "status": {"groupName": "PENDING"}}]},
        "28",
        {"messages": [{"to": TO, "status": {"groupName": "REJECTED"}}]},
        {"messages": [{"to": TO, "status": {"groupName": "ODD"}}]},
        authorization=basic("u", "p"),
    ),
    "egosms": Told(
        {
            "method": "SendSms",
            "userdata": {"username": "u", "password": "p"},
            "msgdata": [{"number": TO, "message": "Hello", "senderid": "SHOP"}],
        },
        {"Status": "OK", "Cost": 35, "MsgFollowUpUniqueCode": "e1"},
        "e1",
        {"Status": "Failed", "Message": "No"},
        {"Status": "Odd"},
        receipt={"MsgFollowUpUniqueCode": "e1", "number": TO, "Status": "Success"},
    ),
    "dmark": Told(
        {"sender": "SHOP", "receiver": TO, "text": "Hello", "dlr_url": f"{CALLBACK}?reference={REF}"},
        {"sms_id": "d1"},
        "d1",
        400,
        {"odd": 1},
        authorization="Token t",
        receipt={"reference": REF, "status": "1"},
        failed={"reference": REF, "status": "16"},
    ),
    "yo-sms": Told(
        {"ybsacctno": "100", "password": "p", "origin": "SHOP", "sms_content": "Hello", "destinations": TO, "nostore": "0"},
        "ybs_autocreate_status=OK",
        None,
        "ybs_autocreate_status=ERROR&ybs_autocreate_message=No",
        "ybs_autocreate_status=ODD",
    ),
    "pindo": Told(
        {"to": "+" + TO, "text": "Hello", "sender": "SHOP"},
        {"sms_id": 34, "total_cost": 9, "remaining_balance": 2471},
        "34",
        409,
        {"odd": 1},
        authorization="Bearer t",
        receipt={"sms_id": 34, "status": "DELIVRD"},
    ),
    "hubtel": Told(
        {"From": "SHOP", "Recipients": [TO], "Content": "Hello"},
        {"status": 0, "data": [{"recipient": TO, "messageId": "17"}]},
        "17",
        402,
        {"status": 5},
        authorization=basic("i", "s"),
        poll=("GET", "/v1/messages/17", {"status": "Delivered"}),
    ),
    "termii": Told(
        {"api_key": "k", "to": TO, "from": "SHOP", "sms": "Hello", "type": "plain", "channel": "generic"},
        {"code": "ok", "message_id": "91", "balance": 9},
        "91",
        400,
        {"code": "odd"},
    ),
    "infobip": Told(
        {
            "messages": [
                {
                    "sender": "SHOP",
                    "destinations": [{"to": TO, "messageId": REF}],
                    "content": {"text": "Hello"},
                    "webhooks": {"delivery": {"url": CALLBACK}},
                }
            ]
        },
        {"messages": [{"messageId": REF, "status": {"groupId": 1, "name": "PENDING"}, "destination": TO}]},
        REF,
        {"messages": [{"status": {"groupId": 5, "name": "REJECTED"}, "destination": TO}]},
        {"messages": [{"status": {"groupId": 9}, "destination": TO}]},
        authorization="App k",
        receipt={"results": [{"messageId": REF, "to": TO, "status": {"groupId": 3}}]},
        failed={"results": [{"messageId": REF, "to": TO, "status": {"groupId": 2}, "error": {"name": "EC"}}]},
    ),
    "vonage": Told(
        {
            "api_key": "k",
            "api_secret": "s",
            "from": "SHOP",
            "to": TO,
            "text": "Hello",
            "type": "text",
            "callback": CALLBACK,
            "client-ref": REF,
        },
        {"messages": [{"message-id": "0A", "status": "0", "message-price": "0.03"}, {"message-id": "0B", "status": "0"}]},
        "0A",
        {"messages": [{"status": "29", "error-text": "Non-whitelisted"}]},
        {"messages": [{"status": "99"}]},
        {"messages": [{"status": "1", "error-text": "Throttled"}]},
        receipt={"messageId": "0A", "msisdn": TO, "status": "delivered", "err-code": "0"},
        failed={"messageId": "0A", "msisdn": TO, "status": "expired", "err-code": "1"},
    ),
    "mtn": Told(
        {
            "senderAddress": "SHOP",
            "receiverAddress": [TO],
            "message": "Hello",
            "clientCorrelatorId": REF,
            "serviceCode": "11221",
            "requestDeliveryReceipt": True,
        },
        {"statusCode": "0000", "transactionId": "20"},
        "20",
        400,
        {"statusCode": "4000"},
        authorization="Bearer a-token",
        receipt={"clientCorrelatorId": REF, "deliveryStatus": "DELIVERED"},
        failed={"clientCorrelatorId": REF, "deliveryStatus": "DELETED"},
    ),
}
every_vendor = pytest.mark.parametrize(("name", "told"), VENDORS.items(), ids=VENDORS)


def sent(name: str, vendor, *behaviours, messages=None, **options) -> list:
    vendor.on(SENDS_BY.get(name, "POST"), SENDS_TO[name], *behaviours)
    if name in TOKENS:
        vendor.on("POST", TOKENS[name], answer(200, {"access_token": "a-token", "expires_in": 3600}))
    return make(name, vendor.url, **options).submit(messages or [submission(sender="SHOP")])


def given(told: Any) -> Any:
    return answer(told, {"message": "No"}) if isinstance(told, int) else answer(200, told)


def test_every_shipped_vendor_is_tried():
    assert set(VENDORS) == set(sms.SHIPPED)


@pytest.mark.parametrize("name", sms.SHIPPED)
def test_its_file_is_in_order_and_has_samples_of_all_its_parts(name):
    content = resources.files("wesend.adapters.sms.vendors").joinpath(f"{name}.toml").read_bytes()
    vendor = parse(content, f"{name}.toml")
    samples.check(vendor, name)
    parts = {"receipt": vendor.receipts, "poll": vendor.poll, "inbound": vendor.inbound, "balance": vendor.balance}
    assert {sample.of for sample in vendor.samples} == {"answer"} | {part for part, there in parts.items() if there is not None}


@every_vendor
def test_the_whole_request(name, told, vendor):
    (outcome,) = sent(name, vendor, given(told.ok))
    asked = vendor.last
    assert (outcome.kind, outcome.gateway_ref) == (ACCEPTED, told.ref)
    found = asked.query if SENDS_BY.get(name) == "GET" else asked.form if "form" in asked.headers["content-type"] else asked.json
    assert found == told.asks
    assert asked.headers.get("authorization") == told.authorization


@every_vendor
def test_what_it_answers_is_read(name, told, vendor):
    assert sent(name, vendor, given(told.no))[0].kind == REFUSED
    assert sent(name, vendor, given(told.unlisted))[0].kind == UNKNOWN
    if told.later is not None:
        assert sent(name, vendor, given(told.later))[0].kind == TEMPORARY


@every_vendor
def test_without_a_sender_its_key_is_left_out(name, told, vendor):
    sent(name, vendor, given(told.ok), messages=[submission()])
    assert "SHOP" not in vendor.last.body.decode() + str(vendor.last.query) and '""' not in vendor.last.body.decode().replace(
        'schedule_time": ""', ""
    )


@pytest.mark.parametrize("name", [name for name, kind in sms.SHIPPED.items() if kind.batch > 1])
def test_a_full_batch_is_one_call_and_who_is_missing_is_unknown(name, vendor):
    batch, told = sms.SHIPPED[name].batch, VENDORS[name]
    messages = [submission(number, sender="SHOP") for number in range(1, batch + 1)]
    outcomes = sent(name, vendor, given(told.ok), messages=messages)
    assert len([asked for asked in vendor.asked if asked.path == SENDS_TO[name]]) == 1
    assert [outcome.kind for outcome in outcomes] == [ACCEPTED] + [UNKNOWN] * (batch - 1)


def called(body: Any = None, *, query=None, headers=None, content: bytes = b"") -> CallbackRequest:
    return CallbackRequest(
        "POST", CALLBACK, headers or {}, query or {}, {}, content or (b"" if body is None else json.dumps(body).encode())
    )


@pytest.mark.parametrize("name", [name for name, told in VENDORS.items() if told.receipt])
def test_its_receipts_are_read(name, vendor):
    told, gateway = VENDORS[name], make(name, vendor.url)
    for body, status in ((told.receipt, DELIVERED), (told.failed, FAILED)):
        if body is None:
            continue
        flat = all(isinstance(value, str | int) for value in body.values())
        by_query = name in ("onfon", "vonage", "dmark")
        request = called(query={key: str(value) for key, value in body.items()}) if flat and by_query else called(body)
        (receipt,) = gateway.read_callback(request)
        assert receipt.receipt.status == status
        assert (told.ref in (receipt.gateway_ref, receipt.reference)) or receipt.reference == REF


@pytest.mark.parametrize("name", [name for name, told in VENDORS.items() if told.poll])
def test_it_is_asked_for_them(name, vendor):
    method, path, body = VENDORS[name].poll
    vendor.on(
        method,
        path,
        answer(200, body),
        answer(200, {"status": "odd", "delivery-description": "odd", "request_id": 359}),
        answer(404),
    )
    gateway = make(name, vendor.url, **({"dlr_url": vendor.url} if name == "beem" else {}))
    question = Question(1, REF, VENDORS[name].ref, "+" + TO, 30_000)
    found = [gateway.ask([question])[0] for _ in range(3)]
    assert [receipt and receipt.status for receipt in found] == [DELIVERED, UNLISTED, None]


def test_termii_signs_its_receipts(vendor):
    gateway = make("termii", vendor.url)
    content = json.dumps({"type": "outbound", "message_id": "91", "receiver": TO, "status": "Delivered"}).encode()
    signature = hmac.new(b"s", content, hashlib.sha512).hexdigest()
    (receipt,) = gateway.read_callback(called(content=content, headers={"X-Termii-Signature": signature}))
    assert (receipt.gateway_ref, receipt.receipt.status) == ("91", DELIVERED)
    with pytest.raises(BadSignature):
        gateway.read_callback(called(content=content, headers={"X-Termii-Signature": "0" * 128}))


@pytest.mark.parametrize("name", ["nextsms", "infobip"])
def test_what_is_told_once_is_kept(name, vendor):
    status = {"id": 73} if name == "nextsms" else {"groupId": 3}
    path = "/api/sms/v1/reports" if name == "nextsms" else "/sms/3/reports"
    vendor.on(
        "GET", path, answer(200, {"results": [{"messageId": "28", "to": TO, "status": status}]}), answer(200, {"results": []})
    )
    gateway, kept = make(name, vendor.url), []
    gateway.on_reports = kept.extend
    assert gateway.ask([Question(1, REF, "28", "+" + TO, 30_000)]) == [None]
    assert [(one.gateway_ref, one.receipt.status) for one in kept] == [("28", DELIVERED)]


BALANCES = {
    "advanta": ("POST", "/api/services/getbalance/", {"credit": "12.5"}, ("12.5", None)),
    "smsleopard": ("GET", "/v1/balance", {"balance": 3}, ("3", None)),
    "onfon": ("GET", "/v1/sms/Balance", {"Data": [{"Credits": "KSh1,234.50"}]}, ("1234.50", None)),
    "beem": ("GET", "/public/v1/vendors/balance", {"data": {"credit_balance": 9}}, ("9", None)),
    "egosms": ("POST", "/api/v1/json/", {"Balance": "98000"}, ("98000", None)),
    "termii": ("GET", "/api/get-balance", {"balance": 9.5, "currency": "NGN"}, ("9.5", "NGN")),
    "infobip": ("GET", "/account/1/balance", {"balance": 4.7, "currency": "EUR"}, ("4.7", "EUR")),
    "nextsms": ("GET", "/api/sms/v1/balance", {"sms_balance": 480}, ("480", None)),
}


@pytest.mark.parametrize("name", BALANCES)
def test_what_is_left_is_asked_for(name, vendor):
    method, path, body, left = BALANCES[name]
    vendor.on(method, path, answer(200, body))
    assert tuple(make(name, vendor.url).ask_balance()) == left


class TestAfricasTalkingsBulkAddress:
    def test_it_takes_json(self, vendor):
        entry = {"statusCode": 101, "number": "+" + TO, "status": "Success", "cost": "KES 0.8000", "messageId": "AT1"}
        vendor.on(
            "POST", "/version1/messaging/bulk", answer(201, {"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [entry]}})
        )
        (outcome,) = make("africastalking", vendor.url, endpoint="bulk").submit([submission(sender="SHOP")])
        assert (outcome.kind, outcome.gateway_ref) == (ACCEPTED, "AT1")
        assert vendor.last.json == {"username": "acme", "message": "Hello", "senderId": "SHOP", "phoneNumbers": ["+" + TO]}
        assert vendor.last.headers["apikey"] == "at-key"

    def test_a_message_without_a_sender_is_refused(self, vendor):
        (outcome,) = make("africastalking", vendor.url, endpoint="bulk").submit([submission()])
        assert (outcome.kind, vendor.asked) == (REFUSED, [])

    def test_nobody_and_an_error_is_a_refusal(self, vendor):
        vendor.on(
            "POST", "/version1/messaging/bulk", answer(201, {"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}})
        )
        (outcome,) = make("africastalking", vendor.url, endpoint="bulk").submit([submission(sender="SHOP")])
        assert (outcome.kind, outcome.text) == (REFUSED, "InvalidSenderId")


def test_the_price_of_a_long_message_is_that_of_all_its_parts(vendor):
    parts = [{"status": "0", "message-id": f"v{part}", "message-price": "0.0330"} for part in range(3)]
    (outcome,) = sent("vonage", vendor, answer(200, {"message-count": "3", "messages": parts}))
    assert (outcome.kind, outcome.gateway_ref, outcome.meta) == (ACCEPTED, "v0", {"cost": "EUR 0.0990"})


@pytest.mark.parametrize(("name", "currency"), [("vonage", "EUR"), ("egosms", "UGX"), ("smsleopard", "KES")])
def test_a_price_without_a_currency_is_of_the_vendors_own(name, currency, vendor):
    told = {
        "vonage": {"messages": [{"status": "0", "message-id": "v1", "message-price": "0.0330"}]},
        "egosms": {"Status": "OK", "Cost": 35, "MsgFollowUpUniqueCode": "e1"},
        "smsleopard": {"success": True, "recipients": [{"id": "l1", "cost": 0.6, "number": "256772000001", "status": "queued"}]},
    }[name]
    (outcome,) = sent(name, vendor, answer(200, told))
    assert outcome.kind == ACCEPTED and outcome.meta["cost"].startswith(f"{currency} ")
