"""No page says anything that is in no catalogue: everybody's pages, in a language in which all that is translated is marked."""

from __future__ import annotations

import re
from io import BytesIO

import pyotp
import pytest
from babel import Locale
from flask import Flask
from werkzeug.exceptions import HTTPException

from wesend.accounts import api_calls
from wesend.accounts.roles import MEMBER, OPERATOR, OWNER
from wesend.core import catalogues, clock, networks
from wesend.database import query
from wesend.gateways import registry
from wesend.operations import host_checks
from wesend.wallets import service as wallets

from ..support.accounts import Minted, mint, wesendall_of
from ..support.dashboard import PASSWORD, Visitor, give_password, make_user
from ..support.domain import send as send_sms
from ..support.untranslated import Marked, untranslated

NAMES = frozenset(
    """
    wesend API APIs SMS HTTP HTTPS URL URLs CSV Excel PDF JSON UTF GSM UGX KES USD SMPP TLS SMSC SMTP ID UUID QR PIN MSISDN IANA
    ISO UTC IP MB GB kB ms Wesendall Wasambazie Nguzo World Ledgers WorldLedgers eSMS Wasambaa English Kiswahili Unicode Africa
    Kampala UG KE TZ RW MTN Airtel SQLite PostgreSQL portal webhook-id json form messaging bulk transceiver transmitter receiver
    """.split()
)
"""Proper names, acronyms of the trade, and codes: the same in every language."""
DATA = frozenset(
    [
        "wesendall",
        "wesendall UG",
        "esms UG",
        "esms",
        "Parents",
        "Ann Otim",
        "Ann",
        "Ben",
        "Gulu",
        "town",
        "MyShop",
        "Friday",
        "News",
        "Radio",
        "VOTE",
        "radio-1",
        "MyApp",
        "Hello",
        "MyBrand",
        "token",
        "Token",
        "tests",
    ]
)
"""What these people typed, the sandbox's own sender, and the browser of their sessions."""
GROUP = "2"
"""The sandbox has one already."""
FILES = re.compile(r"export|download|rejected|show_html|static$|statement$")
"""Views that give files, by their names."""


LOCALE = Locale.parse("sw")
OF_THE_LOCALE = frozenset([*LOCALE.territories.values(), *LOCALE.months["format"]["abbreviated"].values()])
"""Written by Babel."""


class Reader(Visitor):
    """Reads every page that answers in the language of the marks, and keeps what is in no catalogue."""

    def __init__(self, app: Flask, user=None):
        super().__init__(app, user)
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "sw"
        with app.app_context():
            titles = {kind.title for kind in registry.known_types().values()}
            # What the server says of itself is the same in every language.
            postgresql = {row[0] for row in query("SHOW server_version")} if app.config["WESEND"].database_url else set()
        known = {name.title() for country in networks.countries() for name in networks.plan_of(country) if name}
        self.names = (
            NAMES | DATA | OF_THE_LOCALE | titles | known | postgresql | {f"sandbox{end}" for end in ("", "-money", "-mail")}
        )
        self.faults: dict[str, str] = {}
        self.opened: set[str] = set()

    def _open(self, path: str, **options):
        answer = super()._open(path, **options)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            for text in untranslated(answer.text, self.names):
                self.faults.setdefault(text, path)
            self.opened |= self._endpoint(path.split("?")[0])
        return answer

    def _endpoint(self, path: str) -> set[str]:
        try:
            return {self.app.url_map.bind("localhost").match(path, "GET")[0]}
        except HTTPException:  # what is only posted to
            return set()

    def read(self, *paths: str) -> None:
        for path in paths:
            assert self.get(path).status_code in (200, 302, 303, 404, 410), path

    def follow(self, path: str, /, **fields):
        """Post, and read the page that it leads to, if it leads to one."""
        answer = self.post(path, **fields)
        return self.get(answer.headers["Location"]) if answer.status_code == 303 else answer


@pytest.fixture(autouse=True)
def marked(monkeypatch):
    """All that is translated is between marks. The kind of the file system is a name, whichever this machine has."""
    monkeypatch.setattr(catalogues, "of", lambda _language: Marked())
    monkeypatch.setattr(host_checks, "_kind_of", lambda _folder: "ext4")


@pytest.fixture
def box(app) -> Minted:
    return mint(app)


def told(reader: Reader) -> str:
    return "\n".join(f"{path}: {text!r}" for text, path in reader.faults.items())


