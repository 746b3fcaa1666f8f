"""Keys by command: what each dialect's looks like, how they are listed, and what is set of them."""

from __future__ import annotations

import re

import pytest

from wesend.accounts import keys

from .reading import rows, typed

SHAPES = {
    "wesendall": {"api_key": r"ws_live_\w{32}", "api_secret": r"\w{40}"},
    "wasambazie": {"public_key": r"pk_[\w-]{43}", "secret_key": r"sk_[\w-]{43}"},
    "esms": {"api_key": r"esms_live_\w{32}"},
    "worldledgers": {"api_key": r"wl_comm_\w{32}"},
}


@pytest.mark.parametrize("api", SHAPES)
def test_a_key_is_shown_once_as_its_dialect_has_it_and_signs_in_until_it_is_revoked(wesend, account, wallet, app, api):
    created = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", api, "--name", "Till", "--json").json
    assert set(created) == {"key_id", "name", "api", "wallet_id", "scopes", *SHAPES[api]}
    assert type(created["key_id"]) is int and created["scopes"] == ["send", "query", "webhooks"]
    assert [name for name, shape in SHAPES[api].items() if not re.fullmatch(shape, created[name])] == []
    secrets = [created[name] for name in SHAPES[api]]
    stored = str(rows(app, "SELECT * FROM api_keys WHERE id = ?", created["key_id"]))
    assert secrets[-1] not in stored and secrets[-1] not in wesend("key", "list", "--account", account).out

    def signed_in() -> int:
        with app.app_context():
            return keys.authenticate(api, secrets[-1], secrets[0] if len(secrets) == 2 else None).id

    assert signed_in() == created["key_id"]
    revoked = wesend("key", "revoke", created["key_id"], "--json").json
    assert typed(revoked) == {"key_id": "int", "revoked_at": "str"}
    assert wesend("key", "revoke", created["key_id"], "--json").json == revoked, "revoked once, at its first moment"
    with pytest.raises(keys.InvalidCredentials):
        signed_in()


def test_a_key_of_a_sandbox_wallet_says_so(wesend, account):
    made = wesend("wallet", "create", "--account", account, "--currency", "KES", "--sandbox", "--json").json
    wallet = made["wallet_id"]
    for api, start in (("esms", "esms_test_"), ("worldledgers", "wl_test_")):
        created = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", api, "--json").json
        assert created["api_key"].startswith(start)


def test_keys_are_listed_without_their_secrets(wesend, account, wallet):
    assert wesend("key", "list", "--account", account, "--json").json == {"keys": []}
    made = wesend(
        "key",
        "create",
        "--account",
        account,
        "--wallet",
        wallet,
        "--api",
        "esms",
        "--name",
        "Till",
        "--scopes",
        "query,send",
        "--json",
    ).json
    (listed,) = wesend("key", "list", "--account", account, "--json").json["keys"]
    assert listed == {
        "key_id": made["key_id"],
        "name": "Till",
        "api": "esms",
        "prefix": listed["prefix"],
        "wallet_id": wallet,
        "scopes": ["send", "query"],
        "expires_at": None,
        "allow_ip": None,
        "countries": "all",
        "daily_limit": None,
        "valid_for": None,
        "last_used_at": None,
        "last_used_ip": None,
        "unused": False,
        "revoked_at": None,
    }
    assert made["api_key"].startswith(listed["prefix"]) and len(listed["prefix"]) < 16
    wesend("key", "revoke", made["key_id"])
    (listed,) = wesend("key", "list", "--account", account, "--json").json["keys"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", listed["revoked_at"])


def test_a_key_pays_only_from_a_wallet_of_its_account(wesend, account):
    refused = wesend("key", "create", "--account", account, "--wallet", "wal_sandbox_esms", "--api", "esms")
    assert refused.code == 1 and "another account" in refused.err


@pytest.mark.parametrize("api", ["esms", "smpp"])
def test_nothing_is_set_of_a_key_that_was_revoked(wesend, account, wallet, api):
    made = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", api, "--json").json["key_id"]
    assert wesend("key", "set", made, "--expires", "2001-01-01").code == 0
    assert wesend("key", "set", made, "--expires", "none").code == 0, "one that has expired may go on"
    wesend("key", "revoke", made)
    before = wesend("key", "list", "--account", account, "--json").json
    given = ("--daily-limit", "5", *(("--binds", "7") if api == "smpp" else ()))
    refused = wesend("key", "set", made, *given, "--json")
    assert refused.code == 1 and refused.out == "" and refused.err == "Error: This key is over: make a new one\n"
    assert wesend("key", "list", "--account", account, "--json").json == before
