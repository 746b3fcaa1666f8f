"""Wasambazie's refusals: each with its status and `{"detail": …}`, in the contract's order of checks."""

from importlib import import_module

import pytest

from wesend.accounts import keys
from wesend.accounts import service as accounts
from wesend.routing import senders

from ..support.accounts import mint
from ..support.apis import Wasambazie
from ..support.database import written
from ..support.published import CREDENTIALS

TO = "+255712345678"
GOOD = {"to_number": TO, "message": "Hello", "sender_id": "MYBRAND"}
UNAUTHORISED = {"detail": "Invalid or missing API credentials"}
PUBLIC, SECRET = "X-API-PUBLIC-KEY", "X-API-SECRET-KEY"


def field_error(name: str, msg: str, kind: str) -> dict:
    return {"loc": ["body", name], "msg": msg, "type": kind}


# -- 401, 403 -------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {PUBLIC: None},
        {SECRET: None},
        {PUBLIC: None, SECRET: None},
        {PUBLIC: ""},
        {SECRET: ""},
        {SECRET: "sk_wrong"},
        {PUBLIC: "pk_wrong"},
        {SECRET: CREDENTIALS["wesendall"].secret},
        {PUBLIC: CREDENTIALS["wesendall"].public},
        {PUBLIC: "pk_\xe9", SECRET: "sk_\xe9"},
    ],
)
@pytest.mark.parametrize(
    "call", [("POST", "/sms/send"), ("GET", "/balance/"), ("GET", "/balance"), ("GET", "/sms/delivery-reports/x")]
)
def test_missing_wrong_and_mismatched_keys_are_one_401(wasambazie, headers, call):
    answer = wasambazie.call(*call, headers=headers, **({"json": GOOD} if call[0] == "POST" else {}))
    assert (answer.status_code, answer.json) == (401, UNAUTHORISED)


def test_the_keys_of_two_pairs_do_not_mix(wasambazie, app):
    other = mint(app, "wasambazie", currency="SMS").credentials
    mixed = Wasambazie(app.test_client(), other.public, CREDENTIALS["wasambazie"].secret)
    assert (mixed.get("/balance/").status_code, mixed.get("/balance/").json) == (401, UNAUTHORISED)


def test_a_revoked_key_is_401_from_now_on(app):
    minted = mint(app, "wasambazie", currency="SMS")
    api = Wasambazie(app.test_client(), minted.credentials.public, minted.credentials.secret)
    assert api.get("/balance/").status_code == 200
    with app.app_context():
        keys.revoke_key(minted.key_id, actor="test")
    assert (api.get("/balance/").status_code, api.get("/balance/").json) == (401, UNAUTHORISED)


def test_minted_keys_have_the_prefix_and_43_characters(app):
    given = mint(app, "wasambazie", currency="SMS").credentials
    assert given.public.startswith("pk_") and given.secret.startswith("sk_")
    assert len(given.public) == len(given.secret) == 3 + 43


def test_a_suspended_account_is_403(app):
    minted = mint(app, "wasambazie", currency="SMS")
    with app.app_context():
        accounts.set_account_status(minted.account_id, "suspended", actor="test")
    answer = Wasambazie(app.test_client(), minted.credentials.public, minted.credentials.secret).post("/sms/send", {})
    assert answer.status_code == 403
    assert answer.json.keys() == {"detail"} and isinstance(answer.json["detail"], str)


# -- 422 fields, 400 sender -------------------------------------------------------


@pytest.mark.parametrize("name", ["to_number", "message"])
@pytest.mark.parametrize(
    ("value", "msg", "kind"),
    [
        (..., "field required", "value_error.missing"),
        (7, "str type expected", "type_error.string"),
        (["+255712345678"], "str type expected", "type_error.string"),
        (None, "none is not an allowed value", "type_error.none.not_allowed"),
        ("", "ensure this value has at least 1 characters", "value_error.any_str.min_length"),
        ("  ", "ensure this value has at least 1 characters", "value_error.any_str.min_length"),
    ],
)
def test_a_missing_mistyped_or_empty_field_is_422(wasambazie, name, value, msg, kind):
    body = {field: text for field, text in {**GOOD, name: value}.items() if text is not ...}
    answer = wasambazie.post("/sms/send", body)
    assert (answer.status_code, answer.json) == (422, {"detail": [field_error(name, msg, kind)]})


def test_only_commas_are_an_empty_to_number(wasambazie):
    answer = wasambazie.send(" , ,")
    assert answer.status_code == 422
    assert answer.json["detail"][0]["loc"] == ["body", "to_number"]


def test_all_field_errors_are_told_at_once(wasambazie):
    answer = wasambazie.post("/sms/send", {})
    assert (answer.status_code, answer.json) == (
        422,
        {
            "detail": [
                field_error("to_number", "field required", "value_error.missing"),
                field_error("message", "field required", "value_error.missing"),
            ]
        },
    )


