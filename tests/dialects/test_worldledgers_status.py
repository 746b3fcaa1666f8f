"""World Ledgers: `GET /sms/{id}` and `GET /email/{id}`: our statuses in their words, and the sandbox's numbers."""

from __future__ import annotations

import pytest

from wesend.dialects.worldledgers.words import CODES, WORDS
from wesend.messages.state import statuses
from wesend.operations.audit import audit

from ..support.accounts import new_worldledgers
from ..support.domain import put
from ..support.worldledgers import BUSY, FAILS, HANGS, LOW, OK, REFUSED, accepted, refused

ANN = "ann@example.com"


def test_the_status_is_shown_as_documented(worldledgers, jobs):
    data = accepted(worldledgers.sms(OK, reference="invoice-42"))
    [message_id] = data["message_ids"]
    shown = {"type": "sms", "message_id": message_id, "blast_id": data["blast_id"], "reference": "invoice-42", "recipient": OK}
    assert worldledgers.status("sms", message_id) == {
        **shown,
        "event": "communication.sms.pending",
        "status": "pending",
        "status_code": 0,
        "response": "Pending",
    }
    jobs.dispatch()
    assert worldledgers.status("sms", message_id) == {
        **shown,
        "event": "communication.sms.processing",
        "status": "processing",
        "status_code": 3,
        "response": "Sent to the provider",
    }
    jobs.settle()
    answer = worldledgers.get(f"/sms/{message_id}")
    assert answer.json == {
        "status": "success",
        "data": {
            **shown,
            "event": "communication.sms.delivered",
            "status": "delivered",
            "status_code": 1,
            "response": "Success (sandbox)",
        },
    }
    assert list(answer.json["data"]) == [
        "type",
        "event",
        "message_id",
        "blast_id",
        "reference",
        "recipient",
        "status",
        "status_code",
        "response",
    ]


def test_a_mails_status_is_shown_alike(worldledgers, jobs):
    data = accepted(worldledgers.email("Ann@Example.com"))
    [message_id] = data["message_ids"]
    jobs.dispatch()
    assert worldledgers.status("email", message_id) == {
        "type": "email",
        "event": "communication.email.delivered",
        "message_id": message_id,
        "blast_id": data["blast_id"],
        "reference": None,
        "recipient": "Ann@Example.com",
        "status": "delivered",
        "status_code": 1,
        "response": "Success",
    }


@pytest.mark.parametrize("status", statuses.ALL)
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_every_status_has_a_word_and_a_code(app, worldledgers, channel, status):
    send = worldledgers.sms(OK) if channel == "sms" else worldledgers.email(ANN)
    [message_id] = accepted(send)["message_ids"]
    with app.app_context():
        put(message_id, status)
    shown = worldledgers.status(channel, message_id)
    assert (shown["status"], shown["status_code"]) == (WORDS[status], CODES[WORDS[status]])
    assert shown["event"] == f"communication.{channel}.{shown['status']}"
    assert isinstance(shown["response"], str) and shown["response"]


def test_the_codes_are_the_documented_ones():
    assert CODES == {"pending": 0, "processing": 3, "delivered": 1, "failed": 2}


@pytest.mark.parametrize(
    ("number", "status", "response", "given_back"),
    [
        (OK, "delivered", "Success (sandbox)", False),
        (FAILS, "failed", "Simulated delivery failure (sandbox)", False),
        (LOW, "failed", "SMS credit not enough", True),
        (REFUSED, "failed", "Refused by the gateway (sandbox)", True),
        (BUSY, "delivered", "Success (sandbox)", False),
    ],
)
def test_the_sandboxs_numbers_end_as_documented(app, jobs, number, status, response, given_back):
    api, _ = new_worldledgers(app)
    [message_id] = accepted(api.sms(number))["message_ids"]
    assert api.credits() == 9  # held when it was accepted
    for _ in range(3):
        jobs.settle()
    shown = api.status("sms", message_id)
    assert (shown["status"], shown["response"]) == (status, response)
    assert api.credits() == (10 if given_back else 9)
    with app.app_context():
        assert audit().problems == []


def test_an_unknown_outcome_stays_in_processing_until_its_validity_is_over(app, clock, jobs):
    api, _ = new_worldledgers(app)
    [message_id] = accepted(api.sms(HANGS))["message_ids"]
    jobs.settle()
    assert api.status("sms", message_id)["status"] == "processing"
    clock.advance(48 * 3600 + 1)
    jobs.expire()
    assert (api.status("sms", message_id)["status"], api.credits()) == ("failed", 9)


def test_what_is_not_there_or_not_ones_own_or_of_the_other_kind_is_404(app, worldledgers):
    [sms] = accepted(worldledgers.sms(OK))["message_ids"]
    [email] = accepted(worldledgers.email(ANN))["message_ids"]
    other, _ = new_worldledgers(app)
    assert refused(other.get(f"/sms/{sms}"), 404) and refused(other.get(f"/email/{email}"), 404)
    assert refused(worldledgers.get(f"/email/{sms}"), 404) and refused(worldledgers.get(f"/sms/{email}"), 404)
    for wrong in ("0", "-1", "999999", "9" * 30, "1e3", "x", "%00", "1.0", "١"):
        assert refused(worldledgers.get(f"/sms/{wrong}"), 404), wrong
