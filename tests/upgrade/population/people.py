"""Accounts, wallets, keys, people, sender IDs, gateways, routes and rates."""

from __future__ import annotations

from tests.support.dashboard import Visitor

from .places import PASSWORD, SMSC, VENDOR
from .world import World

SHOP, BANK, CLOSED, EMPTY, SOLO = 2, 3, 4, 5, 6
"""Ids of the accounts: live and sandbox money; credits; suspended; nothing at all; live money alone. 1 is the sandbox's own."""


def fill(world: World) -> None:
    world.cli("sandbox")
    for name, country in (("Shop", "UG"), ("Bank of Kenya", "KE"), ("Closed", "UG"), ("Empty", "TZ"), ("Solo", "UG")):
        world.cli("account", "create", name, "--country", country)
    _wallets(world)
    _keys(world)
    _users(world)
    _senders(world)
    _gateways(world)


def _wallets(world: World) -> None:
    for name, account, currency, amount, options in (
        ("shop", SHOP, "UGX", "100000", ()),
        ("shop test", SHOP, "UGX", "20000", ("--sandbox",)),
        ("shop kes", SHOP, "KES", "500.5", ()),
        ("bank", BANK, "SMS", "2000", ("--sms-rate", "1.8")),
        ("bank test", BANK, "SMS", "500", ("--sandbox", "--sms-rate", "2")),
        ("closed", CLOSED, "UGX", "5000", ()),
        ("shop xyz", SHOP, "XYZ", "100", ("--sandbox",)),
        ("shop none", SHOP, "UGX", None, ()),
        ("solo", SOLO, "UGX", "9000", ()),
    ):
        uid = world.cli("wallet", "create", "--account", account, "--currency", currency, *options)["wallet_id"]
        world.made["wallets"][name] = uid
        if amount:
            world.cli("wallet", "credit", uid, amount, "--note", "Paid in cash")
    world.cli("wallet", "debit", world.made["wallets"]["shop"], "250.25", "--note", "Put right")
    world.cli("wallet", "alert", world.made["wallets"]["shop"], "99900", "--mail", "boss@shop.example")


def _keys(world: World) -> None:
    for name, account, wallet, api, options in (
        ("wesendall", SHOP, "shop", "wesendall", ()),
        ("wesendall test", SHOP, "shop test", "wesendall", ()),
        ("wasambazie", SHOP, "shop", "wasambazie", ()),
        ("wasambazie test", SHOP, "shop test", "wasambazie", ()),
        ("esms", SHOP, "shop", "esms", ("--name", "Backend")),
        ("esms test", SHOP, "shop test", "esms", ()),
        ("worldledgers", BANK, "bank", "worldledgers", ()),
        ("worldledgers test", BANK, "bank test", "worldledgers", ()),
        ("esms bank", BANK, "bank", "esms", ()),
        ("xyz", SHOP, "shop xyz", "wesendall", ()),
        ("esms query", SHOP, "shop", "esms", ("--scopes", "query")),
        ("esms send", SHOP, "shop", "esms", ("--scopes", "send")),
        ("esms hooks", SHOP, "shop", "esms", ("--scopes", "webhooks,query")),
        ("closed", CLOSED, "closed", "esms", ()),
        ("revoked", SHOP, "shop", "wesendall", ()),
        ("esms solo", SOLO, "solo", "esms", ()),
        ("wesendall solo", SOLO, "solo", "wesendall", ()),
    ):
        made = world.cli("key", "create", "--account", account, "--wallet", world.made["wallets"][wallet], "--api", api, *options)
        world.made["keys"][name] = {**made, "wallet": wallet}
    world.cli("key", "revoke", world.made["keys"]["revoked"]["key_id"])


def _users(world: World) -> None:
    for email, options in (
        ("root@example.com", ()),
        ("owner@shop.example", ("--account", SHOP)),
        ("member@shop.example", ("--account", SHOP, "--role", "member")),
        ("owner@bank.example", ("--account", BANK)),
        ("owner@closed.example", ("--account", CLOSED)),
    ):
        url = world.cli("user", "create", email, *options)["sign_in_url"]
        visitor = Visitor(world.app)
        path = "/sign-in/" + url.rpartition("/")[2]
        visitor.get(path)
        assert visitor.post(path, password=PASSWORD).status_code == 303
        world.made["users"][email] = PASSWORD


