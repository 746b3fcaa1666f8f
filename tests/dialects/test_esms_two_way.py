"""eSMS's `/two-way`: numbers asked for and got, what people wrote to them, replies, webhooks."""

from __future__ import annotations

import json

import pytest

from wesend.accounts import keys
from wesend.database import query
from wesend.sandbox import account as sandbox_account
from wesend.two_way import approval, prices
from wesend.webhooks import endpoints

from ..support.accounts import mint
from ..support.esms import Esms, esms_of

PHONE, OTHER = "+256712345678", "+256772345678"
ASKED = {"country_code": "UG", "type": "shared", "keyword": "VOTE", "use_case": "People vote for songs", "company_name": "Radio"}


def approve(app) -> None:
    with app.app_context():
        approval.approve_sandbox(0, actor="test")


def write(client, text: str, to: str = "32811", phone: str = PHONE) -> dict:
    answer = client.post("/sandbox/messages", json={"from": phone, "to": to, "text": text})
    assert answer.status_code == 201, answer.json
    return answer.json


def service(esms, keyword: str | None = "JOIN") -> dict:
    return next(one for one in esms.get("/two-way/services").json["services"] if one["keyword"] == keyword)


def test_prices_are_everybodys(client):
    for prefix in ("/api", "/v1"):
        answer = client.get(f"{prefix}/two-way/pricing")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=300")
        uganda = next(one for one in answer.json["countries"] if one["country_code"] == "UG")
        assert (answer.json["currency"], uganda["sms_basic_price_usd"], uganda["outbound_price_usd"]) == ("USD", 0.0094, 0.0094)
        assert (uganda["inbound_price_usd"], uganda["price_source"], uganda["is_available"]) == (0, "basic", True)


def test_a_request_is_pending_then_active_then_cancelled(app, esms):
    answer = esms.post("/two-way/services", {**ASKED, "kyc_document_urls": ["https://example.com/a.pdf"]})
    assert answer.status_code == 201
    made = answer.json
    assert (made["status"], made["keyword"], made["number"], made["setup_charged"]) == ("pending", "VOTE", None, False)
    assert [step["state"] for step in made["timeline"]] == ["done", "current", "upcoming"]
    assert esms.get("/two-way/keywords/check", query_string={"keyword": "vote", "number": "32811"}).json["available"] is False
    approve(app)
    shown = esms.get(f"/two-way/services/{made['id']}").json
    assert (shown["status"], shown["number"], shown["setup_charged"]) == ("active", "32811", True)
    assert shown["next_billing_at"] is not None and shown["timeline"][-1]["key"] == "renewal"
    assert esms.post(f"/two-way/services/{made['id']}/cancel").json["status"] == "cancelled"
    assert esms.post(f"/two-way/services/{made['id']}/cancel").json["detail"]["code"] == "invalid_state"
    assert esms.get("/two-way/keywords/check", query_string={"keyword": "VOTE", "country_code": "UG"}).json == {
        "keyword": "VOTE",
        "available": True,
        "reason": None,
    }


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"keyword": "JOIN"}, 409, "keyword_unavailable"),
        ({"keyword": "stop"}, 409, "keyword_unavailable"),
        ({"country_code": "FR"}, 422, "country_unavailable"),
        ({"toll_free": True}, 422, "toll_free_unavailable"),
        ({"kyc_document_ids": [7]}, 422, "invalid_document"),
        ({"kyc_document_ids": ["doc_7"]}, 422, "invalid_document"),
        ({"kyc_document_ids": [None]}, 422, "invalid_document"),
        ({"kyc_document_ids": "doc_7"}, 422, "validation_error"),
        ({"keyword": "A"}, 422, "validation_error"),
        ({"keyword": None}, 422, "validation_error"),
        ({"use_case": "short"}, 422, "validation_error"),
        ({"type": "rented"}, 422, "validation_error"),
        ({"webhook_url": "ftp://example.com"}, 422, "validation_error"),
    ],
)
def test_refusals_have_both_envelopes(esms, change, status, code):
    answer = esms.post("/two-way/services", {**ASKED, **change})
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["message"] and answer.json["error"]["request_id"] == answer.headers["X-Request-Id"]
    assert isinstance(answer.json["detail"], list) if code == "validation_error" else answer.json["detail"]["code"] == code


def test_the_same_request_twice(esms):
    asked = {**ASKED, "type": "dedicated", "keyword": None}
    assert esms.post("/two-way/services", asked).status_code == 201
    assert esms.post("/two-way/services", asked).json["error"]["code"] == "duplicate_request"


def test_nothing_of_another_account_or_side_is_there(app, esms):
    live = mint(app, "esms", is_sandbox=False)
    with app.app_context():
        assert live.account_id != sandbox_account.find_account()
    other = esms_of(app, live)
    assert other.get("/two-way/services").json == {"services": []}
    answer = other.get(f"/two-way/services/{service(esms)['id']}")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


