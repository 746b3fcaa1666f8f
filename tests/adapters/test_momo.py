"""MTN MoMo Collections."""

from __future__ import annotations

import json

import pytest

from wesend.adapters.callbacks import CallbackRequest, UnreadableCallback
from wesend.adapters.money.base import NOT_PAID, PAID, PENDING, Charge, ChargeStatus, PaymentHint
from wesend.adapters.money.momo import LIVE, SANDBOX, Momo
from wesend.adapters.outcomes import ACCEPTED, REFUSED, UNKNOWN

from ..support.fakes import answer, drop, reset
from .adapters import make

TOKEN, PAY = "/collection/token/", "/collection/v1_0/requesttopay"
CALLBACK = "https://gw.example.com/callbacks/money/g/t0ken"
REFERENCE = "6f1e0c6a-3c1d-4c1e-9a51-0f2f6f0d9a11"
CHARGE = Charge(REFERENCE, "+256772000001", 500_000_000, "UGX", "Top-up")


@pytest.fixture
def adapter(vendor):
    vendor.on("POST", TOKEN, answer(200, {"access_token": "tok-1", "token_type": "access_token", "expires_in": 3600}))
    return make("momo", vendor.url, callback_url=CALLBACK)


class TestCharging:
    def test_the_request_is_the_documented_one(self, vendor, adapter):
        vendor.on("POST", PAY, answer(202))
        assert adapter.charge(CHARGE) == (ACCEPTED, REFERENCE, None)
        assert vendor.last.json == {
            "amount": "500",
            "currency": "UGX",
            "externalId": REFERENCE,
            "payer": {"partyIdType": "MSISDN", "partyId": "256772000001"},
            "payerMessage": "Top-up",
            "payeeNote": "Top-up",
        }
        wanted = {
            "x-reference-id": REFERENCE,
            "x-target-environment": "mtnuganda",
            "ocp-apim-subscription-key": "sub",
            "x-callback-url": CALLBACK,
            "authorization": "Bearer tok-1",
        }
        assert wanted.items() <= vendor.last.headers.items()

    def test_the_token_is_asked_for_as_documented_and_kept(self, vendor, adapter):
        vendor.on("POST", PAY, answer(202))
        adapter.charge(CHARGE)
        adapter.charge(CHARGE)
        first, *others = vendor.asked
        assert (first.method, first.path, first.body, first.basic) == ("POST", TOKEN, b"", ("user-uuid", "key"))
        assert first.headers["ocp-apim-subscription-key"] == "sub"
        assert [asked.path for asked in others] == [PAY, PAY]

    def test_amounts_are_text_without_superfluous_zeros(self, vendor, adapter):
        vendor.on("POST", PAY, answer(202))
        adapter.charge(CHARGE._replace(amount_micros=1_500_000))
        assert vendor.last.json["amount"] == "1.5"

    def test_409_means_that_it_was_asked_already(self, vendor, adapter):
        vendor.on("POST", PAY, answer(409, {"code": "RESOURCE_ALREADY_EXIST", "message": "Duplicated reference id"}))
        assert adapter.charge(CHARGE) == (ACCEPTED, REFERENCE, None)

    def test_a_409_of_the_token_is_no_charge(self, vendor, adapter):
        vendor.on("POST", TOKEN, answer(409, {}))
        assert adapter.charge(CHARGE).kind == REFUSED

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (answer(400, {"code": "PAYER_NOT_FOUND", "message": "x"}), "The phone has no MoMo wallet"),
            (answer(400, {"code": "INVALID_CURRENCY", "message": "Currency not supported."}), "Currency not supported."),
            (answer(400, "Bad"), "Bad"),
            (answer(429, {"message": "Quota exceeded"}), "Quota exceeded"),
        ],
    )
    def test_what_was_surely_not_carried_out_is_refused(self, vendor, adapter, behaviour, reason):
        vendor.on("POST", PAY, behaviour)
        answered = adapter.charge(CHARGE)
        assert (answered.kind, answered.reason) == (REFUSED, reason)

    @pytest.mark.parametrize(
        "behaviour",
        [drop, reset, answer(500, {"code": "INTERNAL_PROCESSING_ERROR"}), answer(502)],
        ids=["closed", "reset", "500", "502"],
    )
    def test_what_may_have_been_carried_out_is_unknown_and_can_be_asked_for(self, vendor, adapter, behaviour):
        vendor.on("POST", PAY, behaviour)
        answered = adapter.charge(CHARGE)
        assert (answered.kind, answered.gateway_ref) == (UNKNOWN, REFERENCE)


