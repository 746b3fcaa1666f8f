"""Whose language a page, a mail and a code are in; and that nothing but pages and messages has another one than English."""

from __future__ import annotations

import ast
import re

import pytest

from wesend.accounts import languages
from wesend.accounts.roles import MEMBER
from wesend.core import clock
from wesend.database import write
from wesend.gateways import service as gateways
from wesend.operations import alerts, carrier_alerts, new_devices, notice_alerts
from wesend.wallets import service as wallets

from ..support import source
from ..support.accounts import mint
from ..support.dashboard import Visitor, give_password, make_user, text_of
from ..support.domain import send as send_sms
from ..support.mail import MailServer

SWAHILI = {"Accept-Language": "sw-KE,sw;q=0.9,en;q=0.5"}


def language_of(page) -> str:
    return re.search(r'<html lang="(\w+)">', page.text)[1]


# -- whose choice it is ------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("sw-KE,sw;q=0.9,en;q=0.5", "sw"), ("en-GB,sw;q=0.5", "en"), ("fr,sw;q=0.3", "sw"), ("fr", "en"), ("", "en"), ("*", "en")],
)
def test_a_browser_gets_the_best_of_ours_that_it_asks_for(stranger, asked, spoken):
    page = stranger.get("/sign-in", headers={"Accept-Language": asked})
    assert language_of(page) == spoken
    assert ("Ingia" if spoken == "sw" else "Sign in") in text_of(page)


def test_what_a_user_chooses_goes_before_what_the_browser_asks_for_in_every_browser(app, owner):
    assert "Wallets" in text_of(owner.get("/wallets"))
    owner.post("/language", language="sw")
    page = owner.get("/wallets", headers={"Accept-Language": "en"})
    assert language_of(page) == "sw" and "Pochi" in text_of(page) and "Wallets" not in text_of(page)
    assert "Pochi" in text_of(Visitor(app, owner.user).get("/wallets"))
    owner.post("/language", language="en")
    assert "Wallets" in text_of(owner.get("/wallets", headers=SWAHILI))


def test_somebody_who_is_not_signed_in_chooses_for_the_session(stranger):
    assert stranger.post("/language", language="sw").status_code == 303
    assert "Ingia" in text_of(stranger.get("/sign-in"))


def test_a_language_that_is_not_there_changes_nothing(owner):
    owner.post("/language", language="xx")
    assert language_of(owner.get("/")) == "en"


def test_an_accounts_language_is_its_peoples_who_chose_none(app, shop, owner, member):
    owner.post("/language", language="en")
    assert "The language of wesendall UG is set" in text_of(owner.follow("/language/account", language="sw"))
    assert language_of(member.get("/")) == "sw" and language_of(owner.get("/")) == "en"
    other = Visitor(app, make_user(app, MEMBER, mint(app, "esms").account_id))
    assert language_of(other.get("/")) == "en"
    owner.post("/language/account", language="")
    assert language_of(member.get("/")) == "en" and language_of(member.get("/", headers=SWAHILI)) == "sw"


def test_only_an_owner_chooses_for_the_account(member):
    assert member.post("/language/account", language="sw").status_code == 403


# -- what is said in it -------------------------------------------------------------


def test_refusals_of_forms_and_of_domains_are_told_in_it(owner):
    owner.post("/language", language="sw")
    assert "Tafadhali jaza hapa" in text_of(owner.post("/contacts", name=""))
    assert "si anwani ya barua pepe" in text_of(owner.post("/people", email="nonsense", role=MEMBER))
    assert "Hakuna ukurasa kama huo" in text_of(owner.get("/no-such-page"))


def test_figures_money_dates_and_countries_are_as_the_language_writes_them(app, operator):
    box = mint(app, balance="1234567.5")
    with app.app_context():
        send_sms(wallets.find_wallet(box.wallet, actor="test"), "+256712000001", in_request=True)
    operator.pick(box.account_id).post("/language", language="sw")
    shown = text_of(operator.get("/"))
    assert "UGX 1,234,532.50" in shown and "Zilizotumwa leo 1" in shown and "sasa hivi" in operator.get("/messages").text


def test_a_page_that_was_drawn_in_english_first_is_drawn_in_the_next_language(owner):
    assert " active " in text_of(owner.get("/keys"))
    owner.post("/language", language="sw")
    assert " hai " in text_of(owner.get("/keys"))


def test_apis_files_and_webhooks_are_english_whatever_is_asked_for(app, owner, shop):
    owner.post("/language", language="sw")
    for path in ("/messages/export", f"/wallets/{shop.wallet}/statement"):
        assert owner.get(path).text == owner.get(path, headers=SWAHILI).text
    client = app.test_client()
    for path, body in (("/api/v1/sms/send", {}), ("/api/v1/sms/send", {"walletId": "x", "recipient": "x", "message": ""})):
        answers = [client.post(path, json=body, headers=headers).data for headers in ({}, SWAHILI)]
        assert answers[0] == answers[1]
    answer = client.get("/api/v1/account/balance", headers=SWAHILI)
    assert b"API" in answer.data and b"Utambulisho" not in answer.data and "Cookie" not in answer.headers.get("Vary", "")


# -- messages of our own --------------------------------------------------------------


@pytest.fixture
def mail_server():
    with MailServer() as server:
        yield server


@pytest.fixture
def mailing_app(app_with, mail_server):
    return app_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}", WESEND_MAIL_FROM="wesend@example.org")


