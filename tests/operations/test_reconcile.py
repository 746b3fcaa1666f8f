"""A carrier's bill against what was sent: what is in both, in one alone, and what differs."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from wesend.adapters.sms.base import ACCEPTED, REFUSED, UNKNOWN, Outcome, Receipt
from wesend.core import clock as time
from wesend.core import money
from wesend.core.errors import GatewayNotFound, InvalidInput
from wesend.database import atomic
from wesend.messages.dispatch import queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.receipts import polling
from wesend.messages.state.transitions import move
from wesend.operations import carrier_bills
from wesend.operations.reconcile import Reconciliation, reconcile

from ..support.domain import ACTOR, NUMBERS, make_route, make_wallet, message, send
from ..support.domain_fixtures import carrier, in_context, upstreams  # noqa: F401 (fixtures)

DAY = "2026-06-10"


@pytest.fixture
def sent(carrier, clock):  # noqa: F811
    """Six at 22 UGX: delivered, failed, submitted, unknown, refused by the carrier, and one that told another cost."""
    make_route("ESMS_UG", "carrier", cost_micros=22_000_000)
    rows = send(make_wallet("1000"), *NUMBERS[:6]).messages
    claimed = queue.claim("carrier", 6)
    begun = queue.start([claimed])[0].messages
    told = [Outcome(ACCEPTED, f"ref{index}") for index in range(6)]
    told[3], told[4], told[5] = Outcome(UNKNOWN), Outcome(REFUSED), Outcome(ACCEPTED, "ref5", meta={"cost": "UGX 30"})
    with atomic() as tx:
        settle(tx, list(zip(begun, told, strict=True)), claimed.token)
        now = time.now_ms()
        for index, status in ((0, "delivered"), (1, "failed")):
            move(tx, [polling.plan_receipt(message(rows[index]["id"]), Receipt(status), now)], now)
    return rows


def compare(text: str, **options) -> tuple[Reconciliation, list[tuple]]:
    noted: list[tuple] = []
    found = reconcile("carrier", io.BytesIO(text.encode()), note=noted.append, actor=ACTOR, **options)
    return found, [(row[0], row[1], row[2]) for row in noted]


def test_a_bill_that_agrees(sent):
    bill = f"id,cost,status,date\nref0,22,DELIVRD,{DAY}\nref1,22,UNDELIV,{DAY}\nref2,22,Sent,{DAY}\nref5,30.0000,Success,{DAY}\n"
    found, noted = compare(bill)
    assert (found.matched, found.only_in_bill, found.cost_differs, found.status_differs) == (4, 0, 0, 0)
    assert noted == [("only_here", None, None)], "the unknown one may cost something; what was refused costs nothing"
    assert (money.text(found.billed_micros), money.text(found.expected_micros), found.currency) == ("96", "118", "UGX")
    assert (found.first_day, found.last_day) == (DAY, DAY)


def test_what_differs_is_named_with_its_line(sent):
    bill = "Message ID;Price;Delivery status\nref0;UGX 25;failed\nref1;22;delivered\n\nnobody;5;sent\nref2;22.00005;pending\n"
    found, noted = compare(bill)
    assert (found.matched, found.only_in_bill, found.only_here, found.cost_differs, found.status_differs) == (3, 1, 2, 1, 2)
    assert noted == [
        ("only_in_bill", 5, "nobody"),
        ("cost_differs", 2, "ref0"),
        ("status_differs", 2, "ref0"),
        ("status_differs", 3, "ref1"),
        ("only_here", None, None),
        ("only_here", None, "ref5"),
    ]


def test_columns_may_be_named_and_the_period_too(sent, clock):
    bill = "nr,what it took,outcome\nref0,22,delivered\n"
    options = {"id_column": "nr", "cost_column": "What it took", "status_column": "outcome"}
    assert compare(bill, **options)[0].only_here == 4
    found, _ = compare(bill, **options, since="2026-06-11", until="2026-06-12")
    assert (found.matched, found.only_here) == (1, 0)
    with pytest.raises(InvalidInput, match="there is no such column: nr, what it took, outcome"):
        compare(bill, id_column="number")
    with pytest.raises(InvalidInput, match="--id"):
        compare(bill)
    with pytest.raises(InvalidInput, match="no day"):
        compare(bill, id_column="nr", since="yesterday")
    with pytest.raises(InvalidInput, match="ends on the day it begins or later"):
        compare(bill, id_column="nr", since="2026-06-12", until="2026-06-11")


def test_a_bill_with_commas_before_its_fractions(sent):
    found, notes = compare("id;cost\nref0;22,00\nref5;UGX 30,0000\n")
    assert (found.matched, found.cost_differs, money.text(found.billed_micros)) == (2, 0, "52")
    assert compare('id,cost\nref0,"1,022.00"\nref5,"30"\n')[0].billed_micros == money.to_micros("1052")


@pytest.mark.parametrize("above", ["", "\n\r\n", "sep=;\r\n"])
def test_a_header_over_several_lines_and_what_a_spreadsheet_writes_above_it(sent, above):
    found, notes = compare(
        above + '"id";"cost\n(UGX)";"note"\n"ref0";"22";"two\nlines"\n"nobody";"5";""\n', cost_column="cost (UGX)"
    )
    assert (found.matched, found.only_in_bill, found.cost_differs, money.text(found.billed_micros)) == (1, 1, 0, "27")
    assert notes[0] == ("only_in_bill", above.count("\n") + 5, "nobody"), "the line that it begins in"


def test_the_period_goes_by_days_without_leading_zeros_too(sent):
    found, _ = compare("id,cost,date\nref0,22,9/6/2026 09:15\nref1,22,10/6/2026 10:00\n")
    assert (found.first_day, found.last_day) == ("2026-06-09", DAY)


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        (("06/09/2026", "06/13/2026 10:00"), "2026-06-09", "2026-06-13"),
        (("06/09/2026", "06/10/2026"), "2026-09-06", "2026-10-06"),
        (("06/09/2026", "13/09/2026"), "2026-09-06", "2026-09-13"),
        (("06/09/2026", "13/09/2026", "09/14/2026"), "2026-09-06", "2026-09-13"),
    ],
)
def test_a_day_that_is_no_month_tells_in_which_order_they_stand(sent, days, first, last):
    found, _ = compare("id,date\n" + "".join(f"ref0,{day}\n" for day in days))
    assert (found.first_day, found.last_day) == (first, last)


def test_a_column_names_the_currency_where_the_amounts_do_not(sent):
    found, notes = compare("id,cost,currency\nref0,22,ugx\nref5,0.8,KES\nref1,22,\n")
    assert (found.matched, found.cost_differs) == (3, 1)
    assert [note for note in notes if note[0] == "cost_differs"] == [("cost_differs", 3, "ref5")]
    assert found.currency == "UGX" and 67 * money.MICRO < found.billed_micros < 68 * money.MICRO, "44 UGX, and 0.8 KES"


@pytest.mark.parametrize(
    ("written", "billed", "currency"),
    [
        ("$0.0059", "0.0059", "USD"),
        ("-US$ 0.0059", "0.0059", "USD"),
        ("0,0059 €", "0.0059", "EUR"),
        ("UGX 22/=", "22", "UGX"),
        ("+22", "22", "UGX"),
        ("1 022.50", "1022.5", "UGX"),
        ("1\u00a0022,50 UGX", "1022.5", "UGX"),
        ("1'022.50", "1022.5", "UGX"),
    ],
)
def test_amounts_as_bills_write_them(sent, written, billed, currency):
    found, _ = compare(f"id;cost\nref0;{written}\n")
    assert (money.text(found.billed_micros), found.currency) == (billed, currency)


def test_a_column_knows_better_than_a_sign_which_currency_it_is(sent):
    found, _ = compare("id,cost,currency\nref0,$5,NAD\n")
    assert (money.text(found.billed_micros), found.currency) == ("5", "NAD")


def test_our_own_id_is_known_too_and_a_line_that_comes_again_is_counted_apart(sent):
    found, _ = compare(f"id,cost\n{sent[0]['uid']},11\nref0,11\n")
    assert (found.matched, found.repeated, found.cost_differs) == (1, 1, 0)


def test_a_bill_of_another_gateway(sent):
    with pytest.raises(GatewayNotFound):
        reconcile("nobody", io.BytesIO(b"id\n1\n"), actor=ACTOR)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-29 10:00:00", "2026-11-29"),
        ("2026-11-29T10:00:00Z", "2026-11-29"),
        ("29/11/2026", "2026-11-29"),
        ("29.11.2026 10:00", "2026-11-29"),
        ("9/11/2026 09:15", "2026-11-09"),
        ("9.11.2026 10:00", "2026-11-09"),
        ("2026/11/9 10:00", "2026-11-09"),
        ("2026-11-9", "2026-11-09"),
        ("20261129T100000", "2026-11-29"),
        ("29-Nov-2026", "2026-11-29"),
        ("29 November 2026 10:00", "2026-11-29"),
        ("Nov 29, 2026", "2026-11-29"),
        ("Sun, 29 Nov 2026 10:00:00 +0000", "2026-11-29"),
        ("1764410400", "2025-11-29"),
        ("31/02/2026", None),
        ("2026-11-291", None),
        ("", None),
        ("today", None),
    ],
)
def test_days_as_bills_write_them(text, day):
    assert carrier_bills.day_of(text) == day


def test_a_long_bill_takes_the_memory_of_a_short_one(sent):
    class Lines(io.RawIOBase):
        """A bill that is never in memory as a whole."""

        def __init__(self, count: int):
            self.rest = (f"unknown-{index},1\n".encode() for index in range(count))
            self.held = b"id,cost\n"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            while len(self.held) < len(buffer) and (line := next(self.rest, None)) is not None:
                self.held += line
            part, self.held = self.held[: len(buffer)], self.held[len(buffer) :]
            buffer[: len(part)] = part
            return len(part)

    def peak(count: int) -> int:
        tracemalloc.start()
        found = reconcile("carrier", io.BufferedReader(Lines(count)), actor=ACTOR)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.only_in_bill == count
        return highest

    peak(100)
    assert peak(20_000) < peak(2_000) + 200_000
