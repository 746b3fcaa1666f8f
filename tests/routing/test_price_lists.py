"""Price lists: which price a number pays, and that everything that tells a price tells this one."""

from __future__ import annotations

import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wesend.accounts.service import get_account
from wesend.core import clock as wesend_clock
from wesend.core import money, phones
from wesend.core.errors import InvalidInput, NoRoute, PriceListExists, PriceListNotFound, PriceNotFound
from wesend.database import query, write
from wesend.messages.sending.compose import Composer, read_recipients
from wesend.messages.sending.precheck import precheck
from wesend.messages.sending.rate import rate
from wesend.routing import price_list_editing as editing
from wesend.routing import price_lists
from wesend.routing.price_lists import ListPrice, PriceList
from wesend.routing.pricing import Tariff, home_price

from ..support.domain import ACTOR, NUMBERS, balance, make_route, make_wallet, send

MTN, AIRTEL, KENYA = "+256772345678", "+256702345678", "+254712345678"


def price(name: str, amount: str, country: str = "UG", **where) -> None:
    editing.set_price(name, editing.place(country, **where), money.to_micros(amount), actor=ACTOR)


@pytest.fixture
def wallet(carrier):
    """Of an account that pays the list Gold."""
    make_route("ESMS_KE", "carrier", country="KE", price="1.2", currency="KES")
    found = make_wallet("100000")
    editing.create("Gold", "UGX", actor=ACTOR)
    editing.give(found.account_id, "Gold", actor=ACTOR)
    return found


def cost(wallet, *recipients: str, text: str = "Hello") -> str:
    return money.text(send(wallet, *recipients, text=text).batch["cost_micros"])


def test_the_longest_prefix_goes_before_the_network_and_that_before_the_country(wallet):
    assert cost(wallet, MTN) == "35"
    price("Gold", "30")
    price("Gold", "28", network="MTN")
    price("Gold", "26", prefix="25677")
    price("Gold", "25", prefix="256772")
    assert [cost(wallet, MTN), cost(wallet, "+256782345678"), cost(wallet, AIRTEL)] == ["25", "28", "30"]
    assert cost(wallet, "+256771345678") == "26"


def test_what_the_list_does_not_name_goes_at_its_routes_price(wallet):
    price("Gold", "28", network="MTN")
    assert [cost(wallet, MTN), cost(wallet, AIRTEL)] == ["28", "35"]


def test_a_lists_currency_is_changed_to_the_wallets_as_a_routes_is(carrier):
    wallet = make_wallet("1000")
    editing.create("Dollars", "USD", actor=ACTOR)
    editing.give(wallet.account_id, "Dollars", actor=ACTOR)
    price("Dollars", "0.01")
    sent = send(wallet, MTN)
    assert sent.batch["cost_micros"] == (money.price(10_000, 1, to_per_usd=_rate("UGX"), from_per_usd=money.MICRO))
    assert (sent.messages[0]["route_currency"], sent.messages[0]["route_cost_micros"]) == ("USD", 10_000)


def _rate(currency: str) -> int:
    return query("SELECT per_usd_micros FROM exchange_rates WHERE currency = ?", (currency,))[0][0]


def test_credit_wallets_go_on_paying_a_credit_a_segment(wallet):
    credits = make_wallet("10", "SMS", account=get_account(wallet.account_id))
    price("Gold", "30")
    assert cost(credits, MTN) == "1"


def test_a_tier_is_reached_from_one_send_to_the_next_and_a_send_has_one(wallet):
    price("Gold", "30")
    price("Gold", "20", from_segments=3)
    assert [cost(wallet, *NUMBERS[:2]), cost(wallet, *NUMBERS[:5]), cost(wallet, MTN)] == ["60", "150", "20"]


