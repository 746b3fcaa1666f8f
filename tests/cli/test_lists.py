"""What there is can be listed; people who opted out elsewhere can be brought along."""

from __future__ import annotations

import json
import os
import socket

import pytest

from tests.conftest import close
from wesend import cli

from ..support.workbooks import workbook as book_of


def test_accounts_and_wallets(wesend, account, wallet):
    wesend("wallet", "credit", wallet, "50")
    accounts = wesend("account", "list", "--json").json["accounts"]
    assert {
        "account_id": account,
        "name": "Shop",
        "country": "UG",
        "status": "active",
        "is_sandbox": False,
        "storage_mb": 0.0,
    } in accounts
    assert [one["is_sandbox"] for one in accounts] == [False, True]
    assert wesend("wallet", "list", "--account", account, "--json").json == {
        "wallets": [{"wallet_id": wallet, "currency": "UGX", "balance": "50"}]
    }


def test_routes_and_rates(wesend):
    wesend(
        "route",
        "set",
        "MINE",
        "--country",
        "UG",
        "--gateway",
        "sandbox",
        "--price",
        "35.5",
        "--currency",
        "UGX",
        "--prefix",
        "25677",
        "--priority",
        "-1",
    )
    mine = next(row for row in wesend("route", "list", "--json").json["routes"] if row["code"] == "MINE")
    assert (mine["gateway"], mine["price"], mine["prefixes"], mine["is_active"]) == ("sandbox", "35.5", ["25677"], True)
    wesend("rate", "set", "UGX", "3726.5")
    rates = {row["currency"]: row for row in wesend("rate", "list", "--json").json["rates"]}
    assert rates["UGX"]["per_usd"] == 3726.5 and rates["UGX"]["updated_at"].endswith("Z")


def test_senders_groups_and_users(wesend, account):
    sender = wesend("sender", "add", "--account", account, "--name", "Shop", "--countries", "UG,KE", "--json").json
    wesend("sender", "reject", sender["sender_id"], "--reason", "Taken")
    assert wesend("sender", "list", "--account", account, "--json").json == {
        "senders": [
            {"sender_id": sender["sender_id"], "name": "Shop", "status": "rejected", "countries": ["UG", "KE"], "reason": "Taken"}
        ]
    }
    group = wesend("group", "create", "--account", account, "Staff", "--json").json
    assert wesend("group", "list", "--account", account, "--json").json == {
        "groups": [{"group_id": group["group_id"], "name": "Staff", "count": 0}]
    }
    user = wesend("user", "create", "ann@example.com", "--account", account, "--json").json
    assert wesend("user", "list", "--json").json == {
        "users": [{"user_id": user["user_id"], "email": "ann@example.com", "role": "owner", "account_id": account}]
    }


@pytest.mark.parametrize("command", ["wallet", "sender", "group"])
def test_an_account_that_is_not_there_has_no_list(wesend, command):
    refused = wesend(command, "list", "--account", 99)
    assert refused.code == 1 and refused.err


@pytest.mark.parametrize(
    "command",
    [
        ("account",),
        ("wallet", "--account", 1),
        ("route",),
        ("rate",),
        ("user",),
        ("sender", "--account", 1),
        ("group", "--account", 1),
    ],
)
def test_people_get_lines(wesend, command):
    name, *rest = command
    assert wesend(name, "list", *rest).out.strip()


def test_a_list_of_opt_outs_is_brought_along(wesend, account, tmp_path):
    listed = tmp_path / "opted-out.txt"
    listed.write_text("0772345678\n\n+254712345678\nAnn@Example.com\nnobody\n" + "".join(f"07720{n:05}\n" for n in range(600)))
    done = wesend("opt-out", "add", "--account", account, "--file", listed, "--json")
    assert json.loads(done.out) == {"added": 603, "refused": ["nobody"]}
    assert done.code == 1 and done.err == "Neither a phone number nor an e-mail address: nobody\n"
    again = wesend("opt-out", "add", "--account", account, "0772345678", "0772345679", "--json").json
    assert again == {"added": 1, "refused": []}
    wallet = wesend("wallet", "create", "--account", account, "--currency", "UGX", "--sandbox", "--json").json["wallet_id"]
    refused = wesend("send", "0772345678", "Hello", "--wallet", wallet)
    assert refused.code == 1 and "opted out" in refused.err


def test_opt_outs_of_nobody_are_a_usage_error(wesend, account):
    assert wesend("opt-out", "add", "--account", account).code == 2


@pytest.mark.parametrize(
    "raw",
    [
        "\ufeff0772345678\r\n0772345679\r\n".encode(),
        "0772345678\n0772345679\n".encode("utf-16"),
        b"phone;date\r\n0772345678;2026-05-02\r\n'0772345679;2026-05-03\r\n",
        "Name\tTel.\nZoë\t0772345678\nBen\t0772345679\n".encode("utf-16"),
        'Name,Telephone\nZoë,0772345678\nBen,="0772345679"\n'.encode("cp1252"),
        b"0772345678,0772345679\n",
        b"0772345678,Ann,2026-05-02 10:00:00\n0772345679,Ben,\n",
        "\u202a0772 345 678\u202c\n0772\u2011345\u2011679\n".encode(),
        book_of(["Name", "Phone No."], ["Ann", 256772345678.0], ["Ben", "0772345679"]),
        book_of(["0772345678"], ["0772345679"]),
    ],
    ids=[
        "mark of Notepad",
        "utf-16",
        "header",
        "unicode text",
        "windows",
        "side by side",
        "beside names",
        "unseen",
        "workbook",
        "plain book",
    ],
)
def test_a_list_of_opt_outs_may_be_any_list(wesend, account, tmp_path, raw):
    listed = tmp_path / "list"
    listed.write_bytes(raw)
    assert wesend("opt-out", "add", "--account", account, "--file", listed, "--json").json == {"added": 2, "refused": []}
    assert wesend("opt-out", "add", "--account", account, "+256772345678", "0772345679", "--json").json["added"] == 0