@pytest.mark.parametrize("sender", [..., None, "", "   "])
def test_a_missing_sender_is_400_with_its_sentence(wasambazie, sender):
    body = {field: text for field, text in {**GOOD, "sender_id": sender}.items() if text is not ...}
    answer = wasambazie.post("/sms/send", body)
    assert (answer.status_code, answer.json) == (400, {"detail": "Sender ID is required"})


def test_a_sender_of_another_type_is_a_field_error(wasambazie):
    answer = wasambazie.send(TO, sender_id=7)
    assert (answer.status_code, answer.json) == (
        422,
        {"detail": [field_error("sender_id", "str type expected", "type_error.string")]},
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b'{"to_number": NaN}', b'{"a": 1, "a": 2}'])
def test_what_is_no_json_object_is_422_at_the_body(wasambazie, body):
    answer = wasambazie.call("POST", "/sms/send", data=body, content_type="application/json")
    assert answer.status_code == 422
    (detail,) = answer.json["detail"]
    assert (detail["loc"], detail["type"]) == (["body"], "value_error.jsondecode")
    assert isinstance(detail["msg"], str)


# -- the order of checks -----------------------------------------------------------


def test_each_check_comes_before_the_next(app):
    """One request that is wrong in everything, put right one thing after the other."""
    minted = mint(app, "wasambazie", country="TZ", currency="SMS", balance="1")
    api = Wasambazie(app.test_client(), minted.credentials.public, "sk_wrong")
    with app.app_context():
        accounts.set_account_status(minted.account_id, "suspended", actor="test")
    body: dict = {"to_number": "nonsense"}
    assert api.post("/sms/send", body).status_code == 401
    api.headers[SECRET] = minted.credentials.secret
    assert api.post("/sms/send", body).status_code == 403
    with app.app_context():
        accounts.set_account_status(minted.account_id, "active", actor="test")
    assert api.post("/sms/send", body).status_code == 422
    body["message"] = "Hello"
    assert api.post("/sms/send", body).json == {"detail": "Sender ID is required"}
    body["sender_id"] = "SHOP"
    assert api.post("/sms/send", body).json == {"detail": "Sender ID not found or not approved"}
    with app.app_context():
        sender = senders.request_sender(account_id=minted.account_id, name="SHOP", countries=["TZ"], actor="test")
        senders.decide_sender(sender["id"], approve=True, actor="test")
    refused = api.post("/sms/send", body)
    assert refused.status_code == 400 and "nonsense" in refused.json["detail"]
    body["to_number"] = "+255710000077,+255720000077"
    assert api.post("/sms/send", body).json == {"detail": "Insufficient SMS credits"}
    body["to_number"] = "+255710000077"
    assert api.post("/sms/send", body).json == {"detail": "Provider rejected the message (sandbox)"}
    body["to_number"] = "0712345678"
    assert api.post("/sms/send", body).status_code == 201


# -- the rest of the table -----------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/nothing/here", 404),
        ("GET", "/sms/send", 405),
        ("POST", "/balance/", 405),
        ("POST", "/balance", 405),
        ("DELETE", "/sms/delivery-reports/x", 405),
        ("PUT", "/sms/send", 405),
    ],
)
def test_unknown_paths_and_methods_are_in_the_same_envelope(wasambazie, method, path, status):
    answer = wasambazie.call(method, path)
    assert answer.status_code == status
    assert answer.json.keys() == {"detail"} and isinstance(answer.json["detail"], str)
    assert (status == 405) == ("Allow" in answer.headers)


def test_a_body_over_one_megabyte_is_413(wasambazie):
    answer = wasambazie.send(TO, "x" * (1024 * 1024))
    assert answer.status_code == 413
    assert isinstance(answer.json["detail"], str)


def test_another_content_type_is_415(wasambazie):
    answer = wasambazie.call("POST", "/sms/send", data="to_number=1", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415
    assert isinstance(answer.json["detail"], str)


def test_too_many_requests_are_429_with_retry_after(app_with):
    api = Wasambazie(app_with(WESEND_RATE_LIMIT="2").test_client())
    assert [api.get("/balance/").status_code for _ in range(3)] == [200, 200, 429]
    refused = api.get("/balance/")
    assert refused.json.keys() == {"detail"}
    assert int(refused.headers["Retry-After"]) > 0


def test_a_crash_is_500_in_the_same_envelope(wasambazie, monkeypatch):
    def crash(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(import_module("wesend.dialects.wasambazie.account"), "read_balance", crash)
    answer = wasambazie.get("/balance/")
    assert (answer.status_code, answer.json) == (500, {"detail": "Internal server error"})


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "sender_id": ""},
        {**GOOD, "sender_id": "NOBODY"},
        {**GOOD, "to_number": "12"},
        {**GOOD, "message": "x" * 2000},
        {**GOOD, "to_number": "+255710000088"},
        {**GOOD, "message": "a\x00b"},
    ],
)
def test_what_is_refused_before_the_provider_leaves_nothing(wasambazie, app, body):
    before = written(app)
    assert 400 <= wasambazie.post("/sms/send", body).status_code < 500
    assert written(app) == before
