"""What there is can be listed; people who opted out elsewhere can be brought along."""

from __future__ import annotations

import pytest


def test_accounts_and_wallets(wesend, account, wallet):
    wesend("wallet", "credit", wallet, "50")
    accounts = wesend("account", "list", "--json").json["accounts"]
    assert {"account_id": account, "name": "Shop", "country": "UG", "status": "active", "is_sandbox": False} in accounts
    assert [one["is_sandbox"] for one in accounts] == [False, True]
    assert wesend("wallet", "list", "--account", account, "--json").json == {
        "wallets": [{"wallet_id": wallet, "currency": "UGX", "balance": "50"}]}


def test_routes_and_rates(wesend):
    wesend("route", "set", "MINE", "--country", "UG", "--gateway", "sandbox", "--price", "35.5", "--currency", "UGX",
           "--prefix", "25677", "--priority", "-1")
    mine = next(row for row in wesend("route", "list", "--json").json["routes"] if row["code"] == "MINE")
    assert (mine["gateway"], mine["price"], mine["prefixes"], mine["is_active"]) == ("sandbox", "35.5", ["25677"], True)
    wesend("rate", "set", "UGX", "3726.5")
    rates = {row["currency"]: row for row in wesend("rate", "list", "--json").json["rates"]}
    assert rates["UGX"]["per_usd"] == 3726.5 and rates["UGX"]["updated_at"].endswith("Z")


def test_senders_groups_and_users(wesend, account):
    sender = wesend("sender", "add", "--account", account, "--name", "Shop", "--countries", "UG,KE", "--json").json
    wesend("sender", "reject", sender["sender_id"], "--reason", "Taken")
    assert wesend("sender", "list", "--account", account, "--json").json == {"senders": [
        {"sender_id": sender["sender_id"], "name": "SHOP", "status": "rejected", "countries": ["UG", "KE"],
         "reason": "Taken"}]}
    group = wesend("group", "create", "--account", account, "Staff", "--json").json
    assert wesend("group", "list", "--account", account, "--json").json == {
        "groups": [{"group_id": group["group_id"], "name": "Staff", "count": 0}]}
    user = wesend("user", "create", "ann@example.com", "--account", account, "--json").json
    assert wesend("user", "list", "--json").json == {"users": [
        {"user_id": user["user_id"], "email": "ann@example.com", "role": "owner", "account_id": account}]}


@pytest.mark.parametrize("command", ["wallet", "sender", "group"])
def test_an_account_that_is_not_there_has_no_list(wesend, command):
    refused = wesend(command, "list", "--account", 99)
    assert refused.code == 1 and refused.err


@pytest.mark.parametrize("command", [("account",), ("wallet", "--account", 1), ("route",), ("rate",), ("user",),
                                     ("sender", "--account", 1), ("group", "--account", 1)])
def test_people_get_lines(wesend, command):
    name, *rest = command
    assert wesend(name, "list", *rest).out.strip()


def test_a_list_of_opt_outs_is_brought_along(wesend, account, tmp_path):
    listed = tmp_path / "opted-out.txt"
    listed.write_text("0772345678\n\n+254712345678\nAnn@Example.com\nnobody\n" + "".join(f"07720{n:05}\n" for n in range(600)))
    assert wesend("opt-out", "add", "--account", account, "--file", listed, "--json").json == {
        "added": 603, "refused": ["nobody"]}
    again = wesend("opt-out", "add", "--account", account, "0772345678", "0772345679", "--json").json
    assert again == {"added": 1, "refused": []}
    wallet = wesend("wallet", "create", "--account", account, "--currency", "UGX", "--sandbox", "--json").json["wallet_id"]
    refused = wesend("send", "0772345678", "Hello", "--wallet", wallet)
    assert refused.code == 1 and "opted out" in refused.err


def test_opt_outs_of_nobody_are_a_usage_error(wesend, account):
    assert wesend("opt-out", "add", "--account", account).code == 2
