"""Whose a message is, by the first of six rules that fits."""

from __future__ import annotations

import pytest

from tests.support.domain import make_account, make_route, make_wallet, problems, send
from tests.support.gateways import set_up
from tests.support.inbound import receive
from wesend.accounts.service import get_account, set_account_status
from wesend.accounts.sides import LIVE
from wesend.adapters.sms.base import CallbackInbound, Part
from wesend.core.clock import DAY, MINUTE
from wesend.core.errors import Conflict
from wesend.database import query, query_one
from wesend.messages.sending.options import Origin
from wesend.routing import opt_outs
from wesend.two_way import approval, incoming, matching, replies, services, unmatched
from wesend.two_way.services import Request
from wesend.wallets.service import WalletInfo

PHONE, OTHER = "+256772000411", "+256772000412"
ACTOR = "test"
SHARED, OWN = "8080", "+256312345678"


def service_of(wallet: WalletInfo, keyword: str | None = None, *, number: str | None = None, gateway: str = "carrier", **settings):
    """An active service of a wallet: a keyword on the shared number, or a number of its own."""
    kind = "shared" if keyword else "dedicated"
    wanted = Request("UG", kind, keyword, "People write to us", "Shop Ltd", "esms")
    made = services.request(get_account(wallet.account_id), wallet, wanted, actor=ACTOR)
    made = approval.approve(made["id"], number or (SHARED if keyword else OWN), gateway, actor=ACTOR)
    return services.update(made, settings, actor=ACTOR) if settings else made


@pytest.fixture
def line(upstreams, carrier):
    return "carrier"


def owner(message) -> tuple | None:
    return None if message is None else (message["account_id"], message["service_id"])


def test_1_a_number_of_its_own_is_its_services(line):
    wallet = make_wallet()
    made = service_of(wallet)
    send(make_wallet(), PHONE)  # somebody else wrote there since
    assert owner(receive(line, PHONE, OWN, "Hello")) == (wallet.account_id, made["id"])


@pytest.mark.parametrize("told", ["+256312345678", "256312345678", "0312345678", "312345678", "00256312345678", "+256 312 345678"])
def test_numbers_are_compared_as_digits(line, told):
    made = service_of(make_wallet())
    assert receive(line, PHONE, told, "Hello")["service_id"] == made["id"]


@pytest.mark.parametrize("told", ["8080", "+8080", "08080", "008080"])
def test_so_are_short_codes(line, told):
    made = service_of(make_wallet(), "JOIN")
    assert receive(line, PHONE, told, "join")["service_id"] == made["id"]


@pytest.mark.parametrize("text", ["JOIN", "join", "Join!", "  JOIN promo", '"join" me', "j.o.i.n", "ＪＯＩＮ now"])
def test_2_on_a_shared_number_the_first_word_tells(line, text):
    wallet = make_wallet()
    made, _ = service_of(wallet, "JOIN"), service_of(make_wallet(), "VOTE")
    message = receive(line, PHONE, SHARED, text)
    assert (owner(message), message["keyword"], message["text"]) == ((wallet.account_id, made["id"]), "JOIN", text)


def test_3_else_the_service_that_the_phone_last_spoke_with_there(line, clock):
    joined, voted = service_of(make_wallet(), "JOIN"), service_of(make_wallet(), "VOTE")
    receive(line, PHONE, SHARED, "JOIN")
    clock.advance(60)
    receive(line, PHONE, SHARED, "VOTE 1")
    message = receive(line, PHONE, SHARED, "And another thing")
    assert (message["service_id"], message["keyword"]) == (voted["id"], None)
    clock.advance(1)
    replies.reply(joined, PHONE, "Welcome", origin=Origin("cli"), actor=ACTOR)
    clock.advance(60)
    assert receive(line, PHONE, SHARED, "Thanks")["service_id"] == joined["id"]
    clock.advance(31 * DAY / 1000)
    assert receive(line, PHONE, SHARED, "Still there?") is None


def test_4_of_no_number_of_ours_it_is_of_who_last_wrote_by_that_gateway(line):
    first, last = make_wallet(), make_wallet()
    send(first, PHONE)
    send(last, PHONE)
    for told in (None, "SHOP", "99999"):
        assert owner(receive(line, PHONE, told, "Hello")) == (last.account_id, None)


