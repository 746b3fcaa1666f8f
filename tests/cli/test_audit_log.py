"""What commands did is in the audit log, each change from what to what."""

from __future__ import annotations

from .reading import rows


def test_what_operators_do_is_in_the_audit_log(wesend, account, wallet, app):
    before = rows(app, "SELECT count(*) FROM audit_log")[0][0]
    wesend("wallet", "credit", wallet, "5", "--note", "Cash")
    wesend("rate", "set", "KES", "129")
    assert rows(app, "SELECT actor, action FROM audit_log ORDER BY id LIMIT 1000 OFFSET ?", before) == [
        ("cli", "wallet.manual_credit"),
        ("cli", "rate.set"),
    ]


def test_what_is_changed_is_told_from_what_to_what(wesend, app):
    route = ("route", "set", "ESMS_UG", "--country", "UG", "--gateway", "cheap", "--currency", "UGX")
    gateway = ("gateway", "set", "cheap", "--type", "twilio", "--option", "account_sid=AC1", "--option")
    wesend(*gateway, "from=+256", "--secret", "auth_token=a")
    wesend(*gateway, "from=Shop", "--option", "tps=9")
    wesend(*gateway, "from=Shop", "--secret", "auth_token=b")
    wesend(*route, "--price", "35")
    wesend(*route, "--price", "36", "--cost", "22", "--priority", "1")
    wesend(*route, "--price", "36", "--cost", "22", "--priority", "1")
    wesend("rate", "set", "KES", "129")
    told = rows(
        app, "SELECT detail FROM audit_log WHERE action IN ('gateway.set', 'route.set', 'rate.set') ORDER BY id DESC LIMIT 7"
    )
    assert [row[0] for row in reversed(told)] == [
        "twilio: account_sid, auth_token, from",
        "from +256 → Shop, tps none → 9",
        "tps 9 → none, auth_token changed",
        "gateway none → cheap",
        "price 35 UGX → 36 UGX, cost none → 22 UGX, priority 0 → 1",
        "unchanged",
        "129.13 → 129",
    ]


def test_orders_prices_keys_and_money_are_told_from_what_to_what(wesend, account, wallet, app):
    before = rows(app, "SELECT count(*) FROM audit_log")[0][0]
    wesend("route", "set", "ESMS_UG", "--country", "UG", "--gateway", "sandbox", "--currency", "UGX", "--price", "35")
    for order in ("cost", "quality"):
        wesend("route", "strategy", "UG", "--strategy", order)
    wesend("route", "quality", "ESMS_UG", "keep")
    wesend("route", "quality", "ESMS_UG", "auto")
    wesend("two-way", "price", "UG", "--setup", "5", "--monthly", "2")
    wesend("two-way", "price", "UG", "--monthly", "3", "--off")
    made = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "esms", "--allow-ip", "10.0.0.1", "--json")
    wesend("key", "roll", made.json["key_id"], "--overlap", "0")
    wesend("wallet", "credit", wallet, "5", "--note", "Cash")
    wesend("wallet", "debit", wallet, "2")
    told = rows(app, "SELECT action, detail FROM audit_log ORDER BY id LIMIT 1000 OFFSET ?", before)
    created = ("key.create", "send,query,webhooks, until revoked, from 10.0.0.1/32")
    assert [row for row in told if row[0] not in ("route.set", "key.roll")] == [
        ("route.strategy", "none → cost"),
        ("route.strategy", "cost → quality"),
        ("route.quality", "auto → keep"),
        ("route.quality", "keep → auto"),
        ("two_way.price", "setup_fee 5, monthly_fee 2, keyword_fee 0"),
        ("two_way.price", "monthly_fee 2 → 3, on → off"),
        created,
        created,
        ("wallet.manual_credit", "5 UGX (0 → 5): Cash"),
        ("wallet.manual_debit", "2 UGX (5 → 3)"),
    ]
    (rolled,) = [detail for action, detail in told if action == "key.roll"]
    assert rolled.startswith("until revoked → until 20")


def test_files_that_commands_write_are_in_the_audit_log(wesend, account, wallet, app, tmp_path):
    wesend("price-list", "create", "Retail", "--currency", "UGX")
    before = rows(app, "SELECT count(*) FROM audit_log")[0][0]
    for number, taken in enumerate(
        (
            ("price-list", "show", "Retail"),
            ("price-list", "list"),
            ("report", "margin"),
            ("statement", "--account", account, "--month", "2026-11"),
        )
    ):
        assert wesend(*taken, "--csv", tmp_path / f"{number}.csv").code == 0
        assert wesend(*taken).code == 0, "nothing is taken away"
    told = rows(app, "SELECT action, subject, actor FROM audit_log ORDER BY id LIMIT 1000 OFFSET ?", before)
    assert told == [("export", f"{number}.csv", "cli") for number in range(4)]
