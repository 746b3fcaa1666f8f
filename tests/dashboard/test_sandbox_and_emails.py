"""The sandbox's phones and what may be made to happen to them; e-mail as its readers see it, held in a frame."""

from __future__ import annotations

import re

import pytest

from wesend.messages.email import compose as mail
from wesend.wallets import service as wallets

from ..support.accounts import mint, wesendall_of
from ..support.dashboard import Visitor, make_user, text_of

HOSTILE = "<p>Hello <a href='https://example.com/x'>link</a></p><script>alert(1)</script>"


@pytest.fixture
def shop(app):
    return mint(app, balance="10000")


@pytest.fixture
def member(app, shop):
    return Visitor(app, make_user(app, "member", shop.account_id))


def uid_on(page) -> str:
    return re.search(r'/messages/([0-9a-f-]{36})"', page.text)[1]


def test_phones_show_what_they_got_as_text(app, shop, member):
    wesendall_of(app, shop).send("0712000001", message="<b>One</b>")
    wesendall_of(app, shop).send("0712000002", message="Two")
    page = member.get("/sandbox-phones?phone=256712000001")
    assert "<b>One" not in page.text and "&lt;b&gt;One" in page.text
    assert "0000099" in text_of(page) and "+256712000002" in text_of(page)
    assert "No phone has got anything" in text_of(
        Visitor(app, make_user(app, "owner", mint(app).account_id)).get("/sandbox-phones")
    )


def test_what_a_phone_got_in_one_instant_is_shown_as_it_came(app, shop, member, clock):
    for text in ("Alpha", "Bravo", "Charlie"):
        wesendall_of(app, shop).send("0712000001", message=text)
    page = text_of(member.get("/sandbox-phones?phone=256712000001"))
    conversation = page[page.rindex("Alpha") :]
    assert conversation.index("Alpha") < conversation.index("Bravo") < conversation.index("Charlie")


def test_writing_to_a_simulated_phone_begins_with_the_sandboxs_wallet_or_is_not_offered(app, member):
    live = mint(app, is_sandbox=False)
    owner = Visitor(app, make_user(app, "owner", live.account_id))
    page = owner.get("/sandbox-phones")
    assert "This account has none" in text_of(page) and "Write" not in text_of(page).partition("How these phones behave")[0]
    with app.app_context():
        box = wallets.create_wallet(account_id=live.account_id, currency="UGX", is_sandbox=True, actor="test")
    page = owner.get("/sandbox-phones")
    assert page.text.count(f'href="/compose?wallet={box.uid}"') == 2
    assert f'<option selected value="{box.uid}"' in owner.get(f"/compose?wallet={box.uid}").text
    assert f'<option selected value="{live.wallet}"' in owner.get("/compose?wallet=wal_elsewhere").text


def test_an_answer_of_stop_leaves_the_phone_alone_until_it_says_start(app, shop, member):
    wesendall_of(app, shop).send("0712000001")
    page = member.follow("/sandbox-phones/answer", phone="+256712000001", text="STOP")
    assert "STOP" in text_of(page)
    assert "+256712000001" in text_of(member.get("/contacts/opt-outs"))
    assert "answered STOP" in text_of(member.get("/contacts/opt-outs"))
    member.follow("/sandbox-phones/answer", phone="+256712000001", text="START")
    assert "Nobody opted out" in text_of(member.get("/contacts/opt-outs"))


def test_a_receipt_is_simulated_for_a_message_that_waits_for_one(app, shop, member):
    wesendall_of(app, shop).send("0710000055")
    uid = uid_on(member.get("/sandbox-phones"))
    member.follow("/sandbox-phones/receipt", uid=uid, status="failed", phone="+256710000055")
    shown = text_of(member.get(f"/messages/{uid}"))
    assert "UNDELIV" in shown and "failed" in shown


