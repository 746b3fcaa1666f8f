"""Every command by --json: the exact keys and types that scripts rely on (design, section 7), and what it does."""

from __future__ import annotations

import json

import pytest

from wesend import cli
from wesend.database import atomic, query
from wesend.wallets import ledger

from ..support.published import APIS, WALLETS
from .reading import rows, typed


def test_sandbox_prints_all_that_a_script_needs_and_making_it_again_changes_nothing(wesend, app):
    data = wesend("sandbox", "--json").json
    assert data == {
        **{name: data[name] for name in APIS},  # each as it is below, and whatever other dialect there is
        "smpp": {"host": "127.0.0.1", "port": None, "tls": False, "system_id": "wesend_sandbox", "password": "sandbox0"},
        "account_id": 1,
        "base_url": "http://127.0.0.1:8000",
        "wesendall": {
            "api_key": "ws_live_sandbox0000000000000000000000000",
            "api_secret": "sandbox_secret_000000000000000000000000",
            "wallet_id": "wal_sandbox_wesendall",
        },
        "wasambazie": {
            "public_key": "pk_sandbox_public_key_000000000000000000000000",
            "secret_key": "sk_sandbox_secret_key_000000000000000000000000",
            "sender_id": "MYBRAND",
        },
        "esms": {"api_key": "esms_test_sandbox0000000000000000000000000", "sender_id": "MyApp", "contact_list_ids": [1]},
        "worldledgers": {"api_key": "wl_test_communication_sms_sandbox"},
    }
    wesend("wallet", "debit", "wal_sandbox_esms", "1")
    assert wesend("sandbox", "--json").json == data
    assert wesend("wallet", "show", "wal_sandbox_esms", "--json").json["balance"] == "49999"


def test_accounts_are_created_suspended_and_resumed(wesend, app):
    created = wesend("account", "create", " My shop ", "--country", "ke", "--json").json
    assert typed(created) == {"account_id": "int", "name": "str"} and created["name"] == "My shop"
    number = created["account_id"]
    assert rows(app, "SELECT country, time_zone, status FROM accounts WHERE id = ?", number) == [("KE", "Africa/Nairobi", "active")]
    for command, status in (("suspend", "suspended"), ("suspend", "suspended"), ("resume", "active")):
        assert wesend("account", command, number, "--json").json == {**created, "waiting": 0}
        assert rows(app, "SELECT status FROM accounts WHERE id = ?", number) == [(status,)]


def test_an_accounts_zone_may_be_given_and_uganda_is_the_default(wesend, app):
    given = wesend("account", "create", "A", "--time-zone", "Europe/Berlin", "--json").json["account_id"]
    default = wesend("account", "create", "B", "--json").json["account_id"]
    assert rows(app, "SELECT country, time_zone FROM accounts WHERE id IN (?, ?) ORDER BY id", given, default) == [
        ("UG", "Europe/Berlin"),
        ("UG", "Africa/Kampala"),
    ]


def test_wallets_are_created_credited_debited_and_shown_with_a_decimal_string(wesend, account, app):
    created = wesend("wallet", "create", "--account", account, "--currency", "ugx", "--json").json
    assert created == {"wallet_id": created["wallet_id"], "currency": "UGX", "balance": "0"}
    wallet = created["wallet_id"]
    credited = wesend("wallet", "credit", wallet, "1000.5", "--note", "Cash", "--json").json
    assert credited == {**created, "balance": "1000.5"}
    assert wesend("wallet", "debit", wallet, "0.25", "--json").json == {**created, "balance": "1000.25"}
    assert wesend("wallet", "show", wallet, "--json").json == {**created, "balance": "1000.25"}
    assert rows(
        app,
        "SELECT kind, amount_micros, description FROM ledger_entries WHERE wallet_id ="
        " (SELECT id FROM wallets WHERE uid = ?) ORDER BY id",
        wallet,
    ) == [("manual_credit", 1_000_500_000, "Cash"), ("manual_debit", -250_000, "manual debit")]


@pytest.mark.parametrize(
    "options, stored",
    [
        (("--currency", "SMS"), ("SMS", 0, 1_800_000, "KES")),
        (("--currency", "SMS", "--sms-rate", "2.5"), ("SMS", 0, 2_500_000, "KES")),
        (("--currency", "KES", "--sandbox"), ("KES", 1, None, "KES")),
    ],
)
def test_a_wallet_may_hold_credits_at_a_rate_or_be_a_sandbox(wesend, account, app, options, stored):
    wallet = wesend("wallet", "create", "--account", account, *options, "--json").json["wallet_id"]
    assert rows(app, "SELECT currency, is_sandbox, sms_rate_micros, purchase_currency FROM wallets WHERE uid = ?", wallet) == [
        stored
    ]


