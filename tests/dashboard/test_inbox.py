"""The inbox, an account's numbers, and the operators' page of both."""

from __future__ import annotations

import re

import pytest

from wesend.core import money
from wesend.database import query
from wesend.gateways import service as gateways
from wesend.two_way import matching

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import make_route
from ..support.gateways import Vendor, set_up
from ..support.inbound import receive

PHONE, OTHER = "+256712345678", "+256772345678"


@pytest.fixture
def account_id(app):
    with app.app_context():
        return query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]


@pytest.fixture
def member(app, account_id) -> Visitor:
    return Visitor(app, make_user(app, "member", account_id))


@pytest.fixture
def owner(app, account_id) -> Visitor:
    return Visitor(app, make_user(app, "owner", account_id))


@pytest.fixture
def operator(app) -> Visitor:
    return Visitor(app, make_user(app, "operator"))


def write(app, text: str, phone: str = PHONE, to: str = "32811"):
    with app.app_context():
        return receive("sandbox", phone, to, text)


def first_open(visitor: Visitor, path: str = "/inbox") -> str:
    found = re.search(r'href="([^"]*open=\d+[^"]*)"', visitor.get(path).get_data(as_text=True))
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_an_empty_inbox_says_what_comes_here(member):
    assert "Nobody has written yet" in text_of(member.get("/inbox"))


def test_conversations_are_listed_the_latest_first_and_counted_while_unread(app, member, clock):
    write(app, "JOIN first")
    clock.advance(60)
    write(app, "JOIN second <b>", OTHER)
    page = text_of(member.get("/inbox"))
    assert page.index(OTHER) < page.index(PHONE)
    assert "JOIN second &lt;b&gt;" in page and "2 waiting" in page
    member.get(first_open(member))
    assert "1 waiting" in text_of(member.get("/inbox"))


def test_a_conversation_is_read_and_answered_once(app, member):
    write(app, "JOIN please")
    path = first_open(member)
    page = member.get(path).get_data(as_text=True)
    assert "JOIN please" in page and "Answer from 32811" in page
    uid = re.search(r'name="uid" value="([^"]+)"', page)[1]
    action = re.search(r'action="(/inbox/\d+/reply)"', page)[1]
    for _ in range(2):
        assert member.post(action, **{"uid": uid, "text": "Welcome"}).status_code == 303
    with app.app_context():
        assert [tuple(row) for row in query("SELECT sender, recipient, text FROM messages")] == [("32811", PHONE, "Welcome")]
    page = text_of(member.get(path))
    assert "Welcome" in page and "KES" in page
    told = member.post(action.replace("/reply", "/count"), **{"text": "Welcome"}).json
    assert (told["segments"], told["price"]) == ("1 segment", "KES 1.213")


def test_what_is_refused_is_told_and_what_was_written_stays(app, member):
    write(app, "JOIN please")
    page = member.get(first_open(member)).get_data(as_text=True)
    action = re.search(r'action="(/inbox/\d+/reply)"', page)[1]
    write(app, "JOIN STOP")
    uid = re.search(r'name="uid" value="([^"]+)"', page)[1]
    answer = member.post(action, **{"uid": uid, "text": "Still <there>?"})
    shown = text_of(member.get(answer.headers["Location"]))
    assert "Not sent: The recipient has opted out" in shown and "can’t be answered until it writes START" in shown


def test_filters_and_search(app, member):
    write(app, "JOIN pizza")
    write(app, "Where is my parcel?", OTHER, "21002")
    with app.app_context():
        service = query("SELECT id FROM two_way_services WHERE keyword = 'JOIN'")[0][0]
    page = text_of(member.get(f"/inbox?service={service}"))
    assert PHONE in page and OTHER not in page
    for word, found, other in (
        ("PARCEL", OTHER, PHONE),
        ("0712 345", PHONE, OTHER),
        ("ann", PHONE, OTHER),
        ("100%", "Nothing fits", PHONE),
    ):
        page = text_of(member.get("/inbox", query_string={"q": word}))
        assert found in page and other not in page, word
        assert "texts in the latest 5,000 messages that came in" in page
    write(app, "STOP", OTHER, "21002")
    assert PHONE not in text_of(member.get("/inbox?only=opted_out")) and OTHER in text_of(member.get("/inbox?only=opted_out"))
    member.get(first_open(member, "/inbox?only=unread"))
    assert len(re.findall(r"open=\d+", member.get("/inbox?only=unread").get_data(as_text=True))) == 1
    assert member.get("/inbox?before=nonsense&service=x&only=y").status_code == 200


def test_pages_go_on_where_the_last_one_ended(app, member, clock):
    for number in range(45):
        clock.advance(1)
        write(app, f"JOIN {number}", f"+2567123000{number:02}")
    page = member.get("/inbox").get_data(as_text=True)
    older = re.search(r'href="([^"]*before=[^"]*)" rel="next"', page)[1].replace("&amp;", "&")
    assert len(re.findall(r"\?open=\d+", page)) == 40
    assert len(re.findall(r"\?open=\d+", member.get(older).get_data(as_text=True))) == 5


