"""Every status and code of Wesendall's error table, and the rule of the walletId, at every endpoint."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import TestResponse

from wesend.accounts import service
from wesend.database import query
from wesend.database.schema import db

from ..support.accounts import ACTOR, mint, new_wesendall, wesendall_of
from ..support.apis import Wesendall, basic
from ..support.database import written
from ..support.dialects import ROWS, routes
from ..support.published import CREDENTIALS

OTHERS = "wal_sandbox_wesendall"
ENVELOPE = ROWS["wesendall"].shows_refusal


def refused(answer: TestResponse, status: int, code: str) -> bool:
    """The refusal in its envelope, with a sentence for people."""
    return (
        ENVELOPE(answer)
        and (answer.status_code, answer.json["error"]) == (status, code)
        and answer.json["message"][0].isupper()
        and "\n" not in answer.json["message"]
    )


def calls(app) -> list[tuple[str, str, dict | None]]:
    """(method, path, body) of every endpoint; the wallet is left out."""
    found = []
    for route in routes(app):
        if route.row.name == "wesendall":
            body = route.row.bodies.get(route.pattern, ({},))[0] if route.method in ("POST", "PUT") else None
            found.append(
                (
                    route.method,
                    route.path.removeprefix(Wesendall.prefix),
                    body and {key: value for key, value in body.items() if key not in ("walletId", "senderId")},
                )
            )
    return found


def call(api: Wesendall, method: str, path: str, body: dict | None, **wallet) -> TestResponse:
    """With ``walletId`` where this call has it."""
    options = {"query_string": wallet} if body is None else {"json": {**body, **wallet}}
    return api.call(method, path, **options)


def test_the_endpoints_are_those_of_the_contract(app):
    assert sorted((route.method, route.pattern) for route in routes(app) if route.row.name == "wesendall") == sorted(
        (method, "/api/v1" + path)
        for method, path in (
            ("POST", "/sms/send"),
            ("POST", "/sms/group"),
            ("GET", "/sms/history"),
            ("POST", "/groups"),
            ("GET", "/groups"),
            ("GET", "/groups/*/contacts"),
            ("POST", "/groups/*/contacts"),
            ("DELETE", "/groups/*/contacts/*"),
            ("DELETE", "/groups/*"),
            ("POST", "/account/topup"),
            ("GET", "/account/topup/*"),
            ("GET", "/account/balance"),
        )
    )


def test_the_wallet_is_required_in_every_call(app, wesendall):
    before = written(app)
    for method, path, body in calls(app):
        answer = call(wesendall, method, path, body)
        assert refused(answer, 400, "validation_error"), (method, path, answer.json)
        assert "walletId" in answer.json["data"]["fields"]
    assert written(app) == before


def test_the_wallet_of_a_post_stands_in_its_body_and_of_a_get_or_delete_in_its_query(app, wesendall):
    for method, path, body in calls(app):
        swapped = (
            {"query_string": {"walletId": wesendall.wallet}, "json": body}
            if body is not None
            else {"json": {"walletId": wesendall.wallet}}
        )
        assert refused(wesendall.call(method, path, **swapped), 400, "validation_error"), (method, path)


@pytest.mark.parametrize("wallet", [1, 1.5, True, None, [], ["wal_sandbox_wesendall"], {"id": "x"}, "", "  "], ids=str)
def test_a_wallet_id_that_is_no_string_is_400(app, wesendall, wallet):
    before = written(app)
    for method, path, body in calls(app):
        if body is not None:
            answer = call(wesendall, method, path, body, walletId=wallet)
            assert refused(answer, 400, "validation_error"), (method, path)
            assert list(answer.json["data"]["fields"]) == ["walletId"]
    assert written(app) == before


def test_another_accounts_wallet_is_403_without_any_data_about_it(app):
    api = new_wesendall(app)
    before = written(app)
    for method, path, body in calls(app):
        answer = call(api, method, path, body, walletId=OTHERS)
        assert refused(answer, 403, "wallet_forbidden"), (method, path, answer.json)
        assert set(answer.json) == {"success", "error", "message"}
        assert OTHERS not in answer.get_data(as_text=True) and "UGX" not in answer.get_data(as_text=True)
    assert written(app) == before


@pytest.mark.parametrize("wallet", ["wal_none", "1", "0", "WAL_SANDBOX_WESENDALL", "wal_sandbox_wesendall ", "%", "x" * 9999])
def test_an_unknown_wallet_is_404_without_any_data(app, wesendall, wallet):
    before = written(app)
    for method, path, body in calls(app):
        answer = call(wesendall, method, path, body, walletId=wallet)
        assert refused(answer, 404, "wallet_not_found"), (method, path, answer.json)
        assert set(answer.json) == {"success", "error", "message"}
    assert written(app) == before


def test_another_wallet_of_the_same_account_may_be_named(wesendall):
    answer = wesendall.send("0712345678", walletId="wal_sandbox_esms")
    assert answer.status_code == 200
    assert (answer.json["data"]["wallet_id"], answer.json["data"]["currency"]) == ("wal_sandbox_esms", "KES")
    assert wesendall.balance() == 1_000_000


def test_a_401_asks_for_basic_credentials(app, client):
    given = CREDENTIALS["wesendall"]
    for headers in (
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": basic(given.public, "wrong")},
        {"Authorization": basic("wrong", given.secret)},
    ):
        for method, path, _ in calls(app):
            answer = client.open("/api/v1" + path, method=method, headers=headers)
            assert refused(answer, 401, "invalid_credentials"), (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_minted_credentials_look_as_the_contract_says(app):
    given = mint(app).credentials
    assert given.public.startswith("ws_live_") and len(given.public) == len("ws_live_") + 32
    assert given.public.isascii() and given.public.removeprefix("ws_live_").isalnum()


def test_a_secret_is_not_stored(app):
    given = mint(app).credentials
    with app.app_context():
        rows = "\n".join(str(tuple(row)) for name in db.metadata.tables for row in query(f"SELECT * FROM {name}"))
    files = b"".join(path.read_bytes() for path in app.config["WESEND"].instance.rglob("*") if path.is_file())
    assert given.public in rows
    assert given.secret not in rows and given.secret.encode() not in files


def test_a_suspended_account_is_403(app):
    minted = mint(app)
    with app.app_context():
        service.set_account_status(minted.account_id, "suspended", actor=ACTOR)
    for method, path, body in calls(app):
        assert refused(call(wesendall_of(app, minted), method, path, body), 403, "account_suspended")


def test_validation_errors_name_every_field_that_is_wrong(wesendall):
    answer = wesendall.post("/sms/send", {"walletId": 5, "message": "", "senderId": 7})
    assert refused(answer, 400, "validation_error")
    fields = answer.json["data"]["fields"]
    assert set(fields) == {"walletId", "message", "recipient", "senderId"}
    assert all(isinstance(sentence, str) and sentence for sentences in fields.values() for sentence in sentences)
    assert all(isinstance(sentences, list) and sentences for sentences in fields.values())


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "null", '{"a": NaN}', '{"a": 1, "a": 2}', "\xff"])
def test_what_is_no_json_object_is_400_invalid_json(app, wesendall, body):
    for method, path, known in calls(app):
        if known is not None:
            answer = wesendall.call(method, path, data=body.encode("latin-1"), content_type="application/json")
            assert refused(answer, 400, "invalid_json"), (path, answer.json)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"], ids=["NUL", "surrogate"])
def test_a_text_that_cannot_be_stored_is_a_validation_error(app, wesendall, text):
    answer = wesendall.send("0712345678", text)
    assert refused(answer, 400, "validation_error")
    assert "fields" in answer.json["data"]


def test_json_needs_no_content_type_but_no_other_one(wesendall):
    body = json.dumps({"walletId": wesendall.wallet, "message": "Hi", "recipient": "0712345678"})
    for content_type, status in (
        (None, 200),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
    ):
        answer = wesendall.post("/sms/send", data=body, content_type=content_type)
        assert answer.status_code == status, content_type
        assert status == 200 or refused(answer, 415, "unsupported_media_type")


def test_a_byte_order_mark_before_the_json_is_passed_over(wesendall):
    body = json.dumps({"walletId": wesendall.wallet, "message": "Hi", "recipient": "0712345678"})
    assert wesendall.post("/sms/send", data=b"\xef\xbb\xbf" + body.encode(), content_type="application/json").status_code == 200


def test_404_405_and_413_have_codes_of_their_own(wesendall):
    assert refused(wesendall.get("/sms/no-such-thing"), 404, "not_found")
    assert refused(wesendall.get("/sms/send"), 405, "method_not_allowed")
    too_large = wesendall.post("/sms/send", data=b" " * (2**20 + 1), content_type="application/json")
    assert refused(too_large, 413, "too_large")


def test_429_has_a_code_of_its_own(app_with):
    api = Wesendall(app_with(WESEND_RATE_LIMIT="1").test_client())
    api.balance()
    answer = api.send("0712345678")
    assert refused(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"].isdigit()


def test_the_rest_of_the_table(app, wesendall):
    """Each has tests of its own beside its endpoint: here for its envelope."""
    live = new_wesendall(app, is_sandbox=False)
    with_key = {"Idempotency-Key": "one"}
    wesendall.send("0712345678", headers=with_key)
    for answer, status, code in (
        (wesendall.send("nobody"), 400, "invalid_recipient"),
        (wesendall.send("0700000088"), 402, "insufficient_balance"),
        (wesendall.send("0712345678", senderId="NOBODY"), 403, "sender_not_approved"),
        (wesendall.post("/sms/group", {"walletId": OTHERS, "message": "Hi", "groupId": 99}), 404, "group_not_found"),
        (wesendall.get("/account/topup/none", query_string={"walletId": OTHERS}), 404, "not_found"),
        (wesendall.post("/groups", {"walletId": OTHERS, "name": "Sandbox customers"}), 409, "group_exists"),
        (wesendall.send("0772345678", headers=with_key), 422, "idempotency_conflict"),
        (wesendall.send("0700000077"), 502, "provider_rejected"),
        (live.send("0712345678"), 502, "provider_unavailable"),
        (live.post("/account/topup", {"walletId": live.wallet, "amount": 5, "phone": "0712345678"}), 503, "topup_not_configured"),
    ):
        assert refused(answer, status, code), (code, answer.json)