def test_senders_are_added_approved_and_rejected(wesend, account):
    added = wesend("sender", "add", "--account", account, "--name", "shop", "--countries", "UG,KE", "--json").json
    assert added == {"sender_id": added["sender_id"], "name": "shop", "status": "pending"}
    number = added["sender_id"]
    assert wesend("sender", "approve", number, "--json").json == {**added, "status": "approved"}
    assert wesend("sender", "reject", number, "--reason", "Misused", "--json").json == {**added, "status": "rejected"}
    at_once = wesend("sender", "add", "--account", account, "--name", "TILL", "--countries", "UG", "--approve", "--json").json
    assert at_once["status"] == "approved"
    assert wesend("sender", "reject", number).code == 2, "a reason is demanded"


@pytest.mark.parametrize("name", ["TILL", "t1ll"])
def test_a_name_of_anothers_is_approved_by_command_with_a_note(wesend, account, name):
    """Each customer of a script may have a sender of the same name: whoever has the command line decides."""
    wesend("sender", "add", "--account", account, "--name", "Till", "--countries", "UG", "--approve")
    other = wesend("account", "create", "Other", "--json").json["account_id"]
    added = wesend("sender", "add", "--account", other, "--name", name, "--countries", "UG", "--approve", "--json")
    assert added.json == {"sender_id": added.json["sender_id"], "name": name, "status": "approved"}
    assert added.err == f"Note: {name} may be taken for Till of Shop.\n"
    third = wesend("account", "create", "Third", "--json").json["account_id"]
    number = wesend("sender", "add", "--account", third, "--name", name, "--countries", "UG", "--json").json["sender_id"]
    quiet = wesend("sender", "approve", number, "--although-taken", "--json")
    assert (quiet.json["status"], quiet.err) == ("approved", "")


def test_a_group_is_created_empty_or_from_a_csv_file(wesend, account, tmp_path):
    empty = wesend("group", "create", "--account", account, "Empty", "--json").json
    assert empty == {"group_id": empty["group_id"], "name": "Empty", "count": 0, "skipped": 0}
    file = tmp_path / "customers.csv"
    file.write_text("phone;name\n0712345678;Zoë\n0712345678;again\nhello;\n", encoding="utf-8-sig")
    full = wesend("group", "create", "--account", account, "Customers", "--csv", file, "--json").json
    assert full == {"group_id": full["group_id"], "name": "Customers", "count": 1, "skipped": 2}
    assert type(full["group_id"]) is int and full["group_id"] != empty["group_id"]


def test_a_csv_without_phones_is_refused_and_makes_no_group(wesend, account, tmp_path, app):
    file = tmp_path / "wrong.csv"
    file.write_text("name\nAnn\n")
    refused = wesend("group", "create", "--account", account, "Customers", "--csv", file, "--json")
    assert (refused.code, refused.out) == (1, "") and "No column is named phone" in refused.err
    assert rows(app, "SELECT 1 FROM groups WHERE name = 'Customers'") == []


def test_a_message_is_sent_from_the_sandboxs_wallet_unless_another_is_named(wesend, account, wallet, app):
    sent = wesend("send", "0712345678", "Hello", "--json").json
    assert typed(sent) == {"message_id": "str", "status": "str"} and sent["status"] == "submitted"
    assert rows(app, "SELECT uid, recipient, text, gateway FROM messages") == [
        (sent["message_id"], "+256712345678", "Hello", "sandbox")
    ]
    refused = wesend("send", "0712345678", "Hello", "--wallet", wallet, "--json")
    assert refused.code == 1 and "No gateway carries what takes ESMS_UG" in refused.err, "a fresh install's routes name no gateway"
    assert wesend("send", "0700000077", "Hello", "--json").json["status"] == "failed"