def test_another_accounts_conversation_is_not_there(app, member):
    write(app, "JOIN me")
    path = first_open(member)
    stranger = Visitor(app, make_user(app, "member", mint(app, "esms").account_id))
    assert stranger.get(path).status_code == 404
    assert "Nobody has written yet" in text_of(stranger.get("/inbox"))


def test_a_conversation_without_a_number_is_answered_as_any_message(app, member, wesendall):
    assert wesendall.send(PHONE).status_code == 200
    write(app, "Who is this?", to="")
    page = member.get(first_open(member)).get_data(as_text=True)
    action, uid = re.search(r'action="(/inbox/\d+/reply)"', page)[1], re.search(r'name="uid" value="([^"]+)"', page)[1]
    member.post(action, **{"uid": uid, "text": "We are Shop"})
    with app.app_context():
        assert query("SELECT text FROM messages ORDER BY id DESC LIMIT 1")[0][0] == "We are Shop"


# -- numbers -----------------------------------------------------------------------------


def test_an_owner_asks_for_a_keyword_and_says_what_it_does(app, owner, member):
    asked = {"country": "UG", "kind": "shared", "keyword": "vote", "company_name": "Radio", "use_case": "People vote for songs"}
    with app.app_context():
        asked["wallet"] = query("SELECT uid FROM wallets WHERE currency = 'UGX' AND is_sandbox = 1")[0][0]
    for short in ("Polls", "Polls" + " " * 20):
        refused = text_of(owner.post("/numbers", **{**asked, "use_case": short}))
        assert "Say it in 10 to 4,000 characters" in refused and "use_case" not in refused
    assert "company_name" not in text_of(owner.post("/numbers", **{**asked, "company_name": "C" * 201}))
    assert owner.post("/numbers", **asked).status_code == 303
    assert "VOTE" in text_of(owner.get("/numbers"))
    assert "taken" in text_of(owner.post("/numbers", **asked))
    with app.app_context():
        service = query("SELECT id FROM two_way_services WHERE keyword = 'VOTE'")[0][0]
    changes = {"auto_reply_enabled": "y", "auto_reply_text": "Thank you", "help_text": "Radio", "forward_email": "a@example.com"}
    assert owner.post(f"/numbers/{service}", **changes).status_code == 303
    page = owner.get(f"/numbers/{service}").get_data(as_text=True)
    assert "Thank you" in page and "a@example.com" in page
    assert "needs a text" in text_of(owner.post(f"/numbers/{service}", **{"auto_reply_enabled": "y", "auto_reply_text": ""}))
    assert member.post(f"/numbers/{service}", **changes).status_code == 403
    assert owner.post(f"/numbers/{service}/cancel", **{"sure": "1"}).status_code == 303
    assert "Cancelled" in text_of(owner.get(f"/numbers/{service}")).title()


# -- operators ---------------------------------------------------------------------------


def test_an_operator_decides_prices_pauses_and_gives_away(app, operator, owner):
    with app.app_context():
        minted = mint(app, "esms", is_sandbox=False, balance="100000")
        set_up("africastalking", name="line")
        make_route("ESMS_UG", "line")
    shop = Visitor(app, make_user(app, "owner", minted.account_id))
    asked = {"country": "UG", "kind": "shared", "keyword": "SHOP", "company_name": "Shop", "use_case": "Customers ask things"}
    assert shop.post("/numbers", **{**asked, "wallet": minted.wallet}).status_code == 303
    page = text_of(operator.get("/operator/two-way"))
    assert "SHOP" in page and "Customers ask things" in page
    assert operator.post("/operator/two-way/prices", **{"country": "UG", "setup": "1", "inbound": "0.01"}).status_code == 303
    with app.app_context():
        service = query("SELECT id FROM two_way_services WHERE keyword = 'SHOP'")[0][0]
    bad = operator.post(f"/operator/two-way/{service}/approve", **{"number": "no", "gateway": "line"})
    assert "digits only" in text_of(operator.get(bad.headers["Location"]))
    operator.post(f"/operator/two-way/{service}/approve", **{"number": "8080", "gateway": "line", "help_text": "Shop"})
    with app.app_context():
        row = query("SELECT status, charged_micros FROM two_way_services WHERE id = ?", (service,))[0]
        assert tuple(row) == ("active", money.to_micros("3726"))
        info = next(one for one in gateways.list_gateways() if one.name == "line")
        Vendor(app, info)(data={"id": "1", "text": "Hello?", "from": "+256772000001", "to": "99", "date": "1"})
        matching.match_new()
    operator.post("/operator/two-way/numbers/switch", **{"number": "8080", "on": "0"})
    page = operator.get("/operator/two-way")
    assert "paused" in text_of(page) and "Hello?" in text_of(page)
    message = re.search(r'name="message" value="([^"]+)"', page.get_data(as_text=True))[1]
    operator.post("/operator/two-way/unmatched/assign", **{"message": message, "account": str(minted.account_id)})
    assert "Hello?" in text_of(shop.get("/inbox"))
    assert "Every message has found its account" in text_of(operator.get("/operator/two-way"))
    assert owner.get("/operator/two-way").status_code == 403
    assert owner.post(f"/operator/two-way/{service}/reject", **{"reason": "x"}).status_code == 403
