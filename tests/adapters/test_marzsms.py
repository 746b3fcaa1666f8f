"""MarzSMS."""

from __future__ import annotations

import pytest

from wesend.adapters.callbacks import CallbackRequest
from wesend.adapters.outcomes import ACCEPTED, REFUSED
from wesend.adapters.sms.base import Outcome

from ..support.fakes import answer
from .adapters import CALLBACK, make
from .conftest import submission

PATH = "/api/v1/sms/send"


@pytest.fixture
def adapter(vendor):
    return make("marzsms", vendor.url + "/")


def test_the_request_is_the_documented_one(vendor, adapter):
    vendor.on("POST", PATH, answer(200, {"success": True}))
    adapter.submit([submission(text="Hé")])
    assert vendor.last.json == {"recipient": "+256772000001", "message": "Hé"}
    assert vendor.last.basic == ("mk", "ms")


def test_an_accepted_message_has_its_id_and_cost(vendor, adapter):
    vendor.on(
        "POST",
        PATH,
        answer(
            200,
            {
                "success": True,
                "message": "Sent",
                "data": {
                    "successful": 1,
                    "failed": 0,
                    "total_cost": 35.5,
                    "remaining_balance": 100,
                    "results": [{"recipient": "+256772000001", "message_id": 4711}],
                },
            },
        ),
    )
    assert adapter.submit([submission()]) == [Outcome(ACCEPTED, gateway_ref="4711", meta={"cost": "35.5"})]


@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "message": "Insufficient balance"},
        {
            "success": True,
            "message": "Done",
            "data": {"successful": 0, "failed": 1, "results": [{"error": "Insufficient balance"}]},
        },
    ],
)
def test_a_failure_that_comes_as_200_is_refused(vendor, adapter, body):
    vendor.on("POST", PATH, answer(200, body))
    (outcome,) = adapter.submit([submission()])
    assert (outcome.kind, outcome.text) == (REFUSED, "Insufficient balance")


def test_no_receipts_are_expected_and_none_are_asked_for(adapter):
    assert not adapter.sends_receipts
    assert adapter.first_poll_ms("+256772000001") is None
    assert adapter.read_callback(CallbackRequest("POST", CALLBACK, {}, {}, {}, b"whatever")) == []
