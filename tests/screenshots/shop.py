"""A shop with two weeks behind it: everything was sent through the API and delivered by receipts, at its own time."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask

from wesend.cli import group as commands
from wesend.core import clock
from wesend.messages.receipts import inbox as receipt_inbox

from ..conftest import close, make_app
from ..support.apis import Wesendall
from .carrier import Carrier

DAYS = 14
A_DAY = 86_400
NAMES = (
    "Grace Akello",
    "Moses Okot",
    "Sarah Nambi",
    "Peter Mugisha",
    "Joan Atim",
    "David Ssali",
    "Ruth Kyomugisha",
    "Isaac Opio",
    "Mary Nakato",
    "Brian Tumwine",
)
TOWNS = ("Kampala", "Gulu", "Jinja", "Mbarara", "Arua")
TEXTS = (
    "Your Acacia code is {code}. It ends in 5 minutes.",
    "Your prescription {order} is ready. We are open until 20:00.",
    "Order {order} is on its way and arrives before 17:00 today.",
    "Thank you for your payment of UGX {amount},000 for order {order}.",
)


class Shop(NamedTuple):
    account_id: int
    wallet: str
    key: str
    secret: str
    callback: str


def phone(index: int) -> str:
    """Numbers of a block that nobody has: 0700 000 …"""
    return f"+2567000{index:05d}"


def contacts(size: int) -> str:
    rows = (f"{phone(n)},{NAMES[n % len(NAMES)]},{TOWNS[n % len(TOWNS)]}" for n in range(size))
    abroad = (f"+2547000{n:05d},{NAMES[n % len(NAMES)]},Nairobi" for n in range(size // 6))
    return "phone,name,town\n" + "\n".join([*rows, *abroad]) + "\n"


def fill(migrated: Path, instance: Path, carrier: Carrier) -> Shop:
    """The shop in a new instance folder, copied from a migrated one."""
    shutil.copytree(migrated, instance)
    instance.chmod(0o700)
    app = make_app(instance, WESEND_RETRY_DELAYS="1,4")
    moment = time.time() - DAYS * A_DAY
    clock.use(lambda: moment)
    try:
        shop = _open(app, carrier, instance)
        api = Wesendall(app.test_client(), shop.key, shop.secret, shop.wallet)
        for at, recipients, text in _sends(time.time() - 240):
            moment = at
            answer = api.send(recipients, text)
            assert answer.status_code == 200, answer.text
            moment += 3
            carrier.report(lambda form: _receipt(app, shop, form))
            with app.app_context():
                receipt_inbox.match_new()
    finally:
        clock.use(None)
        close(app)
    return shop


def _open(app: Flask, carrier: Carrier, instance: Path) -> Shop:
    def wesend(*words: str) -> dict:
        done = app.test_cli_runner().invoke(commands, [*words, "--json"])
        assert done.exit_code == 0, done.output
        return app.json.loads(done.stdout)

    account = str(wesend("account", "create", "Acacia Pharmacy", "--country", "UG")["account_id"])
    wallet = wesend("wallet", "create", "--account", account, "--currency", "UGX")["wallet_id"]
    wesend("wallet", "credit", wallet, "150000", "--note", "Paid in cash")
    gateway = wesend(
        "gateway",
        "set",
        "africastalking",
        "--type",
        "africastalking",
        "--option",
        "username=acacia",
        "--option",
        f"base_url={carrier.url}",
        "--secret",
        "api_key=secret",
    )
    for code, country, price, currency in (("ESMS_UG", "UG", "35", "UGX"), ("ESMS_KE", "KE", "1.20", "KES")):
        wesend(
            "route",
            "set",
            code,
            "--country",
            country,
            "--gateway",
            "africastalking",
            "--price",
            price,
            "--currency",
            currency,
            "--default-sender",
            "ACACIA",
        )
    for currency, per_usd in (("UGX", "3720"), ("KES", "124")):
        wesend("rate", "set", currency, per_usd)
    wesend("sender", "add", "--account", account, "--name", "ACACIA", "--countries", "UG,KE", "--approve")
    listed = instance.parent / "contacts.csv"
    listed.write_text(contacts(240))
    wesend("group", "create", "--account", account, "Regular customers", "--csv", str(listed))
    key = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "wesendall", "--name", "Till")
    return Shop(int(account), wallet, key["api_key"], key["api_secret"], urlsplit(gateway["callback_url"]).path)


def _receipt(app: Flask, shop: Shop, form: dict[str, str]) -> None:
    assert app.test_client().post(shop.callback, data=form).status_code < 300


def _sends(until: float) -> list[tuple[float, list[str], str]]:
    """(when, to whom, text): more by the week, fewer on Sundays, a round of reminders every third day."""
    chosen = random.Random(11)
    found = []
    for day in range(DAYS):
        begin = until - (DAYS - 1 - day) * A_DAY - 6 * 3600
        singles = (14 + day) // (2 if time.gmtime(begin).tm_wday == 6 else 1)
        for at in sorted(begin + chosen.random() * 6 * 3600 for _ in range(singles)):
            text = chosen.choice(TEXTS).format(
                code=chosen.randrange(10**5, 10**6), order=chosen.randrange(1000, 9999), amount=chosen.randrange(5, 80)
            )
            found.append((at, [phone(chosen.randrange(240))], text))
        if day % 3 == 0:
            found.append(
                (begin - 60, [phone(n) for n in range(40 + day)], "Acacia: your monthly refill is due. Reply STOP to end.")
            )
    return sorted(found)
