"""Twilio."""

from __future__ import annotations

import pytest

from wesend.adapters.callbacks import BadSignature, CallbackRequest, UnreadableCallback
from wesend.adapters.outcomes import ACCEPTED, REFUSED, TEMPORARY
from wesend.adapters.sms.base import DELIVERED, FAILED, SENT, Outcome, Question, Receipt

from ..support.fakes import answer, drop
from .adapters import CALLBACK, make
from .conftest import submission

PATH = "/2010-04-01/Accounts/AC123/Messages"


@pytest.fixture
def adapter(vendor):
    return make("twilio", vendor.url)


class TestSending:
    def test_the_request_is_the_documented_form(self, vendor, adapter):
        vendor.on("POST", PATH + ".json", answer(201, {"sid": "SM1", "status": "queued"}))
        adapter.submit([submission(text="Hé & you")])
        assert vendor.last.form == {"To": "+256772000001", "From": "+15005550006", "Body": "Hé & you", "StatusCallback": CALLBACK}
        assert vendor.last.basic == ("AC123", "tw-token")

    def test_a_messages_own_sender_goes_before_the_gateways(self, vendor, adapter):
        vendor.on("POST", PATH + ".json", answer(201, {"sid": "SM1", "status": "queued"}))
        adapter.submit([submission(sender="ACME")])
        assert vendor.last.form["From"] == "ACME"

    def test_an_accepted_message_has_its_id(self, vendor, adapter):
        vendor.on("POST", PATH + ".json", answer(201, {"sid": "SM1", "status": "queued", "price": None}))
        assert adapter.submit([submission()]) == [Outcome(ACCEPTED, gateway_ref="SM1")]

    def test_a_price_that_is_told_is_kept(self, vendor, adapter):
        vendor.on("POST", PATH + ".json", answer(201, {"sid": "SM1", "status": "sent", "price": "-0.0075", "price_unit": "USD"}))
        assert adapter.submit([submission()])[0].meta == {"cost": "USD 0.0075"}

    @pytest.mark.parametrize(("status", "code", "kind"), [(400, 21211, REFUSED), (429, 20429, TEMPORARY)])
    def test_an_error_keeps_twilios_code(self, vendor, adapter, status, code, kind):
        vendor.on("POST", PATH + ".json", answer(status, {"code": code, "message": "Why", "status": status}))
        assert adapter.submit([submission()]) == [Outcome(kind, code=str(code), text="Why")]

    def test_a_message_that_failed_at_once_is_refused(self, vendor, adapter):
        vendor.on("POST", PATH + ".json", answer(201, {"sid": "SM1", "status": "failed", "error_code": 30007}))
        (outcome,) = adapter.submit([submission()])
        assert (outcome.kind, outcome.code, outcome.text) == (REFUSED, "30007", "Message filtered")


class TestAsking:
    @pytest.mark.parametrize(
        ("word", "receipt"),
        [
            ("delivered", Receipt(DELIVERED, "delivered")),
            ("read", Receipt(DELIVERED, "read")),
            ("sent", Receipt(SENT, "sent")),
            ("failed", Receipt(FAILED, "failed")),
            ("undelivered", Receipt(FAILED, "undelivered")),
            ("queued", None),
            ("sending", None),
            ("accepted", None),
            ("brand-new", None),
            (7, None),
            (None, None),
        ],
    )
    def test_each_status_has_its_meaning(self, vendor, adapter, word, receipt):
        vendor.on("GET", PATH + "/SM1.json", answer(200, {"sid": "SM1", "status": word, "error_code": None}))
        assert adapter.ask([Question(1, "ref", "SM1", "+256772000001", 1000)]) == [receipt]
        assert vendor.last.basic == ("AC123", "tw-token")

    def test_a_failures_code_is_told(self, vendor, adapter):
        vendor.on("GET", PATH + "/SM1.json", answer(200, {"status": "undelivered", "error_code": 30005}))
        assert adapter.ask([Question(1, "ref", "SM1", "+256772000001", 1000)]) == [
            Receipt(FAILED, "30005", "Unknown destination handset")
        ]

    def test_the_price_that_it_has_set_by_then_is_told(self, vendor, adapter):
        told = {"status": "delivered", "price": "-0.00750", "price_unit": "USD"}
        vendor.on("GET", PATH + "/SM1.json", answer(200, told))
        (receipt,) = adapter.ask([Question(1, "ref", "SM1", "+256772000001", 1000)])
        assert receipt is not None and receipt.cost == "USD 0.00750"

    def test_answers_come_back_in_order_and_a_broken_one_is_nothing_new(self, vendor, adapter):
        vendor.on("GET", PATH + "/SM0.json", answer(200, {"status": "delivered"}))
        vendor.on("GET", PATH + "/SM1.json", drop)
        vendor.on("GET", PATH + "/SM2.json", answer(200, {"status": "failed"}))
        asked = [Question(n, "ref", f"SM{n}", "+256772000001", 1000) for n in range(4)]
        assert [receipt and receipt.status for receipt in adapter.ask(asked)] == [DELIVERED, None, FAILED, None]

    def test_one_whose_id_was_never_told_can_not_be_asked_for(self, vendor, adapter):
        assert adapter.ask([Question(1, "ref", None, "+256772000001", 1000)]) == [None]
        assert vendor.asked == []

    def test_an_id_can_not_lead_elsewhere(self, vendor, adapter):
        adapter.ask([Question(1, "ref", "../../x?y", "+256772000001", 1000)])
        assert vendor.last.path == PATH + "/..%2F..%2Fx%3Fy.json"

    def test_a_gateway_that_hangs_is_not_waited_for_once_a_message(self, vendor):
        adapter = make("twilio", vendor.url, timeout=0.6)
        for number in range(100):
            vendor.on("GET", f"{PATH}/SM{number}.json", vendor.hang)
        asked = [Question(n, "ref", f"SM{n}", "+256772000001", 1000) for n in range(100)]
        assert adapter.ask(asked) == [None] * 100
        assert len(vendor.asked) < 100


