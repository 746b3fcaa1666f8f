"""The operator's queue of sender requests: paged, with a warning where a name is taken, each decided once."""

from __future__ import annotations

import re

from wesend.routing import senders

from ..support.accounts import mint
from ..support.dashboard import text_of


def ask(app, account: int, name: str) -> int:
    with app.app_context():
        return senders.request_sender(account_id=account, name=name, countries=["UG"], actor="test")["id"]


def status(app, sender: int) -> str:
    with app.app_context():
        return senders.get_sender(sender)["status"]


def test_a_name_that_is_taken_for_anothers_is_warned_of_and_approved_only_with_a_tick(app, operator):
    first = ask(app, mint(app).account_id, "MYBANK")
    operator.follow(f"/operator/senders/{first}/approve", seen="pending")
    theirs = ask(app, mint(app, country="KE").account_id, "My B4nk")
    page = operator.get("/operator/senders")
    assert "MYBANK is approved for wesendall UG: people would take one for the other." in text_of(page)
    assert 'name="although_taken" value="1" required' in page.text
    refused = operator.follow(f"/operator/senders/{theirs}/approve", seen="pending")
    assert "My B4nk may be taken for MYBANK of wesendall UG." in text_of(refused) and status(app, theirs) == "pending"
    operator.follow(f"/operator/senders/{theirs}/approve", seen="pending", although_taken="1")
    assert status(app, theirs) == "approved"


def test_a_decision_that_was_made_meanwhile_is_told_and_stays(app, operator):
    sender = ask(app, mint(app).account_id, "SHOP")
    operator.follow(f"/operator/senders/{sender}/approve", seen="pending")
    late = operator.follow(f"/operator/senders/{sender}/reject", seen="pending", reason="No")
    assert "SHOP was decided already: it is approved." in text_of(late) and status(app, sender) == "approved"


def test_the_queue_has_pages_and_leads_on(app, operator):
    accounts = [mint(app).account_id for _ in range(3)]
    for number in range(45):
        ask(app, accounts[number % 3], f"NAME{number}X")
    path, seen = "/operator/senders", []
    while path:
        page = operator.get(path)
        seen += re.findall(r"<h2>(NAME\d+X)</h2>", page.text)
        more = re.search(r'href="([^"]+)">More requests', page.text)
        path = more and more[1].replace("&amp;", "&")
    assert seen == [f"NAME{number}X" for number in range(45)]
