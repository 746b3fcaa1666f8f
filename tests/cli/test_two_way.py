"""`wesend two-way`: an operator's whole way, from a price to an answer, by the commands alone."""

from __future__ import annotations

import pytest

from wesend.database import query
from wesend.two_way import matching

ASKED = ("--country", "UG", "--company", "Shop Ltd", "--use-case", "Customers write to us")
SERVICE = {
    "id", "account_id", "country", "type", "keyword", "toll_free", "status", "number", "gateway", "company_name", "use_case",
    "auto_reply_enabled", "auto_reply_text", "help_text", "forward_email", "rejection_reason", "suspend_reason", "fees",
    "activated_at", "next_billing_at", "past_due_since", "suspended_at", "cancelled_at", "created_at",
}  # fmt: skip


def told(wesend, *words) -> dict:
    return wesend(*words, "--json").json


@pytest.fixture
def shop(wesend):
    """An account with 100,000 UGX and a gateway that is never called."""
    account = told(wesend, "account", "create", "Shop", "--country", "UG")["account_id"]
    wallet = told(wesend, "wallet", "create", "--account", account, "--currency", "UGX")["wallet_id"]
    told(wesend, "wallet", "credit", wallet, "100000")
    told(wesend, "gateway", "set", "line", "--type", "africastalking", "--option", "username=shop", "--secret", "api_key=k")
    return account, wallet


def ask(wesend, shop, *more):
    return told(wesend, "two-way", "request", "--account", shop[0], "--wallet", shop[1], *ASKED, *more)


def test_from_a_price_to_a_number(wesend, shop):
    price = told(
        wesend, "two-way", "price", "UG", "--setup", "2", "--keyword", "1", "--inbound", "0.01", "--networks", "MTN,Airtel"
    )
    assert (price["country"], price["setup_fee_usd"], price["inbound_price_usd"]) == ("UG", 2, 0.01)
    assert (price["networks"], price["price_source"], price["is_available"]) == (["MTN", "Airtel"], "custom", True)
    made = ask(wesend, shop, "--type", "shared", "--keyword", "join")
    assert set(made) == SERVICE
    assert (made["status"], made["keyword"], made["number"]) == ("pending", "JOIN", None)
    approved = told(
        wesend, "two-way", "approve", made["id"], "--number", "32811", "--gateway", "line", "--help-text", "We are Shop"
    )
    assert (approved["status"], approved["number"], approved["fees"]["setup_fee_usd"]) == ("active", "32811", 2)
    assert told(wesend, "wallet", "show", shop[1])["balance"] == "88822"
    assert told(wesend, "two-way", "show", made["id"]) == approved
    assert [one["id"] for one in told(wesend, "two-way", "list", "--account", shop[0])["services"]] == [made["id"]]
    assert told(wesend, "two-way", "list", "--account", shop[0], "--status", "pending") == {"services": []}
    (number,) = [one for one in told(wesend, "two-way", "numbers")["numbers"] if not one["sandbox"]]
    assert (number["number"], number["gateway"], number["is_on"]) == ("32811", "line", True)
    assert told(wesend, "two-way", "pause", "32811")["is_on"] is False
    assert told(wesend, "two-way", "resume", "32811")["is_on"] is True
    assert told(wesend, "two-way", "suspend", made["id"])["status"] == "suspended"
    assert told(wesend, "two-way", "cancel", made["id"])["status"] == "cancelled"
    assert told(wesend, "audit")["ok"]


def test_refusals_are_a_sentence_and_exit_1(wesend, shop):
    made = ask(wesend, shop, "--type", "shared", "--keyword", "JOIN")
    for command in (
        ("two-way", "approve", made["id"], "--number", "32811", "--gateway", "nowhere"),
        ("two-way", "approve", "4711", "--number", "32811", "--gateway", "line"),
        ("two-way", "show", "4711"),
        ("two-way", "pause", "12345"),
        ("two-way", "assign", "mo_none", "--account", shop[0]),
        ("two-way", "reply", made["id"], "--to", "+256772000001", "Hi"),
    ):
        assert wesend(*map(str, command)).code == 1
    assert told(wesend, "two-way", "reject", made["id"], "--reason", "Too short")["rejection_reason"] == "Too short"


def test_what_nobody_claims_is_given_away(wesend, shop, app, client, clock):
    callback = told(wesend, "gateway", "list")["gateways"]
    url = next(one["callback_url"] for one in callback if one["name"] == "line")
    client.post(
        url.split("127.0.0.1:8000")[-1], data={"id": "1", "text": "Anybody?", "from": "+256772000001", "to": "99", "date": "1"}
    )
    with app.app_context():
        matching.match_new()
    (found,) = told(wesend, "two-way", "unmatched")["messages"]
    assert (found["text"], found["id"][:3]) == ("Anybody?", "mo_")
    clock.advance(2 * 24 * 3600)
    given = told(wesend, "two-way", "assign", found["id"], "--account", shop[0])
    assert given["account_id"] == shop[0]
    assert given["received_at"] == found["received_at"], "when it came, not when it was given away"
    assert [one["id"] for one in told(wesend, "two-way", "inbox", "--account", shop[0])["messages"]] == [found["id"]]
    assert told(wesend, "two-way", "inbox", "--account", shop[0], "--phone", "0772000002") == {"messages": []}
    assert told(wesend, "two-way", "unmatched") == {"messages": []}


def test_the_sandbox_is_answered_from(wesend, app):
    with app.app_context():
        (service,) = query("SELECT id FROM two_way_services WHERE keyword = 'JOIN'")
    sent = told(wesend, "two-way", "reply", service["id"], "--to", "+256772000001", "Hello")
    assert set(sent) == {"message_id", "status"}
    assert sent["status"] in ("submitted", "sent", "delivered")
