"""What all eSMS calls share: keys, scopes, suspension, envelopes, X-Request-Id, limits."""

from __future__ import annotations

import pytest

from wesend.accounts.credentials import new_credentials
from wesend.accounts.keys import create_key, revoke_key
from wesend.accounts.service import set_account_status
from wesend.wallets.service import find_wallet

from ..support.accounts import mint
from ..support.dialects import ROWS, routes
from ..support.esms import ANN, Esms, data_of, esms_of, field_of, refused

READS = (
    "/messages",
    "/messages/stats",
    "/messages/volume",
    "/messages/export",
    "/balance",
    "/balance/transactions",
    "/contact-lists",
    "/sender-ids",
    "/routes",
    "/routes/health",
    "/messages/status?ids=msg-1",
    "/verify",
    "/verify/apps",
    "/opt-outs",
    "/auth/me",
    "/workspace",
)
WRITES = (
    ("POST", "/messages/send"),
    ("POST", "/messages/send-bulk"),
    ("POST", "/messages/bulk-precheck"),
    ("POST", "/balance/topup"),
    ("POST", "/contact-lists"),
    ("DELETE", "/contact-lists/1"),
    ("POST", "/sender-ids"),
    ("POST", "/messages/msg-1/retry"),
    ("POST", "/messages/msg-1/cancel"),
    ("POST", "/messages/batch/b-1/cancel"),
    ("POST", "/verify/start"),
    ("POST", "/verify/check"),
    ("POST", "/verify/1/resend"),
    ("POST", "/verify/1/cancel"),
    ("POST", "/verify/apps"),
    ("PATCH", "/verify/apps/1"),
    ("DELETE", "/verify/apps/1"),
    ("POST", "/opt-outs"),
    ("DELETE", "/opt-outs/1"),
)
TWO_WAY_READS = (
    "/two-way/countries",
    "/two-way/services",
    "/two-way/services/1",
    "/two-way/services/1/messages",
    "/two-way/keywords/check",
)
TWO_WAY_WRITES = (
    ("POST", "/two-way/services"),
    ("PATCH", "/two-way/services/1"),
    ("POST", "/two-way/services/1/cancel"),
    ("POST", "/two-way/services/1/test-webhook"),
)
REPLY = ("POST", "/two-way/services/1/reply")
FREE = (("POST", "/messages/rate"), ("POST", "/messages/validate"))
WEBHOOKS = (("GET", "/webhooks"), ("PUT", "/webhooks"), ("POST", "/webhooks/rotate-secret"))


def with_scopes(app, *scopes: str) -> Esms:
    minted = mint(app, "esms")
    with app.app_context():
        given = new_credentials("esms", for_sandbox=True)
        create_key(
            account_id=minted.account_id,
            wallet_id=find_wallet(minted.wallet, actor="test").id,
            api="esms",
            credentials=given,
            scopes=list(scopes),
            actor="test",
        )
    return Esms(app.test_client(), given.secret)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer esms_test_nobody",
        "Basic eDp5",
        "esms_test_x",
        "Bearer ws_live_sandbox0000000000000000000000000",
    ],
)
def test_without_a_key_of_this_api_it_is_401(esms, authorization):
    assert refused(esms.get("/balance", headers={"Authorization": authorization}), 401, "invalid_api_key")


def test_a_revoked_key_is_401(app):
    minted = mint(app, "esms")
    with app.app_context():
        revoke_key(minted.key_id, actor="test")
    assert refused(esms_of(app, minted).get("/balance"), 401, "invalid_api_key")


def test_a_suspended_accounts_keys_are_403(app):
    minted = mint(app, "esms")
    with app.app_context():
        set_account_status(minted.account_id, "suspended", actor="test")
    assert refused(esms_of(app, minted).send(), 403, "account_suspended")


def test_reading_needs_query(app):
    without, only = with_scopes(app, "send", "webhooks"), with_scopes(app, "query")
    for path in READS:
        assert refused(without.get(path), 403, "insufficient_scope"), path
        assert only.get(path).status_code == 200, path


def test_writing_needs_send(app):
    without, only = with_scopes(app, "query", "webhooks"), with_scopes(app, "send")
    for method, path in WRITES:
        assert refused(without.call(method, path, json={}), 403, "insufficient_scope"), path
        assert only.call(method, path, json={}).status_code != 403, path


def test_webhooks_need_webhooks(app):
    without, only = with_scopes(app, "query", "send"), with_scopes(app, "webhooks")
    for method, path in WEBHOOKS:
        assert refused(without.call(method, path, json={}), 403, "insufficient_scope"), path
        assert only.call(method, path, json={}).status_code == 200, path


def test_what_is_free_to_ask_needs_query_or_send(app):
    without = with_scopes(app, "webhooks", "two_way")
    for method, path in FREE:
        assert refused(without.call(method, path, json={}), 403, "insufficient_scope"), path
        for only in ("query", "send"):
            assert with_scopes(app, only).call(method, path, json={}).status_code == 422, path


