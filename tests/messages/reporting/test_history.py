"""Lists of messages: any page of any filter is the one that a plain sort of everything gives."""

from __future__ import annotations

import pytest

from wesend.core.errors import MessageNotFound
from wesend.database import atomic, query
from wesend.database.schema import db
from wesend.messages.reporting import history
from wesend.messages.reporting.history import Filter
from wesend.messages.state.statuses import ALL, FINAL

from ...support.domain import ACTOR, NUMBERS, make_account, make_wallet, put, send

MORNING = 1_781_092_800_000
DAY = 24 * 3600 * 1000


@pytest.fixture
def account(carrier, clock):
    """Three days of messages in all statuses, of two wallets, small sends and a bulk, with another account's between."""
    account = make_account()
    wallets = make_wallet("100000", account=account), make_wallet("100000", account=account)
    other = make_wallet("100000")
    for day in range(3):
        for index in range(11):
            sent = send(wallets[index % 2], NUMBERS[index])
            put(sent.messages[0]["id"], ALL[(index + day) % len(ALL)])
            send(other)
            clock.advance(3600)
        send(wallets[0], *NUMBERS[:103])
        clock.advance(13 * 3600)
    return account


def expected(account, condition="1 = 1", *parameters) -> list[int]:
    return [
        row[0]
        for row in query(
            f"SELECT id FROM messages WHERE account_id = ? AND ({condition}) ORDER BY day DESC, id DESC", (account.id, *parameters)
        )
    ]


def pages(wanted: Filter, size: int) -> tuple[list[int], set[int]]:
    """All ids by turning pages, and the totals that were told on the way."""
    found, totals = [], set()
    for offset in range(0, 10_000, size):
        rows, total = history.page(wanted, limit=size, offset=offset, actor=ACTOR)
        totals.add(total)
        found += [row["id"] for row in rows]
        if len(rows) < size:
            return found, totals
    raise AssertionError("no end")


def chunks(wanted: Filter, size: int) -> list[int]:
    found, last = [], None
    while rows := history.chunk_after(wanted, last, size, actor=ACTOR):
        found += [row["id"] for row in rows]
        last = rows[-1]
    return found


FILTERS = {
    "everything": ({}, "1 = 1"),
    "one status": ({"statuses": ("delivered",)}, "status = 'delivered'"),
    "final statuses": ({"statuses": ("failed", "cancelled")}, "status IN ('failed', 'cancelled')"),
    "live statuses": ({"statuses": ("queued", "claimed", "submitted")}, "status IN ('queued', 'claimed', 'submitted')"),
    "a phone": ({"recipient": NUMBERS[3]}, f"recipient = '{NUMBERS[3]}'"),
    "a phone and a status": (
        {"recipient": NUMBERS[3], "statuses": ("queued",)},
        f"recipient = '{NUMBERS[3]}' AND status = 'queued'",
    ),
    "since": ({"since": MORNING + DAY}, f"created_at >= {MORNING + DAY}"),
    "until": ({"until": MORNING + DAY}, f"created_at <= {MORNING + DAY}"),
    "between": (
        {"since": MORNING + 5 * 3600_000, "until": MORNING + 2 * DAY},
        f"created_at BETWEEN {MORNING + 5 * 3600_000} AND {MORNING + 2 * DAY}",
    ),
    "whole days": (
        {"since": MORNING + 9 * 3600_000, "until": MORNING + 9 * 3600_000 + DAY - 1},
        f"created_at BETWEEN {MORNING + 9 * 3600_000} AND {MORNING + 9 * 3600_000 + DAY - 1}",
    ),
    "between and failed": (
        {"since": MORNING + 3600_000, "until": MORNING + DAY, "statuses": ("failed",)},
        f"created_at BETWEEN {MORNING + 3600_000} AND {MORNING + DAY} AND status = 'failed'",
    ),
}


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("name", FILTERS)
def test_pages_and_chunks_give_everything_once_in_order(account, name, size):
    given, condition = FILTERS[name]
    wanted = Filter(account.id, **given)
    ids = expected(account, condition)
    assert ids, "the filter finds something"
    assert pages(wanted, size) == (ids, {len(ids)})
    assert chunks(wanted, size) == ids