def test_a_number_of_ours_that_nobody_holds_is_not_of_who_last_wrote(line):
    made = service_of(make_wallet())
    services.cancel(made, actor=ACTOR)
    send(make_wallet(), PHONE)
    assert receive(line, PHONE, OWN, "Hello") is None


def test_the_same_number_at_another_gateway_is_another_one(line):
    set_up("africastalking", name="other")
    service_of(make_wallet())
    assert receive("other", PHONE, OWN, "Hello") is None


def test_5_else_of_the_account_that_the_gateway_names(context):
    account = make_account()
    set_up("africastalking", name="named", inbound_account=account.id)
    assert owner(receive("named", PHONE, "99999", "Hello")) == (account.id, None)
    set_up("africastalking", name="wrong", inbound_account=424242)
    assert receive("wrong", PHONE, "99999", "Hello") is None


def test_6_else_an_operator_may_give_it_away(line):
    receive(line, PHONE, "99999", "Hello?")
    (row,) = unmatched.list_unmatched(actor=ACTOR)
    account = make_account()
    message = unmatched.assign(f"mo_{row['uid']}", account.id, actor=ACTOR)
    assert (message["account_id"], message["text"]) == (account.id, "Hello?")
    assert unmatched.list_unmatched(actor=ACTOR) == []
    with pytest.raises(Conflict):
        unmatched.assign(row["uid"], make_account().id, actor=ACTOR)


def test_a_suspended_accounts_message_is_kept_and_not_charged(line):
    wallet = make_wallet()
    made = service_of(wallet, auto_reply_text="Hi", auto_reply_enabled=True)
    set_account_status(wallet.account_id, "suspended", actor=ACTOR)
    message = receive(line, PHONE, OWN, "Hello")
    assert (message["service_id"], message["cost_micros"], message["answer"]) == (made["id"], 0, None)
    assert message["billed"] == 0, "as of a service that is suspended"
    assert query("SELECT 1 FROM messages") == []


def test_one_message_that_cannot_be_matched_holds_up_no_other(line, monkeypatch):
    service_of(make_wallet())
    found = matching.owners.of_message

    def stumble(tx, incoming, *rest):
        if incoming["text"] == "poison":
            raise RuntimeError("no")
        return found(tx, incoming, *rest)

    monkeypatch.setattr(matching.owners, "of_message", stumble)
    incoming.keep(line, [CallbackInbound(PHONE, OWN, text) for text in ("one", "poison", "two")])
    matching.match_new()
    assert [row["text"] for row in query("SELECT text FROM inbound_messages ORDER BY id")] == ["one", "two"]
    monkeypatch.setattr(matching.owners, "of_message", found)
    assert matching.match_new() == 0, "it is left alone for a while"


# -- long messages -----------------------------------------------------------------------


def part(number: int, text: str, total: int = 3, reference: str = "udh:07", sender: str = PHONE) -> CallbackInbound:
    return CallbackInbound(sender, OWN, text, part=Part(reference, number, total))


def texts() -> list[str]:
    return [row["text"] for row in query("SELECT text FROM inbound_messages ORDER BY id")]


def test_parts_are_joined_in_their_order_however_they_come(line):
    service_of(make_wallet())
    for one in (part(3, "c"), part(1, "a"), part(1, "a"), part(1, "x", sender=OTHER)):
        incoming.keep(line, [one])
        matching.match_new()
    assert texts() == []
    incoming.keep(line, [part(2, "b")])
    matching.match_new()
    assert texts() == ["abc"]
    assert {row["state"] for row in query("SELECT state FROM incoming_messages WHERE sender = ?", (PHONE,))} == {
        "matched",
        "repeated",
    }


def test_another_text_with_a_reference_that_waits_is_another_message(line):
    """A phone counts its long messages to 256 and begins again; one that lost a part spoils none that follows."""
    service_of(make_wallet())
    for one in (part(1, "old"), part(1, "old"), part(1, "x", total=2), part(1, "a"), part(2, "b")):
        incoming.keep(line, [one])
        matching.match_new()
    assert texts() == ["old"], "of which no more will come"
    incoming.keep(line, [part(3, "c"), part(2, "y", total=2)])
    matching.match_new()
    assert sorted(texts()) == ["abc", "old", "xy"]


def test_after_ten_minutes_as_far_as_they_came(line, clock):
    service_of(make_wallet())
    incoming.keep(line, [part(1, "a"), part(3, "c")])
    clock.advance(9 * MINUTE / 1000)
    matching.match_new()
    assert texts() == []
    clock.advance(2 * MINUTE / 1000)
    matching.match_new()
    assert texts() == ["ac"]


