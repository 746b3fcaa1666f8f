"""What tests of the domains start from: wallets with money, sends, a gateway that answers as told, and recounts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from wesend.accounts.service import AccountInfo, create_account, get_account
from wesend.adapters.sms.base import ACCEPTED, Outcome, Question, Receipt, SmsGateway, Submission
from wesend.core import money
from wesend.database import Row, Tx, atomic, query, query_one
from wesend.messages.reporting.sent import Sent
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import Composer, read_recipients
from wesend.messages.sending.options import Options, Origin
from wesend.messages.state.statuses import BUCKETS
from wesend.operations.audit import audit
from wesend.routing.routes import RouteInfo, set_route
from wesend.wallets.service import WalletInfo, create_wallet, credit_by_hand

ACTOR = "test"
ORIGIN = Origin("wesendall")
NUMBERS = tuple(f"+2567123{index:05d}" for index in range(20_000))
"""Valid numbers of Uganda that the sandbox delivers to, but for those that end as its rules say."""


class ScriptedGateway(SmsGateway):
    """Accepts, unless ``outcomes`` holds answers; ``receipts`` maps a reference to what it says when asked."""

    type = "scripted"

    def __init__(self, name: str, *, in_process: bool = False, can_poll: bool = True, batch: int = 1):
        super().__init__(name)
        self.in_process, self.can_poll, self.batch = in_process, can_poll, batch
        self.outcomes: deque[Outcome] = deque()
        self.receipts: dict[str, Receipt] = {}
        self.submitted: list[Submission] = []
        self.asked: list[Question] = []

    def submit(self, submissions: list[Submission]) -> list[Outcome]:
        self.submitted += submissions
        return [
            self.outcomes.popleft() if self.outcomes else Outcome(ACCEPTED, f"{self.name}-{submission.reference}")
            for submission in submissions
        ]

    def ask(self, questions: list[Question]) -> list[Receipt | None]:
        self.asked += questions
        return [self.receipts.get(question.reference) for question in questions]


def make_account(name: str = "Shop", country: str = "UG") -> AccountInfo:
    return create_account(name, country, actor=ACTOR)


def make_wallet(
    balance: str = "1000", currency: str = "UGX", *, account: AccountInfo | None = None, is_sandbox: bool = False
) -> WalletInfo:
    """A wallet with money, of an account of its own unless one is given."""
    account = account or make_account()
    wallet = create_wallet(account_id=account.id, currency=currency, is_sandbox=is_sandbox, actor=ACTOR)
    if money.to_micros(balance):
        credit_by_hand(wallet, money.to_micros(balance), note=None, actor=ACTOR)
    return wallet


def make_route(
    code: str, gateway: str | None, *, country: str = "UG", price: str = "35", currency: str = "UGX", **more
) -> RouteInfo:
    return set_route(
        code=code, country=country, gateway=gateway, price_micros=money.to_micros(price), currency=currency, actor=ACTOR, **more
    )


def composer(wallet: WalletInfo, text: str = "Hello", **options) -> Composer:
    return Composer(get_account(wallet.account_id), wallet, text, **options)


def send(
    wallet: WalletInfo,
    *recipients: str,
    text: str = "Hello",
    options: Options = Options(),
    in_request: bool = False,
    origin: Origin = ORIGIN,
) -> Sent:
    """Send as a dialect would; ``in_request=False`` leaves the messages to the queue."""
    return sending.send(
        composer(wallet, text),
        read_recipients(recipients or (NUMBERS[0],), "UG"),
        actor=ACTOR,
        origin=origin,
        options=options,
        in_request=in_request,
        raise_rejected=False,
    )


def message(message_id: int) -> Row:
    row = query_one("SELECT * FROM messages WHERE id = ?", (message_id,))
    assert row is not None
    return row


def batch(batch_id: int) -> Row:
    row = query_one("SELECT * FROM batches WHERE id = ?", (batch_id,))
    assert row is not None
    return row


def named(row: Mapping[str, Any]) -> tuple[AccountInfo, str]:
    """A message's or batch's account and public id: what services know it by."""
    return get_account(row["account_id"]), row["uid"]


def timeline(message_id: int) -> list[str]:
    return [row["event"] for row in query("SELECT event FROM message_events WHERE message_id = ? ORDER BY id", (message_id,))]


def balance(wallet: WalletInfo) -> str:
    row = query_one("SELECT balance_micros FROM wallets WHERE id = ?", (wallet.id,))
    assert row is not None
    return money.text(row[0])


def put(message_id: int, status: str, **columns) -> None:
    """Force a message into a status, with every counter as if it had come there by itself."""
    with atomic() as tx:
        values = {"status": status, **columns}
        tx.execute(
            f"UPDATE messages SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?", (*values.values(), message_id)
        )
        row = tx.one("SELECT batch_id FROM messages WHERE id = ?", (message_id,))
        assert row is not None
        counters = recount_batch(row[0])
        tx.execute(
            "UPDATE batches SET queued = :queued, submitted = :submitted, delivered = :delivered,"
            " failed = :failed, cancelled = :cancelled WHERE id = :id",
            {**counters, "id": row[0]},
        )
        count_margins_anew(tx)
        for key, counts in recount_days().items():
            tx.execute(
                "UPDATE daily_counts SET total = ?, delivered = ?, failed = ?, cancelled = ?"
                " WHERE account_id = ? AND wallet_id = ? AND day = ?",
                (*counts, *key),
            )


NO_MARGINS = "UPDATE margin_days SET messages = 0, segments = 0, delivered = 0, failed = 0"
MARGINS = """
    INSERT INTO margin_days AS kept (day, account_id, wallet_id, route, gateway, country, network, cost_currency,
        messages, segments, delivered, failed)
    SELECT sold_on, account_id, wallet_id, coalesce(carrier_route, ''), gateway, coalesce(country, ''), coalesce(network, ''),
        coalesce(carrier_currency, ''), count(*) FILTER (WHERE status <> 'cancelled'),
        coalesce(sum(segments) FILTER (WHERE status <> 'cancelled'), 0), count(*) FILTER (WHERE status = 'delivered'),
        count(*) FILTER (WHERE status = 'failed')
    FROM messages WHERE sold_on IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT (day, account_id, wallet_id, route, gateway, country, network, cost_currency) DO UPDATE SET
        messages = excluded.messages, segments = excluded.segments, delivered = excluded.delivered, failed = excluded.failed
