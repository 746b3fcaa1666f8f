"""An Android phone with SMS Gateway."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from wesend.adapters.callbacks import BadSignature, CallbackRequest, UnreadableCallback
from wesend.adapters.outcomes import ACCEPTED, REFUSED
from wesend.adapters.sms.base import DELIVERED, FAILED, NEVER_SENT, SENT, CallbackReceipt, Outcome, Question, Receipt

from ..support.fakes import answer
from .adapters import CALLBACK, make
from .conftest import submission

PATH = "/3rdparty/v1/messages"
OURS = submission().reference


@pytest.fixture
def adapter(vendor):
    return make("android", vendor.url)


class TestSending:
    def test_the_request_is_the_documented_one_with_our_id(self, vendor, adapter):
        vendor.on("POST", PATH, answer(202, {"id": OURS, "state": "Pending"}))
        assert adapter.submit([submission(text="Hé")]) == [Outcome(ACCEPTED, gateway_ref=OURS)]
        assert vendor.last.json == {
            "textMessage": {"text": "Hé"},
            "phoneNumbers": ["+256772000001"],
            "id": OURS,
            "withDeliveryReport": True,
        }
        assert vendor.last.basic == ("phone", "pw")

    def test_a_message_that_is_there_already_is_accepted(self, vendor, adapter):
        vendor.on("POST", PATH, answer(409, {"message": "duplicate id"}))
        assert adapter.submit([submission()]) == [Outcome(ACCEPTED, gateway_ref=OURS)]

    def test_a_message_that_failed_at_once_is_refused(self, vendor, adapter):
        vendor.on("POST", PATH, answer(202, {"id": OURS, "state": "Failed", "recipients": [{"error": "No SIM"}]}))
        (outcome,) = adapter.submit([submission()])
        assert (outcome.kind, outcome.text) == (REFUSED, "No SIM")

    def test_an_envelope_that_is_pending_about_a_recipient_that_failed_is_refused(self, vendor, adapter):
        vendor.on(
            "POST",
            PATH,
            answer(
                202,
                {
                    "id": OURS,
                    "state": "Pending",
                    "recipients": [{"phoneNumber": "+256772000001", "state": "Failed", "error": "No SIM"}],
                },
            ),
        )
        (outcome,) = adapter.submit([submission()])
        assert (outcome.kind, outcome.text) == (REFUSED, "No SIM")


class TestAsking:
    @pytest.mark.parametrize(
        ("state", "receipt"),
        [
            ("Pending", None),
            ("Processed", None),
            ("Sent", Receipt(SENT, "sent")),
            ("Delivered", Receipt(DELIVERED, "delivered")),
            ("Failed", Receipt(FAILED, "failed", "Invalid number")),
            ("Pondering", None),
            (None, None),
            ([], None),
        ],
    )
    def test_each_state_has_its_meaning(self, vendor, adapter, state, receipt):
        error = "Invalid number" if state == "Failed" else None
        vendor.on(
            "GET",
            f"{PATH}/{OURS}",
            answer(
                200, {"id": OURS, "state": state, "recipients": [{"phoneNumber": "+256772000001", "state": state, "error": error}]}
            ),
        )
        assert adapter.ask([Question(1, OURS, OURS, "+256772000001", 1000)]) == [receipt]

    def test_a_message_of_unknown_outcome_is_asked_for_by_our_id(self, vendor, adapter):
        vendor.on("GET", f"{PATH}/{OURS}", answer(200, {"id": OURS, "state": "Sent"}))
        assert adapter.ask([Question(1, OURS, None, "+256772000001", 1000)]) == [Receipt(SENT, "sent")]

    @pytest.mark.parametrize(
        ("gateway_ref", "age_ms", "status"),
        [(None, 90_000, NEVER_SENT), (None, 1_000, None), (OURS, 90_000, None)],
        ids=["unknown, and time enough", "unknown, but just now", "accepted before"],
    )
    def test_not_found_means_never_sent_only_when_it_can_no_longer_arrive(self, vendor, adapter, gateway_ref, age_ms, status):
        vendor.on("GET", f"{PATH}/{OURS}", answer(404, {"message": "message not found"}))
        (receipt,) = adapter.ask([Question(1, OURS, gateway_ref, "+256772000001", age_ms)])
        assert (receipt and receipt.status) == status

    def test_not_found_by_something_else_on_the_way_says_nothing(self, vendor, adapter):
        vendor.on("GET", f"{PATH}/{OURS}", answer(404, "<html>nginx</html>"))
        assert adapter.ask([Question(1, OURS, None, "+256772000001", 90_000)]) == [None]


def call(event: str, payload: dict | None) -> bytes:
    return json.dumps({"deviceId": "d", "event": event, "id": "w1", "webhookId": "x", "payload": payload}).encode()


def signed(body: bytes, key: str = "wk", timestamp: str = "1781092800", **headers: str) -> CallbackRequest:
    signature = hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()
    given = {"X-Signature": signature, "X-Timestamp": timestamp, **headers}
    return CallbackRequest("POST", CALLBACK, given, {}, {}, body)


class TestWebhooks:
    @pytest.mark.parametrize(("event", "status"), [("sms:sent", SENT), ("sms:delivered", DELIVERED), ("sms:failed", FAILED)])
    def test_each_event_has_its_meaning(self, adapter, event, status):
        body = call(event, {"messageId": OURS, "phoneNumber": "+256772000001", "simNumber": None})
        [brought] = adapter.read_callback(signed(body))
        assert (brought.part is not None) == (status == DELIVERED)
        assert brought._replace(part=None) == CallbackReceipt(OURS, OURS, "+256772000001", Receipt(status, event[4:]))

    def test_a_failures_reason_is_kept_and_the_newer_name_of_the_number_is_read(self, adapter):
        body = call("sms:failed", {"messageId": OURS, "recipient": "+256772000002", "reason": "No\nservice"})
        assert adapter.read_callback(signed(body)) == [
            CallbackReceipt(OURS, OURS, "+256772000002", Receipt(FAILED, "failed", "No service"))
        ]

    @pytest.mark.parametrize("event", ["sms:data-received", "system:ping", "brand:new"])
    def test_other_events_change_nothing(self, adapter, event):
        assert adapter.read_callback(signed(call(event, {"messageId": "abc"}))) == []

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Signature": ""},
            {"X-Signature": "00" * 32},
            {"X-Signature": "ключ"},
            {"X-Timestamp": "1781092801"},
            {"X-Timestamp": "\ud800"},
        ],
    )
    def test_a_wrong_signature_is_refused(self, adapter, headers):
        with pytest.raises(BadSignature):
            adapter.read_callback(signed(call("sms:sent", {"messageId": OURS}), **headers))

    def test_a_changed_body_breaks_the_signature(self, adapter):
        with pytest.raises(BadSignature):
            adapter.read_callback(
                signed(call("sms:sent", {"messageId": OURS}))._replace(body=call("sms:failed", {"messageId": OURS}))
            )

    def test_without_a_key_the_secret_address_is_enough(self, vendor):
        adapter = make("android", vendor.url, secrets={"webhook_key": ""})
        body = call("sms:sent", {"messageId": OURS})
        assert len(adapter.read_callback(CallbackRequest("POST", CALLBACK, {}, {}, {}, body))) == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"rubbish",
            b"[]",
            b"null",
            b"[" * 100_000,
            b'{"event": 7}',
            call("sms:sent", None),
            call("sms:sent", {}),
            call("sms:sent", {"messageId": []}),
            b'{"event": "sms:sent", "payload": [1]}',
            b'{"event": "sms:sent", "payload": "x"}',
        ],
    )
    def test_rubbish_is_unreadable(self, adapter, body):
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(signed(body))