@pytest.mark.parametrize("statuses", [None, ("delivered",), ("queued",)])
def test_a_wallets_list(account, statuses):
    wallet_id = query("SELECT min(id) FROM wallets WHERE account_id = ?", (account.id,))[0][0]
    ids = expected(account, "wallet_id = ? AND status = coalesce(?, status)", wallet_id, statuses and statuses[0])
    assert pages(Filter(account.id, (wallet_id,), statuses), 10) == (ids, {len(ids)})


def test_another_accounts_wallet_or_batch_is_empty(account):
    other = make_wallet("1000")
    sent = send(other)
    assert history.page(Filter(account.id, batch_id=sent.batch["id"]), limit=10, offset=0, actor=ACTOR) == ([], 0)
    assert history.page(Filter(account.id, (other.id,), statuses=("queued",)), limit=10, offset=0, actor=ACTOR) == ([], 0)


@pytest.mark.parametrize("size", [1, 50, 103])
def test_a_batchs_list(account, size):
    batch_id = query("SELECT max(id) FROM batches WHERE account_id = ? AND lane = 1", (account.id,))[0][0]
    ids = expected(account, "batch_id = ?", batch_id)
    assert len(ids) == 103 and pages(Filter(account.id, batch_id=batch_id), size) == (ids, {103})
    assert chunks(Filter(account.id, batch_id=batch_id), size) == ids


@pytest.mark.parametrize("statuses", [("delivered",), ("failed", "cancelled"), ("delivered", "sent"), ALL])
def test_a_batchs_list_by_status(account, statuses):
    batch_id = query("SELECT max(id) FROM batches WHERE account_id = ? AND lane = 1", (account.id,))[0][0]
    ids = expected(account, f"batch_id = ? AND status IN {statuses if len(statuses) > 1 else f'({statuses[0]!r})'}", batch_id)
    assert pages(Filter(account.id, batch_id=batch_id, statuses=statuses), 7) == (ids, {len(ids)})


@pytest.mark.parametrize("state", ["intake", "rejected"])
def test_a_bulk_that_is_not_accepted_is_not_seen(account, state):
    """Its messages count in no roll-up yet; pages and totals leave them out alike."""
    before = {name: pages(Filter(account.id, **given), 10) for name, (given, _) in FILTERS.items()}
    wallet = make_wallet("100000", account=account)
    sent = send(wallet, *NUMBERS[:103])
    with atomic() as tx:
        tx.execute("UPDATE batches SET state = ? WHERE id = ?", (state, sent.batch["id"]))
        tx.execute("DELETE FROM daily_counts WHERE wallet_id = ?", (wallet.id,))
    assert {name: pages(Filter(account.id, **given), 10) for name, (given, _) in FILTERS.items()} == before
    assert chunks(Filter(account.id), 10) == before["everything"][0]
    with pytest.raises(MessageNotFound):
        history.find(account.id, sent.messages[0]["uid"], actor=ACTOR)


def test_what_was_tried_before_is_told_apart(account):
    queued = expected(account, "status = 'queued'")
    with atomic() as tx:
        tx.execute("UPDATE messages SET attempts = 1 WHERE id = ?", (queued[0],))
        tx.execute("UPDATE messages SET retry_count = 1 WHERE id = ?", (queued[1],))
    assert pages(Filter(account.id, statuses=("queued",), retrying=True), 10)[0] == queued[:2]
    assert pages(Filter(account.id, statuses=("queued",), retrying=False), 10)[0] == queued[2:]


def test_a_message_is_found_by_its_account_only(account):
    sent = send(make_wallet("1000"))
    with pytest.raises(MessageNotFound):
        history.find(account.id, sent.messages[0]["uid"], actor=ACTOR)
    mine = expected(account)[0]
    assert history.find(account.id, query("SELECT uid FROM messages WHERE id = ?", (mine,))[0][0], actor=ACTOR)["id"] == mine


def test_the_roll_up_counts_every_final_status():
    assert set(db.metadata.tables["daily_counts"].columns.keys()) > FINAL


def test_an_account_without_messages_has_empty_pages(carrier):
    wallet = make_wallet()
    for given in ({}, {"statuses": ("failed",)}, {"since": 0, "until": 2**60}, {"recipient": NUMBERS[0]}):
        assert history.page(Filter(wallet.account_id, **given), limit=10, offset=0, actor=ACTOR) == ([], 0)