def test_addresses_of_both_kinds_are_read_from_their_columns(wesend, account, tmp_path):
    listed = tmp_path / "list.csv"
    listed.write_text("E-mail,phone,why\nAnn@Example.com,0772345678,asked\n,0772345679,\n\u200bbo@example.com,,\nx@y,,\n,,nobody\n")
    done = wesend("opt-out", "add", "--account", account, "--file", listed, "--json")
    assert done.code == 1 and json.loads(done.out) == {"added": 4, "refused": ["x@y", "nobody"]}


@pytest.mark.parametrize("line", ["0772345678;077234567", "0772345678,2.56712E+11", "nobody", "0772345678,ann@x", "1234567890123"])
def test_what_is_no_address_in_a_list_sets_the_exit_code(wesend, account, tmp_path, line):
    listed = tmp_path / "list"
    listed.write_text(f"0752345678\n{line}\n")
    done = wesend("opt-out", "add", "--account", account, "--file", listed)
    assert done.code == 1 and "Neither a phone number nor an e-mail address: " in done.err and "1 refused" in done.out
    assert wesend("opt-out", "add", "--account", account, "nobody", "--json").code == 1


# -- files that are named ---------------------------------------------------------


@pytest.mark.parametrize("name", ["list.csv", "book.xlsx"])
def test_a_group_is_made_of_a_csv_or_a_workbook(wesend, account, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"Name;Tel.\r\nAnn;0712345678\r\n" if name == "list.csv" else book_of(["Name", "Tel."], ["Ann", "0712345678"]))
    assert wesend("group", "create", "--account", account, "Staff", "--csv", path, "--json").json["count"] == 1


def test_a_group_is_made_through_a_pipe(app, account):
    runner = app.test_cli_runner()
    done = runner.invoke(
        cli.group,
        ["group", "create", "--account", str(account), "Staff", "--csv", "-", "--json"],
        input=b"Cell,Name\n0712345678,Ann\n",
    )
    assert json.loads(done.stdout)["count"] == 1
    ready, fill = os.pipe()
    with os.fdopen(fill, "wb") as pipe:
        pipe.write(b"phone\n0712345678\n")
    done = runner.invoke(cli.group, ["group", "create", "--account", str(account), "Pipe", "--csv", f"/dev/fd/{ready}", "--json"])
    os.close(ready)
    assert json.loads(done.stdout)["count"] == 1


def test_without_a_phone_column_the_refusal_says_what_the_columns_are(wesend, account, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Who,Where\nAnn,Gulu\n")
    refused = wesend("group", "create", "--account", account, "Staff", "--csv", path)
    assert refused.code == 1 and "No column is named phone" in refused.err and "Who, Where" in refused.err
    assert wesend("group", "list", "--account", account, "--json").json == {"groups": []}


COMMANDS = [
    ("group", "create", "--account", "{account}", "Staff", "--csv", "{path}"),
    ("opt-out", "add", "--account", "{account}", "--file", "{path}"),
    ("restore", "{path}"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=["group", "opt-out", "restore"])
@pytest.mark.parametrize(
    ("kind", "told"), [("missing", "No such file"), ("folder", ""), ("socket", ""), ("old.xls", ""), ("empty", ""), ("binary", "")]
)
def test_a_file_that_can_not_be_read_is_one_sentence(wesend, app, account, tmp_path, command, kind, told):
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    elif kind != "missing":
        path.write_bytes(
            {"old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "empty": b"", "binary": bytes(range(256)) * 9}[kind]
        )
    if command[0] == "restore":
        close(app)
    refused = wesend(*(part.format(account=account, path=path) for part in command))
    assert refused.code == 1 and refused.err.startswith("Error: ") and refused.err.count("\n") == 1 and told in refused.err
    assert not any(word in refused.err for word in ("Traceback", "Errno", "object", "<", "underlying", "codec"))


def test_a_backup_is_not_written_over_a_folder(wesend, tmp_path):
    refused = wesend("backup", tmp_path)
    assert refused.code == 1 and refused.err.count("\n") == 1


def test_price_lists_are_written_as_csv_one_or_all(wesend, tmp_path):
    for name, currency, price in (("Gold", "UGX", "32"), ("Silver", "USD", "0.0081")):
        wesend("price-list", "create", name, "--currency", currency)
        wesend("price-list", "set", name, "--country", "UG", "--network", "MTN", "--price", price)
    wesend("price-list", "show", "Gold", "--csv", tmp_path / "gold.csv")
    told = wesend("price-list", "list", "--csv", tmp_path / "all.csv", "--json").json["price_lists"]
    assert [(row["name"], row["prices"]) for row in told] == [("Gold", 1), ("Silver", 1)]
    one, every = ((tmp_path / f"{name}.csv").read_text(encoding="utf-8-sig").split() for name in ("gold", "all"))
    assert one == ["country,network,prefix,from,price", "UG,MTN,,0,32"]
    assert every == [
        "price_list,currency,country,network,prefix,from,price",
        "Gold,UGX,UG,MTN,,0,32",
        "Silver,USD,UG,MTN,,0,0.0081",
    ]
