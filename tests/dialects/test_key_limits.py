"""Keys that end, that are used from some addresses only, and that are rolled: every dialect's 401, and why in the audit log."""

from __future__ import annotations

import json

import pytest

from wesend.accounts import key_limits, keys
from wesend.accounts.credentials import Credentials
from wesend.accounts.key_limits import KeyLimits
from wesend.core import clock as time
from wesend.core.errors import WesendError
from wesend.database import query
from wesend.dialects.listed import DIALECTS

from ..support.accounts import mint
from ..support.apis import Api
from ..support.dialects import ROWS
from ..support.server import Server
from .test_auth import calls, minted_with

ACTOR = "test"


@pytest.fixture(params=[dialect.name for dialect in DIALECTS])
def row(request):
    """Each dialect that is there."""
    return ROWS[request.param]


def refused(app, row, headers) -> bool:
    """Every route answers 401 in the dialect's envelope."""
    answers = list(calls(app, row, headers))
    return bool(answers) and all(response.status_code == 401 and row.shows_refusal(response) for _, response in answers)


def limit(app, key_id: int, *, expires_at: int | None = None, allow_ip: str = "") -> None:
    with app.app_context():
        keys.set_limits(key_id, KeyLimits(expires_at, key_limits.parse_networks(allow_ip)), actor=ACTOR)


def why(app) -> list[tuple[str, str]]:
    with app.app_context():
        return [tuple(row) for row in query("SELECT address, detail FROM audit_log WHERE action = 'key.refused' ORDER BY id")]