def fill_last_day(world: World) -> None:
    """A link that is still open, and a password that is wrong."""
    world.made["link"] = world.cli("user", "create", "new@shop.example", "--account", SHOP)["sign_in_url"].rpartition("/")[2]
    stranger = Visitor(world.app)
    assert stranger.post("/sign-in", email="root@example.com", password="a guess of somebody").status_code == 401


def _senders(world: World) -> None:
    for account, name, countries in ((SHOP, "SHOPUG", "UG,KE"), (BANK, "BANKKE", "KE"), (CLOSED, "CLOSED", "UG")):
        world.cli("sender", "add", "--account", account, "--name", name, "--countries", countries, "--approve")
    world.call("esms", "POST", "/api/sender-ids", json={"name": "Waiting", "countries": ["UG"], "use_case": "Offers"})
    refused = world.cli("sender", "add", "--account", SHOP, "--name", "Bad", "--countries", "UG")["sender_id"]
    world.cli("sender", "reject", refused, "--reason", "Too short")
    page = world.page("owner@shop.example")
    assert page.post("/senders", name="PageName", countries="UG", use_case="By page").status_code == 303


def _gateways(world: World) -> None:
    vendor = f"http://127.0.0.1:{VENDOR}"
    for name, kind, options, secrets in (
        (
            "beem",
            "http",
            {
                "url": vendor + "/send",
                "body": '{"to": "{to}", "text": "{text}", "key": "{api_key}"}',
                "id_path": "id",
                "receipt_id": "id",
                "receipt_status": "status",
                "tps": "500",
            },
            {"api_key": "beem-secret"},
        ),
        ("at", "africastalking", {"username": "acme", "base_url": vendor}, {"api_key": "at-key"}),
        ("smsc", "smpp", {"host": "127.0.0.1", "port": SMSC, "system_id": "wesend", "reconnect": "0.05"}, {"password": "smsc-pw"}),
        ("phone", "android", {}, {"username": "phone", "password": "pw", "webhook_key": "wk"}),
        ("tw", "twilio", {"account_sid": "AC123", "from": "+15005550006"}, {"auth_token": "tw-token"}),
        ("marz", "marzsms", {}, {"api_key": "mk", "api_secret": "ms"}),
        ("pesa", "mpesa", {"shortcode": "174379"}, {"consumer_key": "ck", "consumer_secret": "cs", "passkey": "pk"}),
        (
            "momo",
            "momo",
            {"target_environment": "mtnuganda", "api_user": "user-uuid", "priority": "9"},
            {"subscription_key": "sub", "api_key": "key"},
        ),
        ("marzpay", "marzpay", {"base_url": vendor}, {"api_key": "mk", "api_secret": "ms", "webhook_secret": "mw"}),
    ):
        given = [f"--option={key}={value}" for key, value in options.items()]
        made = world.cli("gateway", "set", name, "--type", kind, *given, *(f"--secret={k}={v}" for k, v in secrets.items()))
        assert made["ok"], made
        world.made.setdefault("gateways", {})[name] = {"secrets": secrets, "callback": made["callback_url"]}
    for code, *options in (
        ("BEEM_UG", "--country=UG", "--gateway=beem", "--price=35", "--priority=-5"),
        (
            "MTN_UG",
            "--country=UG",
            "--gateway=smsc",
            "--price=40.5",
            "--prefix=25677",
            "--prefix=25678",
            "--default-sender=SHOPUG",
            "--refund-failed-delivery",
        ),
        ("BEEM_KE", "--country=KE", "--gateway=beem", "--price=0.8", "--priority=-1"),
        ("AT_KE", "--country=KE", "--gateway=at", "--price=0.9", "--priority=7"),
    ):
        world.cli("route", "set", code, *options, "--currency", "UGX" if code.endswith("UG") else "KES")
    world.cli("rate", "set", "UGX", "3726")
    world.cli("rate", "set", "KES", "129.5")