def test_a_payment_is_simulated_for_a_payer_who_never_answers(app, shop, member, jobs):
    page = member.follow(f"/wallets/{shop.wallet}/top-up", amount="500", phone="0770000055", provider="")
    uid = page.request.path.rsplit("/", 1)[-1]
    assert "is asked for UGX 500" in text_of(member.get("/sandbox-phones"))
    for _ in range(2):
        member.post("/sandbox-phones/payment", deposit=uid, phone="")
    assert "UGX 10,500" in text_of(member.get("/wallets"))


def test_nothing_of_another_account_or_of_a_live_wallet_is_simulated(app, shop, member, owner):
    wesendall_of(app, shop).send("0710000055")
    uid = uid_on(member.get("/sandbox-phones"))
    deposit = member.follow(f"/wallets/{shop.wallet}/top-up", amount="5", phone="0770000055", provider="").request.path[-36:]
    stranger = Visitor(app, make_user(app, "owner", mint(app).account_id))
    assert stranger.post("/sandbox-phones/receipt", uid=uid, status="delivered").status_code == 404
    assert stranger.post("/sandbox-phones/payment", deposit=deposit).status_code == 409


@pytest.fixture
def reader(app):
    """An owner whose account has sent an HTML mail by the World Ledgers API, and the mail's id."""
    minted = mint(app, "worldledgers", currency="SMS", balance="100")
    answer = app.test_client().post(
        "/api/v1/communication/email",
        headers={"X-API-Key": minted.credentials.secret},
        json={"subject": "News <1>", "message": HOSTILE, "recipients": ["ann@example.com"]},
    )
    assert answer.status_code < 300, answer.text
    visitor = Visitor(app, make_user(app, "owner", minted.account_id))
    uid = re.search(r'/emails/([0-9a-f-]{36})"', visitor.get("/emails").text)[1]
    return visitor, uid


def test_a_mails_html_stays_in_a_frame_that_runs_and_loads_nothing(reader):
    visitor, uid = reader
    page = visitor.get(f"/emails/{uid}")
    assert "<script>alert" not in page.text and re.search(r'<iframe[^>]*sandbox=""', page.text)
    assert "News <1>" not in page.text and "Message-ID" in text_of(page) and "Hello link (https://example.com/x)" in text_of(page)
    framed = visitor.get(f"/emails/{uid}/html")
    policy = framed.headers["Content-Security-Policy"]
    assert HOSTILE in framed.text and "default-src 'none'" in policy and policy.endswith("sandbox")
    assert "script-src" not in policy and "img-src data:" in policy and "/t/" not in framed.text


def test_opens_and_clicks_are_shown_and_looking_at_it_here_is_none(reader, app, jobs):
    visitor, uid = reader
    jobs.dispatch()
    visitor.get(f"/emails/{uid}/html")
    assert "Not opened yet" in text_of(visitor.get(f"/emails/{uid}"))
    with app.app_context():
        from wesend.database import query

        message_id = query("SELECT id FROM messages WHERE uid = ?", (uid,))[0][0]
        token = mail.tracking_url(mail.CLICK, message_id, 0).rsplit("/t/", 1)[1]
    assert app.test_client().get(f"/t/{token}").status_code == 302
    shown = text_of(visitor.get(f"/emails/{uid}"))
    assert "Opened" in shown and "followed" in shown and "not followed" not in shown
    assert "1 link followed" in text_of(visitor.get("/emails"))


def test_mail_is_found_by_address_subject_and_text(reader):
    visitor, _ = reader
    for typed in ("ANN@", "news", "hello"):
        assert "ann@example.com" in text_of(visitor.get("/emails", query_string={"q": typed})), typed
    assert "Nothing fits" in text_of(visitor.get("/emails?q=zzz"))


def test_another_accounts_mail_does_not_exist(reader, member):
    _, uid = reader
    assert member.get(f"/emails/{uid}").status_code == 404 and member.get(f"/emails/{uid}/html").status_code == 404