def key_with(app, *scopes: str):
    minted = mint(app, "esms")
    with app.app_context():
        keys.set_scopes(minted.key_id, scopes, actor="test")
    return esms_of(app, minted)


def test_scopes(app):
    reader, sender, asker = key_with(app, "query"), key_with(app, "send", "webhooks"), key_with(app, "two_way")
    assert reader.get("/two-way/services").status_code == 200
    assert reader.post("/two-way/services", ASKED).json["error"]["code"] == "insufficient_scope"
    assert sender.post("/two-way/services", ASKED).status_code == 403
    assert sender.post("/two-way/services/1/reply", {"to": PHONE, "text": "Hi"}).status_code == 404
    assert sender.get("/two-way/services").status_code == 403
    assert asker.post("/two-way/services", ASKED).status_code == 201
    assert asker.get("/messages").status_code == 403


def test_a_request_tells_the_prices_that_its_approval_will_keep(app, esms):
    with app.app_context():
        micros = {"setup_fee_micros": 1_000_000, "keyword_fee_micros": 500_000, "inbound_price_micros": 10_000}
        prices.set_price("UG", {**micros, "outbound_price_micros": 20_000}, actor="test")
    asked = esms.post("/two-way/services", ASKED).json
    fees = {"setup_fee_usd": 1, "monthly_fee_usd": 0.5, "inbound_price_usd": 0.01, "outbound_price_usd": 0.02}
    assert (asked["status"], asked["fees"]) == ("pending", fees)
    approve(app)
    kept = esms.get(f"/two-way/services/{asked['id']}").json
    assert (kept["status"], kept["fees"]) == ("active", fees)


def test_what_comes_in_one_instant_is_listed_as_it_came(client, esms, clock):
    path = f"/two-way/services/{service(esms)['id']}"
    for text in ("JOIN one", "JOIN two", "JOIN three"):
        write(client, text)
    for text in ("four", "five"):
        assert esms.post(f"{path}/reply", {"to": PHONE, "text": text}).status_code == 200
    listed = esms.get(f"{path}/messages").json["messages"]
    assert len({message["created_at"] for message in listed}) == 1
    assert [message["text"] for message in listed] == ["JOIN one", "JOIN two", "JOIN three", "four", "five"]
    latest = esms.get(f"{path}/messages?limit=3").json["messages"]
    assert [message["text"] for message in latest] == ["JOIN three", "four", "five"]


@pytest.mark.parametrize(("text", "is_taken"), [("x" * 1530, True), ("x" * 1531, False), ("ё" * 670, True), ("ё" * 671, False)])
def test_an_answer_has_no_more_segments_than_any_message(esms, text, is_taken):
    answer = esms.call("PATCH", f"/two-way/services/{service(esms)['id']}", json={"auto_reply_text": text})
    assert answer.status_code == (200 if is_taken else 422), "it would be kept, and never leave"
    if not is_taken:
        (told,) = answer.json["detail"]
        assert (told["loc"], told["msg"]) == (["body", "auto_reply_text"], "At most 10 segments")


def test_settings_are_changed_one_by_one_and_taken_away(esms):
    path = f"/two-way/services/{service(esms)['id']}"
    assert esms.call("PATCH", path, json={"auto_reply_enabled": True}).status_code == 422
    changes = {"auto_reply_text": "Welcome", "auto_reply_enabled": True, "forward_email": "a@example.com"}
    shown = esms.call("PATCH", path, json=changes).json
    assert (shown["auto_reply_text"], shown["auto_reply_enabled"], shown["forward_email"]) == ("Welcome", True, "a@example.com")
    shown = esms.call("PATCH", path, json={"webhook_url": "https://example.com/in"}).json
    assert (shown["webhook_url"], shown["effective_webhook_url"], shown["auto_reply_text"]) == (
        "https://example.com/in",
        "https://example.com/in",
        "Welcome",
    )
    esms.put("/webhooks", {"mo_url": "https://example.com/mo"})
    shown = esms.call("PATCH", path, json={"webhook_url": None, "forward_email": None, "auto_reply_enabled": False}).json
    assert (shown["webhook_url"], shown["effective_webhook_url"], shown["forward_email"]) == (None, "https://example.com/mo", None)
    assert shown["webhook_signing"]["secret_hint"].endswith(esms.get("/webhooks").json["signing_secret"][-4:])
    assert esms.call("PATCH", path, json={"forward_email": "nobody"}).status_code == 422


def told(app) -> list[tuple[str, dict]]:
    with app.app_context():
        rows = query(
            "SELECT e.url, d.payload FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id ORDER BY d.id"
        )
        return [(row["url"], json.loads(row["payload"])) for row in rows]


