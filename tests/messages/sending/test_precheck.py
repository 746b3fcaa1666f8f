"""Pre-check: sums by country and route of the very plan that a send would pay for."""

from __future__ import annotations

import pytest

from wesend.core import money, templating
from wesend.core.errors import SenderNotApproved, TextTooLong
from wesend.core.phones import Phone
from wesend.messages.reporting.sent import load_sent
from wesend.messages.sending.compose import Addressee, read_recipients
from wesend.messages.sending.options import Options
from wesend.messages.sending.precheck import UNROUTABLE_SHOWN, CountryPart, precheck
from wesend.messages.sending.send import send_bulk

from ...support.domain import ACTOR, NUMBERS, ORIGIN, balance, composer, make_route, make_wallet

AMERICAN = "+12025550123"


@pytest.fixture
def wallet(carrier):
    return make_wallet("1000")


def check(wallet, *recipients: str, text: str = "Hello", **options):
    return precheck(composer(wallet, text, **options), read_recipients(recipients, "UG"), actor=ACTOR)


def test_parts_add_up_to_the_whole(wallet):
    make_route("ESMS_KE", "carrier", country="KE", price="1.2", currency="KES")
    found = check(wallet, *NUMBERS[:3], "+254712345678")
    kenya = money.price(1_200_000, 1, from_per_usd=129_130_000, to_per_usd=3_726_000_000)
    assert found.parts == [
        CountryPart("KE", "ESMS_KE", "KES", 1, 1, 1_200_000, kenya, 1_200_000),
        CountryPart("UG", "ESMS_UG", "UGX", 3, 3, 105_000_000, 105_000_000, 35_000_000),
    ]
    assert (found.contacts, found.segments, found.cost_micros) == (4, 4, 105_000_000 + kenya)
    assert found.balance_micros == 1_000_000_000


def test_two_routes_of_a_country_are_two_parts(wallet):
    make_route("UG_MTN", "carrier", price="30", prefixes=["25677"])
    found = check(wallet, "+256772345678", NUMBERS[0])
    assert [(part.country, part.route, part.wallet_cost_micros) for part in found.parts] == [
        ("UG", "ESMS_UG", 35_000_000),
        ("UG", "UG_MTN", 30_000_000),
    ]


def test_who_cannot_be_reached_is_counted_but_repeated_phones_are_not(wallet):
    found = check(wallet, NUMBERS[0], NUMBERS[0], AMERICAN, "nobody")
    assert (found.contacts, found.unroutable_count, found.unroutable) == (3, 2, [AMERICAN, "nobody"])


def test_at_most_fifty_of_them_are_shown(wallet):
    found = check(wallet, *(f"+1202555{index:04d}" for index in range(100, 200)))
    assert (found.unroutable_count, len(found.unroutable), found.cost_micros, found.parts) == (100, UNROUTABLE_SHOWN, 0, [])


def test_credits_cost_one_a_segment(carrier):
    found = check(make_wallet("100", "SMS"), *NUMBERS[:2], text="a" * 161)
    assert (found.segments, found.cost_micros) == (4, 4_000_000)


def test_it_refuses_what_a_send_would_refuse(wallet):
    with pytest.raises(TextTooLong):
        check(wallet, NUMBERS[0], text="a" * 1531)
    with pytest.raises(SenderNotApproved):
        check(wallet, NUMBERS[0], sender="NOBODY")


def test_the_send_charges_what_was_said(wallet):
    people = [Addressee(phone, Phone(phone, "UG"), {"name": "x" * (index * 40)}) for index, phone in enumerate(NUMBERS[:9])]

    def compose():
        return composer(wallet, "Hi {{name}}", render=templating.render)

    said = precheck(compose(), people, actor=ACTOR)
    sent = load_sent(send_bulk(compose(), people, actor=ACTOR, origin=ORIGIN, options=Options())["uid"])
    assert said.cost_micros == sent.batch["cost_micros"] == sum(row["cost_micros"] for row in sent.messages)
    assert said.segments == sum(row["segments"] for row in sent.messages) > 9
    assert balance(wallet) == money.text(said.balance_micros - said.cost_micros)