def command(app, *arguments: str) -> dict:
    result = app.test_cli_runner().invoke(args=[*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_an_expired_key_is_refused_from_the_very_moment(app, row, clock):
    minted, headers = minted_with(app, row)
    limit(app, minted.key_id, expires_at=time.now_ms() + 60_000)
    api = Api(app.test_client(), headers)
    assert api.get(row.probe).status_code != 401
    clock.advance(59.999)
    assert api.get(row.probe).status_code != 401
    clock.advance(0.001)
    for _ in range(3):
        assert refused(app, row, headers)
    assert why(app) == [("127.0.0.1", f"expired at {time.iso(time.now_ms())}")], "told once an hour"
    clock.advance(3601)
    assert refused(app, row, headers) and len(why(app)) == 2
    limit(app, minted.key_id)
    assert api.get(row.probe).status_code != 401


def test_prices_of_an_account_are_not_for_a_key_that_may_not_be_used(app, clock):
    """Where nobody need show a key, such a key is none."""
    minted = mint(app, "esms", is_sandbox=False)
    headers = ROWS["esms"].headers(minted.credentials)
    command(app, "price-list", "create", "Own", "--currency", "UGX")
    command(app, "price-list", "set", "Own", "--country", "UG", "--price", "7")
    command(app, "account", "set", str(minted.account_id), "--price-list", "Own")

    def price() -> float:
        answer = Api(app.test_client(), headers).get("/v1/pricing")
        assert answer.status_code == 200
        return next(float(route["price_per_segment"]) for route in answer.json if route["code"] == "ESMS_UG")

    published = next(
        float(route["price_per_segment"]) for route in app.test_client().get("/v1/pricing").json if route["code"] == "ESMS_UG"
    )
    assert price() == 7 != published
    limit(app, minted.key_id, allow_ip="10.0.0.0/8")
    assert price() == published
    limit(app, minted.key_id, expires_at=time.now_ms() + 60_000)
    assert price() == 7
    clock.advance(60)
    assert price() == published
    limit(app, minted.key_id)
    command(app, "account", "suspend", str(minted.account_id))
    assert price() == published
    command(app, "account", "resume", str(minted.account_id))
    assert price() == 7


def test_a_key_is_used_from_its_networks_alone(app, row):
    minted, headers = minted_with(app, row)
    limit(app, minted.key_id, allow_ip="10.0.0.0/8")
    assert refused(app, row, headers)
    at_home = {**headers, "X-Forwarded-For": "203.0.113.9, 10.1.2.3"}
    assert Api(app.test_client(), at_home).get(row.probe).status_code != 401, "this machine's proxy is believed"
    lying = {**headers, "X-Forwarded-For": "10.1.2.3, 203.0.113.9"}
    assert refused(app, row, lying), "what a client writes there itself is not"
    assert why(app) == [(address, "not from where it may be used") for address in ("127.0.0.1", "203.0.113.9")]


def test_a_stranger_who_is_no_trusted_proxy_is_where_it_is(app_with, row):
    app = app_with(WESEND_TRUSTED_PROXIES="192.0.2.1")
    minted, headers = minted_with(app, row)
    limit(app, minted.key_id, allow_ip="10.0.0.0/8")
    assert refused(app, row, {**headers, "X-Forwarded-For": "10.1.2.3"})


def test_a_rolled_key_goes_on_for_the_overlap_and_its_successor_has_its_rights(app, row, clock):
    minted, headers = minted_with(app, row)
    limit(app, minted.key_id, allow_ip="127.0.0.1")
    made = command(app, "key", "roll", str(minted.key_id), "--overlap", "24h")
    created = command(app, "key", "create", "--account", str(minted.account_id), "--wallet", minted.wallet, "--api", row.name)
    assert list(made) == list(created) and made["wallet_id"] == minted.wallet
    values = [made[name] for name in minted.credentials.names]
    new = row.headers(Credentials(values[0] if len(values) == 2 else None, values[-1], minted.credentials.names))
    listed = {key["key_id"]: key for key in command(app, "key", "list", "--account", str(minted.account_id))["keys"]}
    old, successor = listed[minted.key_id], listed[made["key_id"]]
    assert old["expires_at"] == time.iso(time.now_ms() + 24 * 3600_000) and successor["expires_at"] is None
    assert [old[name] for name in ("api", "name", "scopes", "wallet_id", "allow_ip")] == [
        successor[name] for name in ("api", "name", "scopes", "wallet_id", "allow_ip")
    ]
    for both in (headers, new):
        assert Api(app.test_client(), both).get(row.probe).status_code != 401
    clock.advance(24 * 3600)
    assert refused(app, row, headers)
    assert Api(app.test_client(), new).get(row.probe).status_code != 401


def test_where_a_key_was_used_last_is_listed(app, row):
    minted, headers = minted_with(app, row)
    Api(app.test_client(), {**headers, "X-Forwarded-For": "203.0.113.9"}).get(row.probe)

    def listed() -> dict:
        return command(app, "key", "list", "--account", str(minted.account_id))["keys"][0]

    Server.wait_until(lambda: listed()["last_used_ip"] == "203.0.113.9", 20, "the address was not noted")


def test_set_tells_what_holds_and_changes_only_what_is_given(app):
    minted = mint(app)
    shown = command(app, "key", "set", str(minted.key_id), "--expires", "2099-01-01", "--allow-ip", "10.0.0.0/8,203.0.113.7")
    assert (shown["expires_at"], shown["allow_ip"]) == ("2099-01-01T21:00:00Z", "10.0.0.0/8,203.0.113.7/32")
    assert command(app, "key", "set", str(minted.key_id), "--allow-ip", "none")["expires_at"] == "2099-01-01T21:00:00Z"
    assert command(app, "key", "set", str(minted.key_id), "--expires", "none")["expires_at"] is None
    with app.app_context():
        told = [row[0] for row in query("SELECT detail FROM audit_log WHERE action = 'key.limits' ORDER BY id")]
    assert told[0] == "until revoked, from anywhere → until 2099-01-01T21:00:00Z, from 10.0.0.0/8,203.0.113.7/32"


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "999", "--expires", "none"),
        ("set", "{key}", "--expires", "soon"),
        ("set", "{key}", "--allow-ip", "home"),
        ("roll", "999"),
        ("roll", "{key}", "--overlap", "long"),
        ("roll", "1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(app, arguments):
    minted = mint(app)
    result = app.test_cli_runner().invoke(args=["key", *(part.format(key=minted.key_id) for part in arguments)])
    assert result.exit_code == 1 and isinstance(result.exception, WesendError), result.output


def test_a_key_that_nobody_used_for_ninety_days_is_marked(app, clock):
    minted = mint(app)
    clock.advance(90 * 24 * 3600 - 1)
    assert command(app, "key", "list", "--account", str(minted.account_id))["keys"][0]["unused"] is False
    clock.advance(1)
    assert command(app, "key", "list", "--account", str(minted.account_id))["keys"][0]["unused"] is True
    result = app.test_cli_runner().invoke(args=["key", "list", "--account", str(minted.account_id)])
    assert "unused for 90 days" in result.output
