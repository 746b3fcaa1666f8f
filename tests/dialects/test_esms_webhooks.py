"""`/webhooks`, and what the format `esms` says: final states only, signed by the secret that is shown."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

import pytest

from wesend.database import query
from wesend.dialects.esms.webhook import EsmsFormat

from ..support.database import written
from ..support.esms import ANN, BUSY, FAILS, HANGS, REFUSED, data_of, field_of, new_esms, refused

DLR, MO = "https://example.com/dlr", "https://example.com/mo"


@pytest.fixture
def api(app):
    return new_esms(app)


def told(app) -> list[dict]:
    """The payloads that lie in the outbox, oldest first."""
    with app.app_context():
        return [json.loads(row["payload"]) for row in query("SELECT payload FROM webhook_deliveries ORDER BY id")]


def test_before_anything_is_set_there_is_a_secret_and_no_address(app, api):
    before = written(app)
    shown = data_of(api.get("/webhooks"))
    assert shown["signing_secret"].startswith("whsec_") and len(shown["signing_secret"]) > 40
    assert (shown["dlr_url"], shown["mo_url"], set(shown)) == (None, None, {"dlr_url", "mo_url", "signing_secret", "is_active"})
    assert data_of(api.get("/webhooks")) == shown and written(app) == before


def test_what_is_put_is_shown_and_what_is_left_out_stays(api):
    secret = data_of(api.get("/webhooks"))["signing_secret"]
    assert data_of(api.put("/webhooks", {"dlr_url": DLR, "mo_url": MO, "is_active": True})) == {"status": "updated"}
    shown = {"dlr_url": DLR, "mo_url": MO, "signing_secret": secret, "is_active": True}
    assert data_of(api.get("/webhooks")) == shown
    for change in ({}, {"mo_url": MO + "2"}, {"is_active": False}, {"dlr_url": DLR + "2"}, {"mo_url": None}, {"is_active": True}):
        api.put("/webhooks", change)
        shown.update(change)
        assert data_of(api.get("/webhooks")) == shown


@pytest.mark.parametrize("field", ["dlr_url", "mo_url"])
@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "http://", "https://a b.com", "javascript:alert(1)", 5])
def test_a_wrong_address_is_422_names_its_field_and_writes_nothing(app, api, field, url):
    before = written(app)
    assert field_of(api.put("/webhooks", {field: url})) == ["body", field]
    assert written(app) == before


def test_a_rotated_secret_is_shown_and_signs_from_then_on(api):
    api.put("/webhooks", {"dlr_url": DLR})
    old = data_of(api.get("/webhooks"))["signing_secret"]
    new = data_of(api.post("/webhooks/rotate-secret"))
    assert set(new) == {"signing_secret"} and new["signing_secret"] != old
    assert data_of(api.get("/webhooks"))["signing_secret"] == new["signing_secret"]


def test_accounts_have_secrets_of_their_own(app):
    assert len({data_of(new_esms(app).get("/webhooks"))["signing_secret"] for _ in range(3)}) == 3


def test_only_final_states_are_told_and_in_the_contracts_words(app, api, jobs, clock):
    api.put("/webhooks", {"dlr_url": DLR})
    sent = {phone: data_of(api.send(phone))["id"] for phone in (ANN, FAILS, HANGS)}
    assert told(app) == []
    clock.advance(2)
    jobs.settle()
    found = {payload["phone"]: payload for payload in told(app)}
    assert found == {
        ANN: {
            "event": "message.delivered",
            "message_id": sent[ANN],
            "status": "delivered",
            "phone": ANN,
            "sender_id": None,
            "segments": 1,
            "cost": 35,
            "error_code": None,
            "retry_count": 0,
            "delivered_at": "2026-06-10T12:00:02Z",
            "failed_at": None,
        },
        FAILS: {
            "event": "message.failed",
            "message_id": sent[FAILS],
            "status": "failed",
            "phone": FAILS,
            "sender_id": None,
            "segments": 1,
            "cost": 35,
            "error_code": "UNDELIV",
            "retry_count": 0,
            "delivered_at": None,
            "failed_at": "2026-06-10T12:00:02Z",
        },
    }


def test_a_refusal_is_told_once_and_an_automatic_retry_is_not(app, api, jobs):
    api.put("/webhooks", {"dlr_url": DLR})
    api.send(REFUSED)
    assert [payload["event"] for payload in told(app)] == ["message.failed"]
    api.send(BUSY)
    jobs.dispatch()
    assert len(told(app)) == 1


def test_nothing_is_written_down_while_it_is_off(app, api, jobs):
    api.put("/webhooks", {"dlr_url": DLR, "is_active": False})
    api.send()
    jobs.settle()
    assert told(app) == []


def test_the_signature_is_the_hmac_of_the_raw_body_by_the_secrets_text():
    body = b'{"event": "message.delivered"}'
    assert EsmsFormat().headers("message.delivered", body, "whsec_abc") == {
        "X-Webhook-Signature": "sha256=" + hmac.new(b"whsec_abc", body, sha256).hexdigest()
    }


@pytest.mark.parametrize("status,received", [(200, True), (204, True), (299, True), (301, False), (400, False), (500, False)])
def test_any_2xx_counts_as_received(status, received):
    assert EsmsFormat().is_received(status) is received


def test_another_accounts_settings_are_its_own(app, api):
    api.put("/webhooks", {"dlr_url": DLR})
    other = new_esms(app)
    assert data_of(other.get("/webhooks"))["dlr_url"] is None
    assert refused(other.get("/webhooks/1"), 404, "not_found")