def test_the_audit_is_ok_or_names_its_problems_and_exits_1(wesend, app):
    wesend("send", "0712345678", "Hello")
    found = wesend("audit", "--json").json
    assert found == {"ok": True, "wallets": 5, "entries": 6, "messages": 1, "problems": []}
    with app.app_context(), atomic() as tx:
        tx.execute("UPDATE wallets SET balance_micros = balance_micros + 1 WHERE uid = ?", (WALLETS["esms"][0],))
    broken = wesend("audit", "--json")
    assert broken.code == 1
    told = json.loads(broken.out)
    assert told["ok"] is False and told["problems"] == [
        "wallet wal_sandbox_esms holds 50000000001 but its ledger sums to 50000000000"
    ]
    assert wesend("audit").code == 1


def test_doctor_tells_a_line_each_and_changes_nothing(wesend):
    found = wesend("doctor", "--json").json
    assert set(found) == {"ok", "checks"} and found["checks"]
    assert [
        check
        for check in found["checks"]
        if typed(check) != {"check": "str", "state": "str", "detail": "str"} or check["state"] not in ("ok", "missing", "warning")
    ] == []
    assert found["ok"] == all(check["state"] != "warning" for check in found["checks"])
    states = {check["check"]: check["state"] for check in found["checks"]}
    assert states["Database"] == "ok" and states["Accounts"] == "missing" and states["Routes"] == "missing"
    assert len(wesend("doctor").out.splitlines()) == len(found["checks"])


def test_doctor_works_before_there_is_a_database(tmp_path):
    from ..conftest import close, make_app

    app = make_app(tmp_path / "nothing")
    result = app.test_cli_runner().invoke(cli.group, ["doctor"])
    assert result.exit_code == 0 and "is made by `wesend up`" in result.stdout
    assert not (tmp_path / "nothing" / "wesend.db").exists()
    close(app)


def test_people_get_sentences_instead_of_json(wesend, account, wallet):
    assert wesend("wallet", "show", wallet).out == f"Wallet {wallet}: 0 UGX\n"
    assert wesend("account", "suspend", account).out == f"Account {account} (Shop) suspended.\n"
    assert wesend("rate", "set", "KES", "129.13").out == "1 USD = 129.13 KES\n"
    assert "note it now" in wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "esms").out


def test_the_ledger_is_the_only_way_money_moves_by_command(wesend, wallet, monkeypatch):
    monkeypatch.setattr(ledger, "_enter", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wesend("wallet", "credit", wallet, "5")
    monkeypatch.undo()
    assert wesend("wallet", "show", wallet, "--json").json["balance"] == "0"


def test_a_wallet_whose_currency_has_no_exchange_rate_is_refused(wesend, account):
    made = wesend("wallet", "create", "--account", account, "--currency", "isk", "--json")
    assert (made.code, made.out) == (1, "") and "wesend rate set ISK UNITS_PER_USD" in made.err
    refused = wesend("wallet", "create", "--account", account, "--currency", "XYZ")
    assert (refused.code, refused.out) == (1, "") and "XYZ is not an ISO 4217 currency or SMS" in refused.err
    for currency in ("UGX", "USD", "SMS"):
        assert wesend("wallet", "create", "--account", account, "--currency", currency).err == ""


def test_an_unknown_column_of_margins_is_wrong_usage(wesend):
    refused = wesend("report", "margin", "--by", "account,colour", "--json")
    assert refused.code == 2 and refused.out == "" and "not colour" in refused.err and "network" in refused.err
    assert wesend("report", "margin", "--by", "account,DAY,day", "--json").json["by"] == ["account", "day"]


def test_what_is_refused_in_part_is_refused_whole(wesend, account, wallet, app):
    for given, refused in (
        (("--daily-limit", "500", "--legal-name", "Shop Ltd"), ("--price-list", "Nothing")),
        (("--quiet-hours", "21:00-07:00", "--recipient-limit", "5/10m"), ("--countries", "Uganda")),
        (("--burst-limit", "200/1h"), ("--address", "|".join("1234567"))),
    ):
        before = wesend("account", "show", account, "--json").json
        assert wesend("account", "set", account, *given, *refused).code == 1
        assert wesend("account", "show", account, "--json").json == before
    key = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "smpp", "--json").json["key_id"]
    before = wesend("key", "list", "--account", account, "--json").json
    assert wesend("key", "set", key, "--binds", "7", "--valid-for", "5").code == 1
    assert wesend("key", "list", "--account", account, "--json").json == before
    assert wesend("wallet", "set", wallet, "--name", "Till", "--credit-limit", "-5").code == 1
    with app.app_context():
        assert query("SELECT name FROM wallets WHERE uid = ?", (wallet,))[0]["name"] is None