class TestAsking:
    def ask(self, vendor, adapter, *behaviours, gateway_ref: str | None = REFERENCE) -> ChargeStatus:
        vendor.on("GET", f"{PAY}/{REFERENCE}", *behaviours)
        return adapter.ask(CHARGE, gateway_ref, 5_000)

    def test_it_is_asked_by_our_reference_even_when_no_answer_ever_came(self, vendor, adapter):
        self.ask(vendor, adapter, answer(200, {"status": "PENDING"}), gateway_ref=None)
        wanted = {"x-target-environment": "mtnuganda", "ocp-apim-subscription-key": "sub", "authorization": "Bearer tok-1"}
        assert wanted.items() <= vendor.last.headers.items()

    @pytest.mark.parametrize(("amount", "micros"), [("500", 500_000_000), ("450.5", 450_500_000), (500, 500_000_000)])
    def test_paid_is_the_amount_that_is_confirmed(self, vendor, adapter, amount, micros):
        body = {"status": "SUCCESSFUL", "amount": amount, "currency": "UGX", "financialTransactionId": "1"}
        assert self.ask(vendor, adapter, answer(200, body)) == ChargeStatus(PAID, micros)
        assert self.ask(vendor, adapter, answer(200, {**body, "currency": "ugx"})) == ChargeStatus(PAID, micros)

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("NOT_ENOUGH_FUNDS", "The payer has too little money"),
            ({"code": "EXPIRED", "message": "x"}, "The payer did not answer"),
            ({"code": "BRAND_NEW", "message": "Because"}, "Because"),
            ("BRAND_NEW", "BRAND_NEW"),
            (None, "MTN says that it failed"),
            ([], "MTN says that it failed"),
            ({"code": [], "message": {}}, "MTN says that it failed"),
        ],
    )
    def test_a_failure_is_told_in_words(self, vendor, adapter, reason, words):
        told = self.ask(vendor, adapter, answer(200, {"status": "FAILED", "reason": reason}))
        assert told == ChargeStatus(NOT_PAID, reason=words)

    @pytest.mark.parametrize(
        "behaviour",
        [
            answer(200, {"status": "PENDING"}),
            answer(200, {"status": "BRAND_NEW"}),
            answer(200, {}),
            answer(200, "rubbish"),
            answer(202, {"status": []}),
            answer(404, {"code": "RESOURCE_NOT_FOUND"}),
            answer(401),
            answer(500),
            drop,
        ],
    )
    def test_everything_else_is_pending(self, vendor, adapter, behaviour):
        assert self.ask(vendor, adapter, behaviour).status == PENDING

    @pytest.mark.parametrize(
        "told",
        [
            {"amount": "500", "currency": "EUR"},
            {"amount": "0"},
            {"amount": "-500"},
            {"amount": {}},
            {"amount": "NaN"},
            {"amount": "1e9"},
            {"amount": "9" * 40},
            {"amount": True},
        ],
    )
    def test_an_amount_that_is_not_what_was_asked_for_is_not_believed(self, vendor, adapter, told):
        body = {"status": "SUCCESSFUL", "currency": "UGX", **told}
        assert self.ask(vendor, adapter, answer(200, body)).status == PENDING


class TestCallbacks:
    @staticmethod
    def called(body, method: str = "PUT") -> CallbackRequest:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return CallbackRequest(method, CALLBACK, {}, {}, {}, content)

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_one_is_a_hint_and_never_a_result(self, adapter, method):
        body = {"financialTransactionId": "1", "externalId": REFERENCE, "amount": "500", "currency": "UGX", "status": "SUCCESSFUL"}
        assert adapter.read_callback(self.called(body, method)) == [PaymentHint(REFERENCE, REFERENCE)]

    @pytest.mark.parametrize("body", [b"", b"x", b"[]", b"null", {}, {"externalId": []}], ids=range(6))
    def test_rubbish_is_unreadable(self, adapter, body):
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(self.called(body))


@pytest.mark.parametrize(("environment", "url"), [("sandbox", SANDBOX), ("mtnuganda", LIVE)])
def test_the_environment_decides_where_its_api_is(environment, url):
    adapter = Momo(
        "g",
        {"target_environment": environment, "api_user": "u"},
        {"subscription_key": "s", "api_key": "k"},
        timeout=1,
        callback_url="",
    )
    assert adapter.base_url == url


def test_currencies_networks_and_priority_are_read(vendor):
    adapter = make("momo", vendor.url, currencies="ugx,RWF", networks="mtn", priority="5")
    assert (adapter.currencies, adapter.networks, adapter.priority) == (("UGX", "RWF"), ("MTN",), 5)
    assert (make("momo", vendor.url).currencies, make("momo", vendor.url).networks) == (("UGX",), ())