"""


def count_margins_anew(tx: Tx) -> None:
    """What margins count, from the messages as they stand; the money stays."""
    tx.execute(NO_MARGINS)
    tx.execute(MARGINS)


def recount_batch(batch_id: int) -> dict[str, int]:
    """What a batch's counters must be, from its messages."""
    rows = query("SELECT status FROM messages WHERE batch_id = ?", (batch_id,))
    found = Counter(BUCKETS[row["status"]] for row in rows)
    return {name: found[name] for name in ("queued", "submitted", "delivered", "failed", "cancelled")}


RECOUNT_DAYS = """
    SELECT m.account_id, m.wallet_id, m.day, count(*), count(*) FILTER (WHERE m.status = 'delivered'),
        count(*) FILTER (WHERE m.status = 'failed'), count(*) FILTER (WHERE m.status = 'cancelled')
    FROM messages m JOIN batches b ON b.id = m.batch_id
    WHERE b.state NOT IN ('intake', 'rejected') AND m.channel = 'sms' GROUP BY 1, 2, 3
"""


def recount_days() -> dict[tuple, tuple]:
    """What the daily roll-up must be, from the SMS of batches that were opened."""
    return {tuple(row)[:3]: tuple(row)[3:] for row in query(RECOUNT_DAYS)}


def assert_counted() -> None:
    """Every batch's counters and every day of the roll-up equal a recount."""
    for row in query("SELECT * FROM batches WHERE state NOT IN ('intake', 'rejected')"):
        counted = {name: row[name] for name in ("queued", "submitted", "delivered", "failed", "cancelled")}
        assert counted == recount_batch(row["id"]), row["uid"]
        assert sum(counted.values()) == row["total"]
    kept = {
        tuple(row)[:3]: tuple(row)[3:]
        for row in query("SELECT account_id, wallet_id, day, total, delivered, failed, cancelled FROM daily_counts")
    }
    assert kept == recount_days()


def problems() -> list[str]:
    return audit().problems