def test_a_mail_is_in_the_language_of_whoever_gets_it(mailing_app, mail_server):
    box = mint(mailing_app, is_sandbox=False)
    ann = give_password(mailing_app, make_user(mailing_app, MEMBER, box.account_id, email="ann@example.com"))
    ben = give_password(mailing_app, make_user(mailing_app, MEMBER, box.account_id, email="ben@example.com"))
    with mailing_app.app_context():
        languages.choose(ann, "sw")
    for user in (ann, ben):
        visitor = Visitor(mailing_app)
        visitor.get("/sign-in", headers=SWAHILI)
        visitor.post("/sign-in", email=user.email, password="correct horse battery")
    with mailing_app.app_context():
        new_devices.tell()
    subjects = {mail.to[0]: mail.message["Subject"] for mail in mail_server.taken}
    assert subjects == {
        "ann@example.com": "Kuna aliyeingia wesend kama wewe kutoka kifaa kipya",
        "ben@example.com": "Somebody signed in to wesend as you from a new device",
    }


def test_an_alert_to_an_address_of_nobody_is_in_the_accounts_language(mailing_app, mail_server):
    box = mint(mailing_app, is_sandbox=False, balance="100")
    with mailing_app.app_context():
        languages.choose_for_account(box.account_id, "sw", actor="test")
        wallet = wallets.find_wallet(box.wallet, actor="test")
        wallets.set_low_balance(wallet, 200_000_000, "cash@example.com", actor="test")
        alerts.tell_of_low_balances()
    (mail,) = mail_server.taken
    assert mail.message["Subject"] == f"Pochi {box.wallet} ina salio dogo: zimebaki 100 UGX"
    assert "uliomba kuambiwa" in mail.message.get_content()


def test_an_invitation_is_in_the_language_of_the_account(mailing_app, mail_server):
    box = mint(mailing_app, is_sandbox=False)
    operator = Visitor(mailing_app, make_user(mailing_app))
    operator.pick(box.account_id)
    with mailing_app.app_context():
        languages.choose_for_account(box.account_id, "sw", actor="test")
    operator.post("/people", email="cal@example.com", role=MEMBER)
    (mail,) = mail_server.taken
    assert mail.to == ["cal@example.com"] and mail.message["Subject"] == "Mwaliko wa wesend"
    assert "Chagua nywila yako hapa" in mail.message.get_content() and "/sign-in/" in mail.message.get_content()


RESTS = "INSERT INTO gateway_health (gateway, rests_until, last_error) VALUES (?, ?, ?)"


def test_an_operators_alert_and_that_it_is_over_are_in_the_operators_language(app_with, mail_server, clock):
    port = mail_server.port
    app = app_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{port}", WESEND_MAIL_FROM="w@example.org", WESEND_ALERT_MAIL="op@example.com")
    operator = make_user(app, email="op@example.com")
    with app.app_context():
        languages.choose(operator, "sw")
        until = int((clock() + 600) * 1000)
        write(
            lambda tx: tx.run("INSERT INTO gateway_health (gateway, rests_until, last_error) VALUES ('at', ?, 'refused')", (until,))
        )
        notice_alerts.tell()
        clock.advance(601)
        notice_alerts.tell()
    raised, over = (mail.message["Subject"] for mail in mail_server.taken)
    assert (raised, over) == ("Lango at limepumzika: refused", "Imekwisha: Lango at limepumzika: refused")


BALANCE = "INSERT INTO gateway_balances (gateway, amount_micros, told_at, asked_at, low_since) VALUES (?, ?, ?, ?, ?)"


def test_credits_at_a_vendor_are_told_of_in_the_operators_language(app_with, mail_server):
    port = mail_server.port
    app = app_with(WESEND_SMTP_URL=f"smtp://127.0.0.1:{port}", WESEND_MAIL_FROM="w@example.org", WESEND_ALERT_MAIL="op@example.com")
    operator = make_user(app, email="op@example.com")
    with app.app_context():
        languages.choose(operator, "sw")
        secrets = {"api_key": "k", "secret_key": "s"}
        gateways.set_gateway("at", "beem", {"balance_alert": "50"}, secrets, actor="test")
        write(lambda tx: tx.run(BALANCE, ("at", 40_000_000, 1, 1, 1)))
        carrier_alerts.tell()
    (mail,) = mail_server.taken
    assert mail.message["Subject"] == "Lango at lina salio dogo: zimebaki 40 krediti"
    assert "krediti" in mail.message.get_content() and "credits" not in mail.message.get_content()


def test_what_is_flashed_goes_through_the_catalogue():
    """A constant that is flashed as it stands is English for everybody."""
    bare = [
        f"{path.name}:{node.lineno}"
        for path in sorted((source.PACKAGE / "dashboard").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "flash"
        if isinstance(node.args[0], ast.Constant)
    ]
    assert bare == []


def test_what_a_mail_is_told_after_its_buttons_is_in_it(mailing_app, mail_server):
    account = mint(mailing_app)
    writer = make_user(mailing_app, MEMBER, account.account_id)
    with mailing_app.app_context():
        languages.choose(writer, "sw")
    visitor = Visitor(mailing_app, writer)
    uid = re.search(r'name="uid"[^>]*value="([^"]+)"', visitor.get("/emails/write").text)[1]
    form = {
        "uid": uid,
        "wallet": account.wallet,
        "subject": "Hi",
        "text": "Hello",
        "format": "plain",
        "addresses": "ann@example.com",
    }
    visitor.post("/emails/write", **form, when="scheduled", at=clock.iso(clock.now_ms() + clock.DAY)[:16])
    (mail,) = re.findall(r"/emails/([0-9a-f-]{36})", visitor.get("/emails").text)[:1]
    assert "Imeghairiwa: haitatumwa." in text_of(visitor.follow(f"/emails/{mail}/cancel"))