def test_a_message_is_told_to_its_services_address_else_to_the_accounts(app, client, esms):
    joined, own = service(esms), service(esms, None)
    esms.put("/webhooks", {"mo_url": "https://example.com/mo"})
    esms.call("PATCH", f"/two-way/services/{joined['id']}", json={"webhook_url": "https://example.com/join"})
    first, second = write(client, "Join STOP"), write(client, "Hello", own["number"])
    (joining, told_joining), (other, told_other) = told(app)
    assert (joining, other) == ("https://example.com/join", "https://example.com/mo")
    assert told_joining == {
        "event": "message.inbound",
        "message_id": first["id"],
        "id": first["id"].removeprefix("mo_"),
        "from": PHONE,
        "to": "32811",
        "text": "Join STOP",
        "keyword": "JOIN",
        "opt_out": True,
        "received_at": told_joining["received_at"],
        "two_way": {"service_id": joined["id"], "number": "32811", "keyword": "JOIN", "type": "shared", "toll_free": False},
    }
    assert (told_other["message_id"], told_other["two_way"]["service_id"]) == (second["id"], own["id"])


def test_a_rotated_secret_signs_the_services_too(app, esms):
    made = service(esms)
    esms.call("PATCH", f"/two-way/services/{made['id']}", json={"webhook_url": "https://example.com/join"})
    secret = esms.post("/webhooks/rotate-secret").json["signing_secret"]
    with app.app_context():
        assert {endpoints.secret_of(row) for row in query("SELECT * FROM webhook_endpoints")} == {secret}


def test_a_sample_is_posted_and_signed(app_with, receiver):
    app = app_with(WESEND_ALLOW_PRIVATE_URLS="1")
    esms = Esms(app.test_client())
    path = f"/two-way/services/{service(esms)['id']}"
    assert esms.post(f"{path}/test-webhook").json["error"]["code"] == "no_webhook"
    esms.call("PATCH", path, json={"webhook_url": receiver.url})
    answer = esms.post(f"{path}/test-webhook").json
    assert answer == {"ok": True, "status": 200, "url": receiver.url}
    (got,) = receiver.wait_for(1)
    assert json.loads(got.body)["test"] is True and "x-webhook-signature" in got.headers


def test_replies_and_what_was_written_are_listed_in_order(client, esms):
    made = service(esms)
    path = f"/two-way/services/{made['id']}"
    incoming = write(client, "JOIN promo")
    answer = esms.post(f"{path}/reply", {"to": PHONE, "text": "Welcome"})
    assert set(answer.json) == {"id", "status", "segments", "cost", "currency", "balance_after"}
    assert (answer.json["status"], answer.json["segments"], answer.json["currency"]) == ("submitted", 1, "KES")
    assert answer.json["cost"] > 0 and answer.json["balance_after"] == float(esms.balance())
    write(client, "JOIN", phone=OTHER)
    found = esms.get(f"{path}/messages", query_string={"phone": PHONE}).json
    assert found["total"] == 2
    assert [(one["direction"], one["id"], one["text"]) for one in found["messages"]] == [
        ("inbound", incoming["id"], "JOIN promo"),
        ("outbound", answer.json["id"], "Welcome"),
    ]
    assert [one["from"] for one in found["messages"]] == [PHONE, "32811"]
    assert esms.get(f"{path}/messages").json["total"] == 3
    assert len(esms.get(f"{path}/messages", query_string={"limit": 1}).json["messages"]) == 1
    assert esms.get(f"/two-way/services/{made['id']}").json["stats"]["inbound_total"] == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"to": "nobody", "text": "Hi"}, 400, "invalid_phone"),
        ({"to": "+254712345678", "text": "Hi"}, 400, "invalid_recipient_country"),
        ({"to": PHONE, "text": "x" * 1531}, 413, "message_too_long"),
        ({"to": PHONE}, 422, "validation_error"),
        ({"to": "+256700000088", "text": "Hi"}, 422, "insufficient_balance"),
    ],
)
def test_replies_that_are_refused(esms, body, status, code):
    answer = esms.post(f"/two-way/services/{service(esms)['id']}/reply", body)
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


def test_a_reply_that_its_gateway_refuses_has_failed_and_costs_nothing(esms):
    before = esms.balance()
    answer = esms.post(f"/two-way/services/{service(esms)['id']}/reply", {"to": "+256700000077", "text": "Hi"})
    assert (answer.status_code, answer.json["status"], answer.json["cost"]) == (200, "failed", 0)
    assert answer.json["balance_after"] == float(before) == float(esms.balance())


def test_whoever_opted_out_is_not_answered(client, esms):
    write(client, "JOIN STOP")
    answer = esms.post(f"/two-way/services/{service(esms)['id']}/reply", {"to": PHONE, "text": "Hi"})
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "recipient_opted_out")


def test_a_reply_with_an_idempotency_key_is_sent_once(esms):
    path, headers = f"/two-way/services/{service(esms)['id']}/reply", {"Idempotency-Key": "one"}
    first, second = (esms.post(path, {"to": PHONE, "text": "Hi"}, headers=headers) for _ in range(2))
    assert first.json == second.json
    assert esms.get(path.replace("/reply", "/messages")).json["total"] == 1
