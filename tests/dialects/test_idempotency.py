"""Idempotency-Key: one request, one effect, one answer, however often it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from wesend.accounts import idempotency, service
from wesend.database import write
from wesend.dialects.fingerprint import fingerprints
from wesend.wallets.service import credit_by_hand, find_wallet

from ..support.accounts import ACTOR, Minted, mint, mint_key, new_wesendall, wesendall_of
from ..support.apis import Wesendall
from ..support.database import batches, written
from ..support.dialects import body_routes
from ..support.idempotency import KEY, replayed

DAY = 24 * 3600


def test_a_send_is_answered_again_and_paid_once(app, wesendall):
    first = wesendall.send("0712345678", headers=KEY)
    before = written(app)
    assert first.status_code == 200
    assert replayed(first, wesendall.send("0712345678", headers=KEY))
    assert written(app) == before


def test_a_replay_shows_the_first_answer_whatever_happened_since(wesendall, jobs):
    first = wesendall.send("0712345678", headers=KEY)
    wesendall.send("0772345678")
    jobs.settle()
    assert replayed(first, wesendall.send("0712345678", headers=KEY))


def test_every_post_of_every_dialect_is_answered_again_and_refused_with_another_body(app):
    calls = [(route, body) for route in body_routes(app) if route.method == "POST" for body in route.row.bodies[route.pattern]]
    for number, (route, body) in enumerate(calls):
        api, headers = route.row.api(app), {"Idempotency-Key": f"every-{number}"}
        first = api.post(route.path, body, headers=headers)
        before = written(app)
        assert first.status_code < 300, (route, first.get_data(as_text=True))
        assert replayed(first, api.post(route.path, body, headers=headers)), route
        other = api.post(route.path, {**body, "x": 1}, headers=headers)
        assert other.status_code == route.row.conflict and route.row.shows_refusal(other), route
        assert written(app) == before, route


SAME = [
    b'{"walletId":"wal_sandbox_wesendall","recipient":"0712345678","message":"Caf\xc3\xa9"}',
    b'{"message": "Caf\\u00e9", "recipient": "0712345678", "walletId": "wal_sandbox_wesendall"}',
    b'\xef\xbb\xbf\n{ "recipient":"0712345678",\t"walletId":"wal_sandbox_wesendall", "message":"Caf\\u00E9" }\n',
]
OTHER = [
    b'{"walletId":"wal_sandbox_wesendall","recipient":"0712345678","message":"Cafe"}',
    b'{"walletId":"wal_sandbox_wesendall","recipient":["0712345678"],"message":"Caf\xc3\xa9"}',
    b'{"walletId":"wal_sandbox_wesendall","recipient":"0712345678","message":"Caf\xc3\xa9","x":null}',
]


def post_raw(wesendall, body: bytes) -> TestResponse:
    return wesendall.client.post(
        "/api/v1/sms/send", data=body, content_type="application/json", headers={**wesendall.headers, **KEY}
    )


@pytest.mark.parametrize("again", SAME)
def test_a_body_is_the_same_when_it_says_the_same_in_other_bytes(app, wesendall, again):
    first = post_raw(wesendall, SAME[0])
    before = written(app)
    assert first.status_code == 200, first.text
    assert replayed(first, post_raw(wesendall, again))
    assert written(app) == before


@pytest.mark.parametrize("other", OTHER)
def test_and_another_when_it_says_anything_else(app, wesendall, other):
    post_raw(wesendall, SAME[0])
    assert post_raw(wesendall, other).status_code == 422


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("1", "1.0", True),
        ("1", "1e0", True),
        ("0.50", "5e-1", True),
        ("-0", "0", True),
        ("1", "true", False),
        ("0", "null", False),
        ("1", '"1"', False),
        ("1.5", '["number","1.5"]', False),
        ("[1,2]", "[2,1]", False),
        ('{"a":1,"b":2}', '{"b":2,"a":1.0}', True),
        ("[]", "{}", False),
        ('{"a":{}}', '{"a":null}', False),
        ("1.0000000001", "1", False),
    ],
)
def test_numbers_are_compared_by_their_value(app, one, two, same):
    """1 and 1.0 are one number: who sends JSON from JavaScript and repeats it from Python sends both."""

    def seen(document: str) -> str:
        with app.test_request_context("/api/v1/sms/send", method="POST", data=document, content_type="application/json"):
            return fingerprints()[0]

    assert (seen(one) == seen(two)) is same


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(JSON_VALUES, JSON_VALUES)
def test_two_documents_are_the_same_exactly_when_their_values_are(one, two):
    def spelled(value) -> str:
        return json.dumps(value, sort_keys=True)

    app = Flask("numbers")
    seen = []
    for value in (one, two):
        with app.test_request_context("/", method="POST", data=json.dumps(value, indent=1), content_type="application/json"):
            seen.append(fingerprints()[0])
    assert (seen[0] == seen[1]) is (spelled(one) == spelled(two))


def test_an_answer_that_was_kept_before_the_upgrade_is_given_again(app, wesendall):
    """Fingerprints were those of the bytes then."""
    first = post_raw(wesendall, SAME[0])
    with app.app_context():
        with app.test_request_context("/api/v1/sms/send", method="POST", data=SAME[0], content_type="application/json"):
            by_values, by_bytes = fingerprints()
        assert (
            write(lambda tx: tx.changed("UPDATE idempotency_keys SET fingerprint = ? WHERE fingerprint = ?", (by_bytes, by_values)))
            == 1
        )
    assert replayed(first, post_raw(wesendall, SAME[0]))
    assert post_raw(wesendall, SAME[1]).status_code == 422


def test_without_a_key_each_request_is_a_new_one(app, wesendall):
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "  "}):
        before = batches(app)
        for _ in range(2):
            assert wesendall.send("0712345678", headers=headers).status_code == 200
        assert batches(app) == before + 2


def test_another_key_is_another_request(app, wesendall):
    for number in range(3):
        assert wesendall.send("0712345678", headers={"Idempotency-Key": f"order-{number}"}).status_code == 200
    assert batches(app) == 3


FINAL: dict[str, tuple[int, Callable[[Wesendall], TestResponse]]] = {
    "insufficient_balance": (402, lambda api: api.send("0700000088", headers=KEY)),
    "wallet_forbidden": (403, lambda api: api.send("0712345678", walletId="wal_sandbox_wesendall", headers=KEY)),
    "sender_not_approved": (403, lambda api: api.send("0712345678", senderId="NOBODY", headers=KEY)),
    "wallet_not_found": (404, lambda api: api.send("0712345678", walletId="wal_none", headers=KEY)),
    "group_not_found": (
        404,
        lambda api: api.post("/sms/group", {"walletId": api.wallet, "message": "Hi", "groupId": 99}, headers=KEY),
    ),
    "provider_rejected": (502, lambda api: api.send("0700000077", headers=KEY)),
    "provider_unavailable": (502, lambda api: api.send("0712345678", headers=KEY)),
}


@pytest.mark.parametrize("code", FINAL)
def test_a_refusal_for_the_content_is_a_final_answer(app, code):
    api = new_wesendall(app, is_sandbox=code != "provider_unavailable")  # a live wallet has no route yet
    status, call = FINAL[code]
    first = call(api)
    assert (first.status_code, first.json["error"]) == (status, code)
    before = written(app)
    assert replayed(first, call(api))
    assert written(app) == before


def test_a_402_is_repeated_even_after_the_wallet_was_filled(app):
    api = new_wesendall(app, balance="10")
    first = api.send("0712345678", headers=KEY)
    assert first.status_code == 402
    with app.app_context():
        credit_by_hand(find_wallet(api.wallet, actor="test"), 10**9, note=None, actor=ACTOR)
    assert replayed(first, api.send("0712345678", headers=KEY))
    assert api.send("0712345678", headers={"Idempotency-Key": "order-2"}).status_code == 200


def test_a_top_up_and_a_group_are_made_once(app, wesendall):
    for path, body, status in (
        ("/account/topup", {"amount": 500, "phone": "0712345678"}, 202),
        ("/groups", {"name": "Parents"}, 201),
        ("/groups/1/contacts", {"phone": "0712000001"}, 201),
    ):
        headers = {"Idempotency-Key": path}
        first = wesendall.post(path, {"walletId": wesendall.wallet, **body}, headers=headers)
        before = written(app)
        assert first.status_code == status
        assert replayed(first, wesendall.post(path, {"walletId": wesendall.wallet, **body}, headers=headers))
        assert written(app) == before


def test_the_key_stays_free_after_a_validation_error(app, wesendall):
    for wrong in (
        {"recipient": "nobody"},
        {"recipient": 5},
        {"message": ""},
        {"message": "x" * 1531},
        {"message": "\x00"},
        {"message": "\ud800"},
        {"walletId": None},
    ):
        assert wesendall.send(**{"recipient": "0712345678", "headers": KEY, **wrong}).status_code == 400
    assert wesendall.post("/sms/send", data="{", content_type="application/json", headers=KEY).status_code == 400
    assert wesendall.post("/sms/send", data="{}", content_type="text/plain", headers=KEY).status_code == 415
    assert wesendall.post("/sms/send", data=" " * (2**20 + 1), content_type="application/json", headers=KEY).status_code == 413
    assert written(app)["idempotency_keys"] == 0
    assert wesendall.send("0712345678", headers=KEY).status_code == 200


def test_the_key_stays_free_after_a_401_and_a_suspension(app):
    minted = mint(app)
    api = wesendall_of(app, minted)
    assert api.send("0712345678", headers={**KEY, "Authorization": "Basic eDp5"}).status_code == 401
    for status, answered in (("suspended", 403), ("active", 200)):
        with app.app_context():
            service.set_account_status(minted.account_id, status, actor=ACTOR)
        assert api.send("0712345678", headers=KEY).status_code == answered


def test_the_key_stays_free_after_a_429(app_with):
    app = app_with(WESEND_RATE_LIMIT="1")
    api = Wesendall(app.test_client())
    api.balance()
    assert api.send("0712345678", headers=KEY).status_code == 429
    assert written(app)["idempotency_keys"] == 0


def test_the_key_stays_free_after_a_409_and_a_503(app, wesendall):
    taken = {"walletId": wesendall.wallet, "name": "Sandbox customers"}
    assert wesendall.post("/groups", taken, headers=KEY).status_code == 409
    live = new_wesendall(app, is_sandbox=False)
    body = {"walletId": live.wallet, "amount": 500, "phone": "0712345678"}
    assert live.post("/account/topup", body, headers=KEY).status_code == 503
    assert written(app)["idempotency_keys"] == 0


@pytest.mark.parametrize("change", [{"message": "Other"}, {"recipient": "0772345678"}, {"extra": 1}])
def test_the_same_key_with_another_body_is_refused(app, wesendall, change):
    assert wesendall.send("0712345678", headers=KEY).status_code == 200
    before = written(app)
    answer = wesendall.send(**{"recipient": "0712345678", "headers": KEY, **change})
    assert (answer.status_code, answer.json["error"]) == (422, "idempotency_conflict")
    assert written(app) == before


def test_the_same_key_for_another_call_is_refused(wesendall):
    assert wesendall.send("0712345678", headers=KEY).status_code == 200
    body = {"walletId": wesendall.wallet, "message": "Hello", "recipient": "0712345678", "groupId": 1}
    assert wesendall.post("/sms/group", body, headers=KEY).json["error"] == "idempotency_conflict"


def test_a_conflict_leaves_the_first_answer_in_place(wesendall):
    first = wesendall.send("0712345678", headers=KEY)
    assert wesendall.send("0772345678", headers=KEY).status_code == 422
    assert replayed(first, wesendall.send("0712345678", headers=KEY))


def test_another_api_key_of_the_same_account_has_keys_of_its_own(app):
    minted = mint(app)
    with app.app_context():
        key_id, credentials = mint_key(minted.account_id, find_wallet(minted.wallet, actor="test"), "wesendall")
    other = Minted(minted.account_id, minted.wallet, key_id, credentials)
    answers = [wesendall_of(app, who).send("0712345678", headers=KEY) for who in (minted, other)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json["data"]["batch_id"] != answers[1].json["data"]["batch_id"]


def test_a_key_is_kept_for_24_hours(clock, wesendall):
    first = wesendall.send("0712345678", headers=KEY)
    clock.advance(DAY - 1)
    assert replayed(first, wesendall.send("0712345678", headers=KEY))
    clock.advance(2)
    again = wesendall.send("0712345678", headers=KEY)
    assert again.status_code == 200
    assert again.json["data"]["batch_id"] != first.json["data"]["batch_id"]
    assert replayed(again, wesendall.send("0712345678", headers=KEY))


def test_after_24_hours_the_key_may_stand_for_another_request(clock, wesendall):
    wesendall.send("0712345678", headers=KEY)
    clock.advance(DAY + 1)
    assert wesendall.send("0772345678", headers=KEY).status_code == 200


def test_housekeeping_forgets_old_keys_and_no_others(app, clock, wesendall):
    wesendall.send("0712345678", headers=KEY)
    clock.advance(DAY - 10)
    kept = wesendall.send("0712345678", headers={"Idempotency-Key": "order-2"})
    clock.advance(11)
    with app.app_context():
        assert idempotency.forget_old() == 1
    assert replayed(kept, wesendall.send("0712345678", headers={"Idempotency-Key": "order-2"}))


@pytest.mark.parametrize("key", ["x" * 256, "Schlüssel", "a\tb", "\x7f"])
def test_a_key_that_is_no_visible_ascii_of_255_characters_is_refused(app, wesendall, key):
    answer = wesendall.send("0712345678", headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["Idempotency-Key"]
    assert batches(app) == 0


def test_keys_of_255_characters_and_with_any_visible_sign_are_taken(wesendall):
    for key in ("x" * 255, "a b", "'; DROP TABLE idempotency_keys; --", "{}", "ABC"):
        first = wesendall.send("0712345678", headers={"Idempotency-Key": key})
        assert replayed(first, wesendall.send("0712345678", headers={"Idempotency-Key": key}))


def test_keys_are_compared_with_their_case(wesendall):
    first = wesendall.send("0712345678", headers={"Idempotency-Key": "a"})
    second = wesendall.send("0712345678", headers={"Idempotency-Key": "A"})
    assert first.json["data"]["batch_id"] != second.json["data"]["batch_id"]