# -- what SMPP tells again ---------------------------------------------------------------


def test_what_equals_in_every_byte_one_whose_acknowledgement_was_lost_is_the_same(line, clock):
    service_of(make_wallet())
    told = CallbackInbound(PHONE, OWN, "Yes", digest="d")
    incoming.keep(line, [told])
    incoming.keep(line, [told])
    matching.match_new()
    assert texts() == ["Yes"]
    incoming.note_acknowledged(line, ["d"])
    incoming.keep(line, [told])
    matching.match_new()
    assert texts() == ["Yes", "Yes"], "it was acknowledged, so this was written once more"
    clock.advance(11 * MINUTE / 1000)
    incoming.keep(line, [told])
    matching.match_new()
    assert len(texts()) == 3, "nobody waits for an acknowledgement so long"


# -- a STOP to a number that several share -----------------------------------------------


def is_out(account_id: int, phone: str = PHONE) -> bool:
    return bool(opt_outs.opted_out(account_id, opt_outs.SMS, [phone], LIVE))


def test_alone_it_counts_for_every_account_that_wrote_from_there_within_a_year(line, clock):
    wallets = {word: make_wallet() for word in ("OLD", "JOIN", "VOTE", "NEVER")}
    made = {word: service_of(wallet, word) for word, wallet in wallets.items()}
    replies.reply(made["OLD"], PHONE, "Hi", origin=Origin("cli"), actor=ACTOR)
    clock.advance(366 * DAY / 1000)
    for word in ("JOIN", "VOTE"):
        receive(line, PHONE, SHARED, word)
        replies.reply(made[word], PHONE, "Hi", origin=Origin("cli"), actor=ACTOR)
    receive(line, PHONE, SHARED, "stop")
    assert {word: is_out(wallet.account_id) for word, wallet in wallets.items()} == {
        "OLD": False,
        "JOIN": True,
        "VOTE": True,
        "NEVER": False,
    }
    told = query("SELECT service_id, opt_out FROM inbound_messages WHERE text = 'stop' ORDER BY service_id")
    assert [tuple(row) for row in told] == [(made["JOIN"]["id"], 1), (made["VOTE"]["id"], 1)], "each is told"


def test_after_a_keyword_it_counts_for_that_service_alone(line):
    wallets = [make_wallet(), make_wallet()]
    for word, wallet in zip(("JOIN", "VOTE"), wallets, strict=True):
        made = service_of(wallet, word)
        replies.reply(made, PHONE, "Hi", origin=Origin("cli"), actor=ACTOR)
    message = receive(line, PHONE, SHARED, "Join STOP")
    assert (message["keyword"], message["opt_out"]) == ("JOIN", 1)
    assert [is_out(wallet.account_id) for wallet in wallets] == [True, False]
    receive(line, PHONE, SHARED, "JOIN start")
    assert [is_out(wallet.account_id) for wallet in wallets] == [False, False]


def test_conversations_are_kept_beside_the_messages(line, clock):
    wallet = make_wallet()
    made = service_of(wallet, "JOIN")
    receive(line, PHONE, SHARED, "JOIN")
    clock.advance(1)
    receive(line, PHONE, SHARED, "Hello")
    (found,) = query("SELECT * FROM conversations")
    assert (found["phone"], found["number"], found["service_id"], found["unread"], found["text"]) == (
        PHONE,
        SHARED,
        made["id"],
        2,
        "Hello",
    )
    receive(line, PHONE, SHARED, "STOP")
    assert query_one("SELECT opted_out FROM conversations")[0] == 1
    receive(line, PHONE, SHARED, "START")
    assert query_one("SELECT opted_out FROM conversations")[0] == 0
    assert problems() == []


@pytest.mark.parametrize("wrote_to_kenya", [False, True])
def test_a_sender_in_the_form_used_at_home_is_of_the_country_of_the_number_that_was_written_to(line, wrote_to_kenya):
    """0712345678 is somebody's in Kenya, too, where the gateway carries as well; 8080 is Uganda's."""
    make_route("CARRIER_KE", "carrier", country="KE")
    service_of(make_wallet(), "JOIN")
    if wrote_to_kenya:
        send(make_wallet(), "+254712345678")
    assert receive(line, "0712345678", SHARED, "JOIN me")["sender"] == "+256712345678"
