"""Pages of a statement: how many entries there are, without counting the old ones again for every page."""

from __future__ import annotations

from wesend.core import money
from wesend.database import atomic
from wesend.wallets import ledger, statement

from ..support.domain import ACTOR, make_wallet


def enter(wallet, count: int) -> None:
    with atomic() as tx:
        for _ in range(count):
            ledger.credit(tx, wallet.id, money.MICRO, kind="manual_credit", description="x")


def total(wallet, limit: int = 2) -> int:
    page, found = statement.page_of_entries(wallet, limit=limit, offset=0, actor=ACTOR)
    assert [row["id"] for row in page] == sorted((row["id"] for row in page), reverse=True)
    return found


def test_a_page_tells_how_many_there_are_however_many_there_were(context):
    wallet, other = make_wallet("0"), make_wallet("0")
    found = 0
    for more in (0, 1, 2 * statement.BEHIND, 1, statement.BEHIND, 2 * statement.BEHIND + 1):
        enter(wallet, more)
        enter(other, 3)
        found += more
        assert total(wallet) == found


def test_old_entries_are_counted_once(context, monkeypatch):
    wallet, counted, query = make_wallet("0"), [], statement.query

    def noting(sql, parameters=()):
        if sql == statement.COUNT:
            counted.append(parameters[1])
        return query(sql, parameters)

    monkeypatch.setattr(statement, "query", noting)
    enter(wallet, 5 * statement.BEHIND)
    assert [total(wallet), total(wallet)] == [5 * statement.BEHIND] * 2
    newest = statement.page_of_entries(wallet, limit=1, offset=0, actor=ACTOR)[0][0]["id"]
    assert counted == [0, newest - statement.BEHIND, newest - statement.BEHIND]