def fill_contacts(reader: Reader) -> None:
    rows = b"phone,name,town\n0712000001,Ann Otim,Gulu\n0712000002,Ben,\n0700000099,Ben,\nnonsense,Cal,\n0712000001,Twice,\n"
    answer = reader.post("/contacts/import", files={"file": (BytesIO(rows), "Parents.csv")})
    path = answer.headers["Location"].split("?")[0]
    given = {"column-0": "phone", "column-1": "name", "column-2": "field", "group": "Parents", "country": "UG"}
    reader.get(path)
    reader.post(path, go="check", **given)
    reader.follow(path, go="import", **given)
    reader.follow("/contacts/opt-outs", number="+256712000009")


def fill_campaigns(reader: Reader, box: Minted) -> str:
    """The campaign's address."""
    page = reader.get("/campaigns/new")
    uid = re.search(r'name="uid" value="([^"]+)"', page.text)[1]
    given = {
        "uid": uid,
        "wallet": box.wallet,
        "group": GROUP,
        "name": "Friday",
        "text": "Ann {{first_name}} {{town}}",
        "when": "now",
    }
    for step, go in (("audience", "text"), ("text", "when"), ("when", "check")):
        reader.post("/campaigns/new", go=go, step=step, **given)
    reader.post("/campaigns/new", go="text", step="audience", **{**given, "wallet": ""})
    reader.post("/campaigns/new", go="test", step="text", my_phone="x", **given)
    reader.post("/campaigns/new", go="save_template", step="text", template_name="", **given)
    for when, more in (("scheduled", {"at": "x"}), ("drip", {"rate": "0"}), ("drip", {"rate": "5"})):
        reader.post("/campaigns/new", go="check", step="when", **{**given, "when": when, **more})
    reader.post("/campaigns/new", go="send", step="check", **given)
    reader.follow("/campaigns/new", go="send", step="check", confirmed="1", **given)
    return f"/campaigns/{uid}"


def read_as_owner(app, box, jobs) -> Reader:
    reader = Reader(app, make_user(app, OWNER, box.account_id))
    reader.read("/", "/start", "/messages", "/campaigns", "/contacts", "/emails", "/inbox", "/verifications", "/sandbox-phones")
    fill_contacts(reader)
    campaign = fill_campaigns(reader, box)
    with app.app_context():
        wallet = wallets.find_wallet(box.wallet, actor="test")
        send_sms(wallet, "+256712000001", "+256712000002", "+256700000099", in_request=True)
    jobs.settle()
    reader.read(
        campaign, f"{campaign}/again", "/campaigns", "/campaigns/templates", f"/contacts/{GROUP}", f"/contacts/{GROUP}?edit=1"
    )
    reader.read("/", "/messages", "/messages?q=nothing", "/sandbox-phones", "/sandbox-phones?phone=256712000001")
    with app.app_context():
        uids = [row["uid"] for row in query("SELECT uid FROM messages ORDER BY id DESC LIMIT 6")]
    reader.read(*(f"/messages/{uid}" for uid in uids))
    reader.post("/compose", wallet=box.wallet, numbers="0712000001, x", text="“Hello”", when="now", uid="x")
    reader.post("/compose", wallet=box.wallet, numbers="", text="", when="scheduled", uid="x")
    reader.read(
        "/compose",
        "/emails/write",
        "/emails",
        "/contacts/search",
        "/contacts/search?q=Friday",
        "/contacts/import",
        "/contacts/opt-outs",
    )
    reader.post("/keys", api="wesendall", wallet=box.wallet, name="MyShop", scopes=["send"])
    reader.post("/keys", api="wesendall", wallet=box.wallet, name="MyShop")
    reader.read("/keys", f"/keys/{box.key_id}/limits", "/keys/commands", "/smpp", "/calls", "/audit", "/people-data")
    reader.follow(f"/keys/{box.key_id}/roll")
    reader.post("/senders", name="")
    reader.follow("/senders", name="MyShop", countries=["UG"], use_case="News")
    reader.post("/webhooks", format="wesendall", url="ftp://x")
    reader.post("/webhooks", format="wesendall", url="https://example.com/hook")
    reader.read("/senders", "/webhooks", "/webhooks/1", "/numbers")
    reader.follow("/webhooks/1/test")
    asked = {
        "country": "UG",
        "kind": "shared",
        "keyword": "vote",
        "company_name": "Radio",
        "use_case": "News",
        "wallet": box.wallet,
    }
    reader.follow("/numbers", **asked)
    reader.post("/numbers", **asked)
    reader.read("/numbers", "/numbers/1", "/people", "/security", "/security/confirm", "/password", "/wallets")
    reader.post("/people", email="ann@example.com", role=MEMBER)
    reader.post("/people", email="nonsense", role=MEMBER)
    with app.app_context():
        ann = query("SELECT id FROM users WHERE email = 'ann@example.com'")[0]["id"]
    reader.read(f"/operator/users/{ann}/rights")
    form = {"wallet": box.wallet, "subject": "News", "format": "plain", "text": "Hello", "when": "now"}
    for addresses in ("ann@example.com", "nonsense"):
        uid = re.search(r'name="uid"[^>]*value="([^"]+)"', reader.get("/emails/write").text)
        reader.follow("/emails/write", uid=uid[1], addresses=addresses, **form)
    with app.app_context():
        mail = query("SELECT uid FROM messages WHERE channel = 'email'")[0]["uid"]
        told_of = query("SELECT uid FROM webhook_deliveries")[0]["uid"]
    reader.read(f"/emails/{mail}", f"/webhooks/deliveries/{told_of}")
    reader.post("/password", old="x", password="short")
    wallet_page = f"/wallets/{box.wallet}"
    reader.follow(f"{wallet_page}/top-up", amount="500", phone="+256712000055", provider="")
    reader.post(f"{wallet_page}/top-up", amount="x", phone="x")
    reader.read(
        wallet_page, f"{wallet_page}/statements", "/verifications", "/no-such-page", "/security/app", "/security/passkeys/new"
    )
    month = clock.iso(clock.now_ms())[:7]
    reader.read(f"{wallet_page}/statements/{month}")
    reader.post("/language/account", language="sw")
    read_calls(reader, box)
    return reader


