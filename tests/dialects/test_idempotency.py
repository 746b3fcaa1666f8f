"""Idempotency-Key: one request, one effect, one answer, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from wesend.accounts import idempotency, service
from wesend.wallets.service import credit_by_hand, find_wallet

from ..support.accounts import (
    ACTOR,
    Minted,
    mint,
    mint_key,
    new_wesendall,
    wesendall_of,
)
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
    calls = [(route, body) for route in body_routes(app) if route.method == "POST"
             for body in route.row.bodies[route.pattern]]
    for number, (route, body) in enumerate(calls):
        api, headers = route.row.api(app), {"Idempotency-Key": f"every-{number}"}
        first = api.post(route.path, body, headers=headers)
        before = written(app)
        assert first.status_code < 300, (route, first.get_data(as_text=True))
        assert replayed(first, api.post(route.path, body, headers=headers)), route
        other = api.post(route.path, {**body, "x": 1}, headers=headers)
        assert other.status_code == route.row.conflict and route.row.shows_refusal(other), route
        assert written(app) == before, route


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
    "group_not_found": (404, lambda api: api.post(
        "/sms/group", {"walletId": api.wallet, "message": "Hi", "groupId": 99}, headers=KEY)),
    "provider_rejected": (502, lambda api: api.send("0700000077", headers=KEY)),
    "provider_unavailable": (502, lambda api: api.send("+447911123456", headers=KEY)),
}


@pytest.mark.parametrize("code", FINAL)
def test_a_refusal_for_the_content_is_a_final_answer(app, code):
    api = new_wesendall(app)
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
        credit_by_hand(find_wallet(api.wallet), 10**9, note=None, actor=ACTOR)
    assert replayed(first, api.send("0712345678", headers=KEY))
    assert api.send("0712345678", headers={"Idempotency-Key": "order-2"}).status_code == 200


def test_a_top_up_and_a_group_are_made_once(app, wesendall):
    for path, body, status in (("/account/topup", {"amount": 500, "phone": "0712345678"}, 202),
                               ("/groups", {"name": "Parents"}, 201),
                               ("/groups/1/contacts", {"phone": "0712000001"}, 201)):
        headers = {"Idempotency-Key": path}
        first = wesendall.post(path, {"walletId": wesendall.wallet, **body}, headers=headers)
        before = written(app)
        assert first.status_code == status
        assert replayed(first, wesendall.post(path, {"walletId": wesendall.wallet, **body}, headers=headers))
        assert written(app) == before


def test_the_key_stays_free_after_a_validation_error(app, wesendall):
    for wrong in ({"recipient": "nobody"}, {"recipient": 5}, {"message": ""}, {"message": "x" * 1531},
                  {"message": "\x00"}, {"message": "\ud800"}, {"walletId": None}):
        assert wesendall.send(**{"recipient": "0712345678", "headers": KEY, **wrong}).status_code == 400
    assert wesendall.post("/sms/send", data="{", content_type="application/json", headers=KEY).status_code == 400
    assert wesendall.post("/sms/send", data="{}", content_type="text/plain", headers=KEY).status_code == 415
    assert wesendall.post("/sms/send", data=" " * (2**20 + 1), content_type="application/json",
                          headers=KEY).status_code == 413
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
        key_id, credentials = mint_key(minted.account_id, find_wallet(minted.wallet), "wesendall")
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