def test_two_way_needs_its_own_scope_to_write_and_query_does_to_read(app):
    calls = {
        ("query", "two_way"): [("GET", path) for path in TWO_WAY_READS],
        ("two_way",): TWO_WAY_WRITES,
        ("send", "two_way"): [REPLY],
    }
    for scopes, refusing in calls.items():
        without = with_scopes(app, *{"send", "query", "webhooks", "two_way"} - set(scopes))
        for method, path in refusing:
            assert refused(without.call(method, path, json={}), 403, "insufficient_scope"), path
            for only in scopes:
                assert with_scopes(app, only).call(method, path, json={}).status_code != 403, (only, path)


def test_the_scopes_above_leave_no_route_out(app):
    known = {("GET", path.partition("?")[0]) for path in (*READS, *TWO_WAY_READS)}
    known |= {*WRITES, *WEBHOOKS, *FREE, *TWO_WAY_WRITES, REPLY}
    known |= {("GET", f"/messages/{tail}") for tail in ("1", "batch/1")} | {("GET", "/routes/1")}
    known |= {("GET", f"/verify/{tail}") for tail in ("1", "apps/1", "apps/1/stats")}
    known |= {("GET", f"/contact-lists/1{tail}") for tail in ("", "/contacts")}
    found = {(route.method, route.path.removeprefix("/api")) for route in routes(app) if route.row.name == "esms"}
    assert {(method, path.replace("msg-1", "1").replace("b-1", "1")) for method, path in known} == found


def test_every_answer_carries_a_request_id(esms):
    answers = [
        esms.get("/balance"),
        esms.get("/nothing"),
        esms.get("/balance", headers={"Authorization": None}),
        esms.send(to="nobody"),
        esms.put("/balance"),
        esms.get("/pricing", headers={"Authorization": None}),
    ]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(ids) and len(set(ids)) == len(ids)


def test_the_callers_own_request_id_is_repeated(esms):
    assert esms.get("/balance", headers={"X-Request-Id": "trace-1"}).headers["X-Request-Id"] == "trace-1"
    assert esms.get("/balance", headers={"X-Request-Id": "<b>" * 9}).headers["X-Request-Id"] != "<b>" * 9


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/messages/send/x", "/verify/1/x", "/opt-outs/a/b", "/api-keys", "/notifications", "/contact-lists/1/contacts/x"],
)
def test_what_is_not_there_is_404(esms, path):
    assert refused(esms.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "method,path,allowed", [("DELETE", "/messages/send", "POST"), ("PATCH", "/balance", "GET"), ("PUT", "/messages", "GET")]
)
def test_another_method_is_405_and_says_which_are_there(esms, method, path, allowed):
    answer = esms.call(method, path)
    assert refused(answer, 405, "method_not_allowed") and allowed in answer.headers["Allow"]


def test_another_content_type_is_415(esms):
    answer = esms.post("/messages/send", data="to=1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert refused(answer, 415, "unsupported_media_type")


def test_a_body_over_a_megabyte_is_413(esms):
    assert refused(esms.send(text="a" * 1024 * 1024), 413, "payload_too_large")


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "", '{"to": NaN}', "\xff", "[" * 5000, '{"a": 1, "a": 2}'])
def test_what_is_no_json_object_is_422_at_the_body(esms, body):
    answer = esms.post("/messages/send", data=body.encode("latin-1"), headers={"Content-Type": "application/json"})
    assert field_of(answer) == ["body"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_characters_that_cannot_be_stored_are_422(esms, text):
    assert field_of(esms.send(text=text)) == ["body"]


def test_several_wrong_fields_are_all_told(esms):
    answer = esms.post("/messages/send", {"text": 5})
    assert sorted(error["loc"][-1] for error in answer.json["detail"]) == ["text", "to"]


def test_the_rate_limit_is_429_with_when_to_come_back(app_with):
    app = app_with(WESEND_RATE_LIMIT="2")
    api = ROWS["esms"].api(app)
    assert [api.get("/api/balance").status_code for _ in range(3)] == [200, 200, 429]
    answer = api.get("/api/balance")
    assert refused(answer, 429, "rate_limited") and 1 <= int(answer.headers["Retry-After"]) <= 60


def test_without_a_setting_there_is_no_rate_limit(esms):
    assert {esms.get("/balance").status_code for _ in range(150)} == {200}


@pytest.mark.parametrize("key", ["", "a" * 256, "é", "a\tb"])
def test_a_strange_idempotency_key_is_400_or_passed_over(esms, key):
    answer = esms.send(ANN, headers={"Idempotency-Key": key})
    assert answer.status_code == 200 if not key else refused(answer, 400, "invalid_idempotency_key")


def test_unknown_fields_are_passed_over(esms):
    assert data_of(esms.send(ANN, priority="high", callback={"x": 1}))["status"] == "submitted"


@pytest.mark.parametrize("path", ["/messages?status=%00", "/verify?to=a%00b", "/two-way/services/1/messages?phone=%00"])
def test_a_query_that_holds_no_clean_text_is_named_as_such(esms, path):
    answer = esms.get(path)
    assert answer.status_code == 422
    (told,) = answer.json["detail"]
    assert (told["loc"], told["msg"]) == (["query"], "the query contains characters that cannot be used")