def read_calls(reader: Reader, box: Minted) -> None:
    """One that succeeded and one that was refused, with their bodies and without."""
    api = wesendall_of(reader.app, box)
    for on in ("0", "1"):
        reader.follow("/calls/bodies", on=on)
        api.send("+256712000001", "Hello")
        api.send("nobody", "Hello")
    with reader.app.app_context():
        api_calls.here().flush()
        ids = [row["id"] for row in query("SELECT id FROM api_calls ORDER BY id")]
    assert len(ids) == 4
    reader.read("/calls", f"/calls?key={box.key_id}&status=4xx", *(f"/calls/{call_id}" for call_id in ids))


def read_deposits(reader: Reader, box: Minted) -> None:
    """The owner's: waited for, asked about, given up, and credited by hand; and what the gateway refused."""
    owner = Visitor(reader.app, make_user(reader.app, OWNER, box.account_id))
    for phone in ("+256712000055", "+256712000056", "+256700000099"):
        owner.post(f"/wallets/{box.wallet}/top-up", amount="500", phone=phone, provider="")
    with reader.app.app_context():
        ids = [row["id"] for row in query("SELECT id FROM deposits ORDER BY id DESC LIMIT 3")]
    for deposit_id in ids:
        page = f"/operator/deposits/{deposit_id}"
        reader.read(page)
        reader.post(page, amount="x", note="")
        reader.follow(f"{page}/ask")
        reader.follow(f"{page}/give-up")
        reader.follow(f"{page}/give-up")
        reader.follow(page, amount="500", note="News")
        reader.follow(page, amount="500", note="News")
    reader.read(*(f"/operator/deposits?show={kind}" for kind in ("waiting", "unpaid", "paid")))


