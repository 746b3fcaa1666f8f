"""World Ledgers' errors: both auth headers, every status of the table in its envelope, the rate limit."""

from __future__ import annotations

import pytest

from wesend.accounts import service
from wesend.database import query

from ..support.accounts import ACTOR, new_worldledgers
from ..support.apis import WorldLedgers
from ..support.dialects import routes
from ..support.published import CREDENTIALS
from ..support.worldledgers import OK, accepted, refused

KEY = CREDENTIALS["worldledgers"].secret
BALANCE = "/sms-credits/balance"


def test_the_endpoints_are_those_of_the_contract(app):
    assert sorted((route.method, route.pattern) for route in routes(app) if route.row.name == "worldledgers") == sorted(
        (method, "/api/v1/communication" + path)
        for method, path in (
            ("GET", BALANCE),
            ("POST", "/sms-credits/purchase"),
            ("GET", "/sms-credits/purchase/*"),
            ("POST", "/sms"),
            ("POST", "/email"),
            ("GET", "/sms/*"),
            ("GET", "/email/*"),
        )
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"X-API-Key": f" {KEY} "},
        {"x-api-key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer {KEY}"},
        {"X-API-Key": "", "Authorization": f"Bearer {KEY}"},
        {"X-API-Key": KEY, "Authorization": "Basic eDp5"},
    ],
)
def test_the_key_stands_in_either_header(client, headers):
    assert client.get(WorldLedgers.prefix + BALANCE, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wl_comm_wrong"},
        {"Authorization": KEY},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {KEY}"},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": KEY + "x"},
    ],
)
def test_no_key_or_a_wrong_one_is_401(client, headers):
    answer = client.get(WorldLedgers.prefix + BALANCE, headers=headers)
    assert refused(answer, 401)
    assert answer.json == {"status": "error", "message": "Missing or invalid API key"}


def test_keys_of_live_and_of_sandbox_wallets_are_told_apart(app):
    for sandbox, prefix in ((True, "wl_test_"), (False, "wl_comm_")):
        _, minted = new_worldledgers(app, is_sandbox=sandbox)
        assert minted.credentials.secret.startswith(prefix)


def test_the_published_key_is_401_while_the_sandbox_is_off(app_with):
    assert refused(WorldLedgers(app_with(WESEND_SANDBOX="0").test_client()).get(BALANCE), 401)


def test_a_suspended_account_is_403(app):
    api, minted = new_worldledgers(app)
    with app.app_context():
        service.set_account_status(minted.account_id, "suspended", actor=ACTOR)
    assert refused(api.get(BALANCE), 403)
    assert refused(api.sms(OK), 403)


@pytest.mark.parametrize("path", ["/nothing", "/sms/1/2", "", "/sms-credits"])
def test_an_unknown_path_is_404_in_the_envelope(worldledgers, path):
    assert refused(worldledgers.get(path), 404)


@pytest.mark.parametrize(("method", "path"), [("GET", "/sms"), ("DELETE", "/email"), ("POST", "/sms/1"), ("POST", BALANCE)])
def test_another_method_is_405_in_the_envelope(worldledgers, method, path):
    answer = worldledgers.call(method, path)
    assert refused(answer, 405)
    assert answer.headers["Allow"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"nan", b'{"a":1,"a":2}', b"\xff", b"[" * 5000])
def test_a_malformed_body_is_422(worldledgers, raw):
    assert refused(worldledgers.post("/sms", data=raw, headers={"Content-Type": "application/json"}), 422)


def test_a_body_above_a_megabyte_is_413(worldledgers):
    assert refused(worldledgers.post("/email", {"subject": "x", "message": "x" * 1_100_000, "recipients": []}), 413)


def test_beyond_120_requests_a_minute_a_key_is_429_with_retry_after(app, worldledgers):
    other, _ = new_worldledgers(app)
    answers = [worldledgers.get(BALANCE) for _ in range(121)]
    assert [answer.status_code for answer in answers] == [200] * 120 + [429]
    assert refused(answers[-1], 429)
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert other.get(BALANCE).status_code == 200


def test_the_limit_is_a_setting_and_a_refused_send_sends_nothing(app_with):
    app = app_with(WESEND_RATE_LIMIT="2")
    api, _ = new_worldledgers(app)
    accepted(api.sms(OK))
    assert api.credits() == 9
    assert refused(api.sms(OK), 429)
    with app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 1


def test_a_blast_sent_again_under_its_key_is_answered_alike_and_paid_once(app):
    api, _ = new_worldledgers(app)
    body = {"message": "Hi", "recipients": [OK]}
    first, second = (api.post("/sms", body, headers={"Idempotency-Key": "blast-1"}) for _ in range(2))
    assert accepted(first) == accepted(second)
    assert api.credits() == 9
    other = api.post("/sms", {**body, "message": "Other"}, headers={"Idempotency-Key": "blast-1"})
    assert refused(other, 422)