class TestReceipts:
    FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+256772000001", "AccountSid": "AC123"}

    @staticmethod
    def signed(adapter, form: dict, url: str = CALLBACK, signature: str | None = None) -> CallbackRequest:
        headers = {"x-twilio-signature": adapter._signature(url, form) if signature is None else signature}
        return CallbackRequest("POST", url, headers, {}, form, b"")

    def test_the_signature_is_the_one_that_twilio_documents(self):
        # The example of Twilio's own page on request validation.
        adapter = make("twilio", "http://127.0.0.1", secrets={"auth_token": "12345"})
        form = {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
        assert adapter._signature("https://mycompany.com/myapp.php?foo=1&bar=2", form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    @pytest.mark.parametrize(
        ("word", "status"), [("sent", SENT), ("delivered", DELIVERED), ("undelivered", FAILED), ("failed", FAILED)]
    )
    def test_each_status_has_its_meaning(self, adapter, word, status):
        (found,) = adapter.read_callback(self.signed(adapter, {**self.FORM, "MessageStatus": word}))
        assert (found.gateway_ref, found.to, found.receipt.status) == ("SM1", "+256772000001", status)

    def test_an_error_code_is_kept(self, adapter):
        form = {**self.FORM, "MessageStatus": "undelivered", "ErrorCode": "30003"}
        (found,) = adapter.read_callback(self.signed(adapter, form))
        assert found.receipt == Receipt(FAILED, "30003", "Unreachable destination handset")

    @pytest.mark.parametrize("word", ["queued", "sending", "brand-new"])
    def test_news_that_is_none_changes_nothing(self, adapter, word):
        assert adapter.read_callback(self.signed(adapter, {**self.FORM, "MessageStatus": word})) == []

    def test_behind_a_proxy_the_address_that_we_gave_counts(self, adapter):
        signature = adapter._signature(CALLBACK, self.FORM)
        inside = self.signed(adapter, self.FORM, "http://10.0.0.5:8000/callbacks/sms/g/t0ken", signature)
        assert len(adapter.read_callback(inside)) == 1

    @pytest.mark.parametrize("signature", ["", "bm9wZQ==", "ключ", "\0", "\ud800"])
    def test_a_wrong_signature_is_refused(self, adapter, signature):
        with pytest.raises(BadSignature):
            adapter.read_callback(self.signed(adapter, self.FORM, signature=signature))

    def test_a_changed_field_breaks_the_signature(self, adapter):
        signature = adapter._signature(CALLBACK, self.FORM)
        with pytest.raises(BadSignature):
            adapter.read_callback(self.signed(adapter, {**self.FORM, "MessageStatus": "failed"}, signature=signature))

    @pytest.mark.parametrize("form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}, {"\ud800": "\ud800"}])
    def test_a_call_that_names_no_message_is_unreadable(self, adapter, form):
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(self.signed(adapter, form))