def read_as_operator(app, box, jobs) -> Reader:
    reader = Reader(app, make_user(app, OPERATOR))
    reader.read("/operator/accounts", "/operator/gateways", "/operator/routes", "/operator/senders", "/operator/users")
    reader.pick(box.account_id)
    with app.app_context():
        wallet = wallets.find_wallet(box.wallet, actor="test")
        send_sms(wallet, "+256712000001", "+256700000099", in_request=True)
    jobs.settle()
    at = f"/operator/accounts/{box.account_id}"
    reader.read("/", "/operator/accounts", at, f"{at}/limits", "/operator/search", "/operator/search?q=0712", "/operator/business")
    reader.post(f"{at}/limits", countries="XX", daily_limit="x", recipient_limit="x", burst_limit="x", quiet_hours="x")
    reader.follow(f"{at}/limits", countries="UG", daily_limit="500", recipient_limit="", burst_limit="", quiet_hours="21:00-07:00")
    reader.post(at, currency="XYZ")
    reader.post("/operator/accounts", name="", country="UG")
    for kind in ("http", "africastalking", "smpp", "marzsms", "twilio", "android", "mtn_momo"):
        reader.read(f"/operator/new-gateway/{kind}")
    given = {
        "options.url": "https://api.example.com/{token}",
        "options.body": '{"to": "{to}"}',
        "new.1.name": "token",
        "new.1.value": "x",
    }
    reader.post("/operator/new-gateway/http", name="")
    reader.follow("/operator/new-gateway/http", name="radio-1", **given)
    reader.read("/operator/new-gateway", "/operator/gateways", "/operator/gateways/radio-1", "/operator/gateways/radio-1/edit")
    reader.read("/operator/gateways/radio-1/remove", "/operator/gateways/sandbox")
    reader.post("/operator/gateways/radio-1/test", to="x", text="")
    route = {
        "code": "UG_1",
        "country": "UG",
        "gateway": "radio-1",
        "price": "30",
        "currency": "UGX",
        "priority": "1",
        "weight": "0",
    }
    reader.post("/operator/routes/new", **{**route, "price": "x", "priority": "x"})
    reader.follow("/operator/routes/new", **route)
    reader.follow("/operator/routes/UG_1/switch", on="0")
    reader.read("/operator/routes", "/operator/routes/new", "/operator/routes/UG_1", "/operator/rates", "/operator/price-lists")
    reader.post("/operator/price-lists", name="Friday", currency="UGX")
    reader.read("/operator/price-lists", "/operator/price-lists/Friday")
    reader.post("/operator/price-lists/Friday", country="UG", price="x", begins="x")
    reader.post("/operator/rates", currency="x", per_usd="x")
    reader.read("/operator/senders", "/operator/users", "/operator/two-way", "/operator/deposits", "/operator/unknown")
    reader.read("/operator/deposits?show=unpaid", "/operator/deposits?show=paid", "/operator/audit", "/operator/backups")
    reader.read("/operator/settings", "/audit", "/people", "/smpp", f"/wallets/{box.wallet}")
    reader.follow("/operator/settings/pause", reason="")
    reader.read("/", "/operator/settings")
    reader.post("/operator/users", email="nonsense", role=OPERATOR)
    reader.post("/operator/users", email="ann@example.com", role=OPERATOR)
    reader.post(f"/wallets/{box.wallet}", direction="credit", amount="x", note="")
    reader.follow(f"/wallets/{box.wallet}", direction="credit", amount="5", note="News")
    read_deposits(reader, box)
    reader.follow(f"{at}/suspend")
    reader.read(at, "/", "/compose")
    return reader


def read_half_way(app) -> Reader:
    """With the password given and the second factor still to come."""
    give_password(app, make_user(app, OPERATOR, email="grace@example.com"))
    at_home = Visitor(app)
    at_home.follow("/sign-in", email="grace@example.com", password=PASSWORD)
    secret = re.search(r'<code id="secret">(\w+)<', at_home.follow("/security/app/new").text)[1]
    assert at_home.post("/security/app", code=pyotp.TOTP(secret).now()).status_code == 200
    reader = Reader(app)
    reader.follow("/sign-in", email="grace@example.com", password=PASSWORD)
    reader.read("/sign-in/second-factor")
    for _ in range(7):
        reader.post("/sign-in/second-factor", code="000000")
    return reader


def read_as_nobody(app) -> Reader:
    reader = Reader(app)
    reader.read("/sign-in", "/sign-in/nonsense", "/no-such-page")
    reader.post("/sign-in", email="x", password="x")
    reader.post("/sign-in", email="", password="")
    return reader


def test_every_page_is_translated_whole(app, box, jobs):
    readers = [
        read_as_nobody(app),
        read_half_way(app),
        read_as_owner(app, box, jobs),
        read_as_operator(app, mint(app, "esms"), jobs),
    ]
    assert not any(reader.faults for reader in readers), "\n".join(map(told, readers))
    pages = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("dashboard.") and "GET" in rule.methods and not FILES.search(rule.endpoint)
    }
    assert pages - {endpoint for reader in readers for endpoint in reader.opened} == set()