def test_sends_beside_each_other_pass_a_border_where_it_is(app, wallet):
    """Forty segments at the first price and not one more, whoever was composed before others were paid for."""
    price("Gold", "35")
    price("Gold", "34", from_segments=40)

    def twelve(number: int) -> None:
        with app.app_context():
            for count in range(12):
                send(wallet, f"+2567722{number:02d}{count:03d}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(twelve, range(8)))
    charged = Counter(row["cost_micros"] for row in query("SELECT cost_micros FROM messages"))
    assert charged == {money.to_micros("35"): 40, money.to_micros("34"): 56}
    assert balance(wallet) == str(100_000 - 40 * 35 - 56 * 34)


def test_another_process_may_have_come_to_the_next_tier(wallet):
    """What this one saw last is asked for again where the money is taken: of one message, and of many in one send."""
    price("Gold", "35")
    price("Gold", "34", from_segments=100)
    assert cost(wallet, MTN) == "35"
    write(lambda tx: tx.changed("UPDATE daily_counts SET segments = 100"))
    assert cost(wallet, MTN) == "34"
    write(lambda tx: tx.changed("UPDATE daily_counts SET segments = 1"))
    assert cost(wallet, *NUMBERS[:120]) == str(120 * 35)
    assert cost(wallet, MTN) == "34"


def test_a_tier_that_can_not_be_paid_is_no_route_wherever_it_is_found_out(wallet):
    """Below the border the route's price holds, which needs no rate of the list's currency."""
    price("Gold", "34", from_segments=2)
    assert cost(wallet, MTN) == "35"
    write(lambda tx: tx.execute("UPDATE price_lists SET currency = 'XTS'"))
    assert cost(wallet, MTN) == "35"
    for recipients in ([MTN], NUMBERS[:120]):
        with pytest.raises(NoRoute):
            send(wallet, *recipients)
    assert balance(wallet) == str(100_000 - 70)


def test_lists_and_tiers_are_for_live_wallets(wallet):
    price("Gold", "30")
    price("Gold", "20", from_segments=1)
    sandbox = make_wallet("1000", account=get_account(wallet.account_id), is_sandbox=True)
    assert [cost(sandbox, MTN), cost(wallet, MTN), cost(wallet, MTN)] == ["35", "30", "20"]


def test_a_month_begins_at_the_accounts_own_midnight(wallet, clock):
    zone = get_account(wallet.account_id).time_zone
    assert zone == "Africa/Kampala"
    price("Gold", "30")
    price("Gold", "20", from_segments=1)
    clock.seconds = wesend_clock.parse_iso("2026-10-31T20:59:00+00:00") / 1000
    assert [cost(wallet, MTN), cost(wallet, MTN)] == ["30", "20"]
    clock.advance(60)
    assert [cost(wallet, MTN), cost(wallet, MTN)] == ["30", "20"]


def test_taken_off_the_list_an_account_pays_its_routes_prices(wallet):
    price("Gold", "30")
    editing.give(wallet.account_id, None, actor=ACTOR)
    assert cost(wallet, MTN) == "35"


def test_a_removed_price_is_gone_and_what_is_not_there_can_t_be_removed(wallet):
    price("Gold", "30")
    editing.remove_price("Gold", editing.place("ug"), actor=ACTOR)
    assert cost(wallet, MTN) == "35"
    with pytest.raises(PriceNotFound):
        editing.remove_price("Gold", editing.place("UG"), actor=ACTOR)


@pytest.mark.parametrize(
    "where",
    [
        {"country": "XX"},
        {"country": "UG", "network": "MTN", "prefix": "25677"},
        {"country": "UG", "network": "SAFARICOM"},
        {"country": "UG", "prefix": "25470"},
        {"country": "UG", "prefix": "2567x"},
        {"country": "UG", "from_segments": -1},
    ],
)
def test_a_place_that_is_none_is_refused(app, where):
    with pytest.raises(InvalidInput):
        editing.place(**where)


def test_a_list_is_named_once(app):
    editing.create("Gold", "UGX", actor=ACTOR)
    with pytest.raises(PriceListExists):
        editing.create(" Gold ", "KES", actor=ACTOR)
    with pytest.raises(PriceListNotFound):
        editing.set_price("Silver", editing.place("UG"), 1, actor=ACTOR)
    for name, currency in (("", "UGX"), ("x" * 61, "UGX"), ("Bronze", "XXX"), (" None", "UGX"), ("..", "UGX"), ("/A", "UGX")):
        with pytest.raises(InvalidInput):
            editing.create(name, currency, actor=ACTOR)


def read_in(name: str, text: str) -> int:
    return editing.import_csv(name, io.BytesIO(text.encode()), actor=ACTOR)


def test_a_file_is_read_in_whole_and_what_it_does_not_name_stays(wallet):
    price("Gold", "1", "KE")
    assert read_in("Gold", "\ufeffcountry;network;prefix;from;price\nUG;;;;30\nUG;mtn;;1000;28.5\n\nTZ;;25565;;12\n") == 3
    found = price_lists.named("Gold", actor=ACTOR)
    assert editing.rows_of(found) == [
        ("KE", "", "", 0, "1"),
        ("TZ", "", "25565", 0, "12"),
        ("UG", "", "", 0, "30"),
        ("UG", "MTN", "", 1000, "28.5"),
    ]


def test_each_bad_line_is_named_by_its_number_and_nothing_is_changed(wallet):
    with pytest.raises(InvalidInput) as refusal:
        read_in("Gold", 'country,network,prefix,from,price\nUG,,,,30\nXX,,,,30\nUG,"M\nTN",,,1\nUG,,,x,1\nUG,,,,\nUG,,,,31\n')
    told = str(refusal.value)
    assert [f"Line {number}:" in told for number in (2, 3, 4, 6, 7, 8)] == [False, True, True, True, True, True]
    assert "the same price as line 2" in told
    assert price_lists.named("Gold", actor=ACTOR).prices == ()
    with pytest.raises(InvalidInput, match="Line 1"):
        read_in("Gold", "country,cost\nUG,1\n")


def test_a_change_is_in_the_audit_log_with_what_it_was(wallet):
    price("Gold", "30", network="MTN")
    price("Gold", "28", network="MTN")
    rows = query("SELECT action, subject, detail FROM audit_log WHERE action LIKE '%price_list%' ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("price_list.create", "Gold", "UGX"),
        ("account.price_list", "Shop", "none → Gold"),
        ("price_list.set", "Gold", "UG MTN: none → 30 UGX"),
        ("price_list.set", "Gold", "UG MTN: 30 → 28 UGX"),
    ]


PLACES = st.tuples(
    st.sampled_from(["UG", "KE"]),
    st.sampled_from([None, "MTN", "AIRTEL", "SAFARICOM"]),
    st.sampled_from([None, "+25677", "+256", "+256772", "+25471"]),
    st.sampled_from([0, 1, 5]),
).filter(lambda place: place[1] is None or place[2] is None)


@given(st.dictionaries(PLACES, st.integers(0, 100), max_size=12), st.sampled_from([MTN, AIRTEL, KENYA]), st.integers(0, 6))
def test_the_price_is_the_most_special_that_fits(rows, number, reached):
    """Against the contract's sentence, word for word: longest prefix, then network, then country, highest tier reached."""
    prices = tuple(ListPrice(*place, price) for place, price in rows.items())
    found = PriceList(1, "Any", "UGX", prices, {code: tuple(p for p in prices if p.country == code) for code in ("UG", "KE")})
    phone = phones.normalise(number, None)
    network = {MTN: "MTN", AIRTEL: "AIRTEL", KENYA: "SAFARICOM"}[number]
    fits = [
        (len(price.prefix or ""), price.network is not None, price.from_segments, price.price_micros)
        for price in prices
        if price.country == phone.country
        and price.from_segments <= reached
        and price.network in (None, network)
        and number.startswith(price.prefix or "+")
    ]
    assert found.price_of(phone.country, number, reached) == (max(fits)[3] if fits else None)


TEXTS = st.sampled_from(["Hi", "x" * 161, "ü ñ €", "é" * 90, "日本"])


@given(
    st.dictionaries(PLACES, st.integers(0, 90_000_000), max_size=6),
    st.lists(st.sampled_from([*NUMBERS[:20], MTN, AIRTEL, KENYA]), min_size=1, max_size=6, unique=True),
    TEXTS,
    st.sampled_from(["UGX", "KES", "SMS"]),
    st.sampled_from(["UGX", "USD"]),
    st.integers(0, 6),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_asked_before_is_what_is_paid(carrier, rows, recipients, text, currency, of_list, before):
    """Pre-check, rate and counter = charge = ledger."""
    make_route("ESMS_KE", "carrier", country="KE", price="1.2", currency="KES")
    wallet = make_wallet("1000000", currency)
    name = f"List {wallet.id}"
    editing.create(name, of_list, actor=ACTOR)
    for (country, network, prefix, begins), micros in rows.items():
        if network in (None, "AIRTEL") or (network == "MTN") == (country == "UG"):
            if prefix is None or prefix.startswith({"UG": "+256", "KE": "+254"}[country]):
                editing.set_price(name, editing.place(country, network, prefix, begins), micros, actor=ACTOR)
    editing.give(wallet.account_id, name, actor=ACTOR)
    if before:
        send(wallet, *NUMBERS[30 : 30 + before])
    account = get_account(wallet.account_id)

    def composer() -> Composer:
        return Composer(account, wallet, text, simulate_low_balance=False)

    asked = precheck(composer(), read_recipients(recipients, "UG"), actor=ACTOR)
    rated = sum(one.planned.cost_micros for one in rate(composer(), read_recipients(recipients, "UG"), actor=ACTOR) if one.planned)
    sent = send(wallet, *recipients, text=text)
    paid = query("SELECT -amount_micros FROM ledger_entries WHERE batch_id = ? AND kind = 'sms_charge'", (sent.batch["id"],))
    charged = paid[0][0] if paid else 0
    assert asked.cost_micros == rated == sent.batch["cost_micros"] == charged
    assert sum(part.wallet_cost_micros for part in asked.parts) == charged
    for part in asked.parts:
        if currency != "SMS" and part.currency == currency:
            assert part.wallet_cost_micros == pytest.approx(part.price_micros * part.segments, abs=100 * len(recipients))


def test_the_price_at_home_is_the_lists(wallet):
    price("Gold", "30")
    price("Gold", "20", network="MTN")
    assert home_price(get_account(wallet.account_id), wallet) == money.to_micros("30")
    route = make_route("UG_MTN", "carrier", network="MTN")
    assert Tariff(get_account(wallet.account_id), wallet.side).of_route(route).price_micros == money.to_micros("20")
    assert balance(wallet) == "100000"
