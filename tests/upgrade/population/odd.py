"""What the landed version took without a bound, or in a form that later versions ask for otherwise; and the published sandbox."""

from __future__ import annotations

from tests.support.dashboard import Visitor
from wesend.core import clock
from wesend.sandbox.account import CREDENTIALS

from .contacts import upload
from .contacts_csv import CSV
from .hooks import AT
from .mails import write
from .people import BANK, SHOP, SOLO
from .places import HOOKS
from .world import World

SANDBOX = 1
COLUMNS, LENGTH = 150, 10_000
WEAK = "1234567890"
LARGE = "<p>Dear {first_name}</p>" + "<p>A large letter to everybody whom we know.</p>" * 4000


def fill(world: World) -> None:
    _wide_contacts(world)
    _weak_password(world)
    _same_senders(world)
    world.made["webhooks"]["token"] = {
        "format": "wesendall",
        **world.cli(
            "webhook",
            "add",
            "--account",
            SHOP,
            "--format",
            "wesendall",
            "--url",
            f"http://tok%3Aen@127.0.0.1:{HOOKS}/token?mail=a@b.example",
        ),
    }
    secrets = {"consumer_key": "ck", "consumer_secret": "cs", "passkey": "pk"}
    made = world.cli(
        "gateway",
        "set",
        "till",
        "--type",
        "mpesa",
        "--option=shortcode=174380",
        "--option=priority=50",
        "--option=transaction_type=CustomerBuyGoodsOnline",
        *(f"--secret={name}={value}" for name, value in secrets.items()),
    )
    world.made["gateways"]["till"] = {"secrets": secrets, "callback": made["callback_url"]}
    _published(world)


def _wide_contacts(world: World) -> None:
    names = ",".join(f"c{number}" for number in range(COLUMNS))
    row = ",".join(f"v{number}" for number in range(COLUMNS - 1))
    text = f"phone,name,{names}\n0755000401,Wide,{row},{'long ' * (LENGTH // 5)}\n"
    world.made["groups"]["wide"] = upload(world, "esms solo", "Wide", text)


def _weak_password(world: World) -> None:
    url = world.cli("user", "create", "weak@shop.example", "--account", SHOP, "--role", "member")["sign_in_url"]
    visitor, path = Visitor(world.app), "/sign-in/" + url.rpartition("/")[2]
    visitor.get(path)
    assert visitor.post(path, password=WEAK).status_code == 303
    world.made["users"]["weak@shop.example"] = WEAK


def _same_senders(world: World) -> None:
    """One name of two accounts, and one that a person takes for it."""
    for account, name, countries in ((BANK, "SHOPUG", "KE"), (SOLO, "SH0PUG", "UG")):
        world.cli("sender", "add", "--account", account, "--name", name, "--countries", countries, "--approve")


def _published(world: World) -> None:
    """Keys that everybody knows, and what somebody set with them."""
    published = world.cli("sandbox")
    for api in CREDENTIALS:
        given = {name: value for name, value in published[api].items() if isinstance(value, str) and name != "sender_id"}
        world.made["keys"][f"published {api}"] = {"api": api, **given, "wallet": f"published {api}"}
        world.made["wallets"][f"published {api}"] = f"wal_sandbox_{api}"
    world.call("published esms", "PUT", "/api/webhooks", json={"dlr_url": f"{AT}/published", "is_active": True})
    secret = world.call("published esms", "GET", "/api/webhooks")["signing_secret"]
    world.made["webhooks"]["published"] = {"secret": secret, "format": "esms"}
    world.made["groups"]["published"] = upload(world, "published esms", "Published", CSV)
    world.cli("opt-out", "add", "--account", SANDBOX, "0712000999")
    world.call("published esms", "POST", "/api/messages/send", json={"to": "+256712345678", "text": "Hello"})


def fill_last_day(world: World) -> None:
    at = clock.iso(clock.now_ms() + clock.DAY)
    to = ("large1@example.com", "large2@example.com")
    world.made["mails"]["large"] = write(world, "worldledgers", *to, message=LARGE, send_at=at)
