"""`wesend person`, `wesend account export` and `close`, names of wallets, currencies that pay for nothing."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from wesend.database import query

from ..support.apis import Wesendall

PHONE = "+256701234987"


@pytest.fixture
def key(wesend, account, app) -> Wesendall:
    """A key of the account's sandbox wallet, with money."""
    wallet = wesend("wallet", "create", "--account", account, "--currency", "UGX", "--sandbox", "--json").json["wallet_id"]
    wesend("wallet", "credit", wallet, "1000")
    made = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "wesendall", "--json").json
    return Wesendall(app.test_client(), made["api_key"], made["api_secret"], wallet)


def test_a_person_is_exported_and_erased(wesend, account, key, tmp_path):
    assert key.send(PHONE, "Dear Amina").status_code == 200
    wesend("opt-out", "add", "--account", account, PHONE)
    file = tmp_path / "p.zip"
    told = wesend("person", "export", PHONE, file, "--json").json
    assert told["counts"]["messages"] == 1 and told["bytes"] == file.stat().st_size and file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        assert "Dear Amina" in archive.read("messages.json").decode()
    done = wesend("person", "erase", PHONE, "--account", account, "--json").json
    assert done["erased"]["messages"] == 1 and done["left"] == 0 and done["token"].startswith("erased-")
    assert key.send(PHONE, "Again").status_code != 200
    assert wesend("audit", "--json").json["ok"]
    assert wesend("person", "erase", "nobody").code == 1


def test_an_account_is_exported_and_closed(wesend, account, key, app, tmp_path):
    key.send(PHONE, "Dear Amina")
    told = wesend("account", "export", account, tmp_path / "a.zip", "--json").json
    assert told["counts"]["messages"] >= 1
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("messages.csv").decode("utf-8-sig"))))
        assert rows[-1]["text"] == "Dear Amina" and json.loads(archive.read("ledger.json"))[0]["kind"] == "manual_credit"
        assert "gateway" not in rows[0]
        ledger = list(csv.DictReader(io.StringIO(archive.read("ledger.csv").decode("utf-8-sig"))))
        assert [row["amount"] for row in ledger][:1] == ["1000"] and float(ledger[-1]["amount"]) < 0, "figures, whatever their sign"
    refused = wesend("account", "close", account)
    assert refused.code == 1 and "--yes" in refused.err and key.get("/account/balance").status_code != 401
    wesend("user", "create", "owner@example.com", "--role", "owner", "--account", account)
    done = wesend("account", "close", account, "--yes", "--json").json
    assert (done["keys"], done["users"], done["status"]) == (1, 1, "closed")
    assert key.send(PHONE).status_code == 401
    with app.app_context():
        assert query("SELECT count(*) FROM messages WHERE text LIKE '%Amina%'")[0][0] == 0
        assert query("SELECT count(*) FROM ledger_entries")[0][0] > 0
    assert wesend("account", "show", account, "--json").json["status"] == "closed"
    assert wesend("account", "resume", account).code == 1
    assert wesend("account", "close", account, "--yes").code == 0, "once more, to finish what a crash cut short"
    assert wesend("audit", "--json").json["ok"]


def test_a_wallet_has_a_name(wesend, account):
    made = wesend("wallet", "create", "--account", account, "--currency", "UGX", "--name", "Shop", "--json").json
    assert made["name"] == "Shop"
    assert "name" not in wesend("wallet", "create", "--account", account, "--currency", "UGX", "--json").json
    assert wesend("wallet", "set", made["wallet_id"], "--name", "Main till", "--json").json["name"] == "Main till"
    assert "Main till" in wesend("wallet", "list", "--account", account).out
    assert wesend("wallet", "set", made["wallet_id"], "--name", "x" * 61).code == 1


def test_a_currency_that_pays_for_nothing_is_refused(wesend, account):
    refused = wesend("wallet", "create", "--account", account, "--currency", "ISK")
    assert refused.code == 1 and "rate set ISK" in refused.err
    wesend("rate", "set", "ISK", "140")
    assert wesend("wallet", "create", "--account", account, "--currency", "ISK").code == 0
    wesend("route", "set", "NOK", "--country", "UG", "--gateway", "sandbox", "--price", "1", "--currency", "NOK")
    assert wesend("wallet", "create", "--account", account, "--currency", "NOK").code == 0, "a route is priced in it"
    assert wesend("wallet", "create", "--account", account, "--currency", "SMS").code == 0


def test_the_operator_is_told_why_there_is_no_route(wesend, account, wallet):
    refused = wesend("send", PHONE, "Hi", "--wallet", wallet)
    assert refused.code == 1 and "wesend route set" in refused.err
    refused = wesend("send", "+4917612345678", "Hi", "--wallet", wallet)
    assert refused.code == 1


def test_nothing_is_made_for_an_account_that_is_closed(wesend, account, wallet):
    of = ("--account", account)
    hook = wesend("webhook", "add", *of, "--format", "esms", "--url", "https://example.com/hook", "--json").json["webhook_id"]
    assert wesend("account", "close", account, "--yes").code == 0
    asked = ("--country", "UG", "--type", "shared", "--keyword", "SHOP", "--company", "Shop", "--use-case", "Orders by SMS")
    for words in (
        ("wallet", "create", *of, "--currency", "UGX"),
        ("key", "create", *of, "--wallet", wallet, "--api", "esms"),
        ("webhook", "add", *of, "--format", "esms", "--url", "https://example.com/other"),
        ("webhook", "enable", hook),
        ("sender", "add", *of, "--name", "SHOP", "--countries", "UG"),
        ("group", "create", *of, "Customers"),
        ("user", "create", "late@example.com", *of),
        ("two-way", "request", *of, "--wallet", wallet, *asked),
    ):
        refused = wesend(*words)
        assert (refused.code, refused.out) == (1, "") and "Shop was closed on" in refused.err, words
