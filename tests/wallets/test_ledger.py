"""The ledger: a balance is the sum of its entries, never negative, and its entries never change."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wesend.core import money
from wesend.core.errors import InsufficientBalance, InvalidInput, WalletNotFound
from wesend.database import atomic, query
from wesend.database.errors import INTEGRITY_ERRORS
from wesend.operations.audit import audit
from wesend.wallets import ledger
from wesend.wallets.service import balance_of, credit_by_hand, debit_by_hand

from ..support.database import let_anything_be_written
from ..support.domain import ACTOR, NUMBERS, make_wallet, problems, send

amounts = st.integers(0, 5_000_000)


def entries(wallet) -> list:
    return query("SELECT * FROM ledger_entries WHERE wallet_id = ? ORDER BY id", (wallet.id,))


class Abandoned(Exception):
    pass


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["credit", "debit", "abandoned credit", "abandoned debit"]), amounts), max_size=12))
def test_whatever_happens_the_balance_is_the_sum_of_its_entries_and_not_below_zero(context, movements):
    wallet = make_wallet("0")
    expected = 0
    for what, amount in movements:
        change, kind = (ledger.credit, "manual_credit") if "credit" in what else (ledger.debit, "manual_debit")
        try:
            with atomic() as tx:
                change(tx, wallet.id, amount, kind=kind, description="x")
                if "abandoned" in what:
                    raise Abandoned
            expected += amount if what == "credit" else -amount
        except InsufficientBalance:
            assert "debit" in what and amount > expected
        except Abandoned:
            pass
        written = [entry["amount_micros"] for entry in entries(wallet)]
        assert balance_of(wallet) == expected == sum(written) >= 0
        assert [entry["balance_after_micros"] for entry in entries(wallet)] == [
            sum(written[: index + 1]) for index in range(len(written))
        ]
    assert problems() == []


def test_a_debit_beyond_the_balance_says_what_there_is_and_writes_nothing():
    wallet = make_wallet("10")
    with pytest.raises(InsufficientBalance) as refusal:
        debit_by_hand(wallet, 10_000_001, note=None, actor=ACTOR)
    assert (refusal.value.balance_micros, refusal.value.required_micros) == (10_000_000, 10_000_001)
    assert (refusal.value.wallet_id, refusal.value.currency) == (wallet.uid, "UGX")
    assert balance_of(wallet) == 10_000_000 and len(entries(wallet)) == 1


def test_the_whole_balance_can_be_spent():
    wallet = make_wallet("10")
    assert debit_by_hand(wallet, 10_000_000, note="all", actor=ACTOR) == 0


def test_a_movement_of_nothing_leaves_no_entry():
    wallet = make_wallet("0")
    with atomic() as tx:
        assert ledger.debit(tx, wallet.id, 0, kind="sms_charge", description="free") == 0
        assert ledger.credit(tx, wallet.id, 0, kind="credit", description="free") == 0
    assert entries(wallet) == []


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_cannot_be_moved_by_hand(amount):
    wallet = make_wallet("10")
    with pytest.raises(InvalidInput):
        credit_by_hand(wallet, amount, note=None, actor=ACTOR)
    with pytest.raises(InvalidInput):
        debit_by_hand(wallet, amount, note=None, actor=ACTOR)


@pytest.mark.parametrize("change", [ledger.credit, ledger.debit])
def test_a_negative_movement_is_a_programming_error(change):
    wallet = make_wallet("10")
    with pytest.raises(ValueError), atomic() as tx:
        change(tx, wallet.id, -1, kind="manual_credit", description="x")


@pytest.mark.parametrize("change", [ledger.credit, ledger.debit])
def test_a_wallet_that_is_not_there_cannot_be_moved(change):
    with pytest.raises(WalletNotFound), atomic() as tx:
        change(tx, 10**6, 1, kind="manual_credit", description="x")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entries SET amount_micros = amount_micros + 1",
        "UPDATE ledger_entries SET description = 'x'",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_entries WHERE id = (SELECT max(id) FROM ledger_entries)",
    ],
)
def test_entries_cannot_be_changed_or_removed(statement):
    wallet = make_wallet("10")
    with pytest.raises(INTEGRITY_ERRORS, match="ledger entries are immutable"), atomic() as tx:
        tx.execute(statement)
    assert [entry["amount_micros"] for entry in entries(wallet)] == [10_000_000]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE wallets SET balance_micros = -1",
        "INSERT INTO ledger_entries (wallet_id, kind, amount_micros, balance_after_micros, description, created_at)"
        " SELECT id, 'manual_debit', 5, 5, 'a debit that gives', 0 FROM wallets",
        "INSERT INTO ledger_entries (wallet_id, kind, amount_micros, balance_after_micros, description, created_at)"
        " SELECT id, 'gift', 5, 5, 'no such kind', 0 FROM wallets",
    ],
)
def test_the_database_itself_refuses_an_overdraft_and_a_wrong_sign(statement):
    with pytest.raises(INTEGRITY_ERRORS), atomic() as tx:
        tx.execute(statement)


def test_nothing_is_refunded_twice_for_one_charge():
    wallet = make_wallet("1000", is_sandbox=True)
    sent = send(wallet, in_request=True)
    one = sent.messages[0]
    refund = {"kind": "refund", "description": "x", "batch_id": sent.batch["id"], "message_id": one["id"], "charge_no": 1}
    with atomic() as tx:
        ledger.credit(tx, wallet.id, 1, **refund)
    with pytest.raises(INTEGRITY_ERRORS), atomic() as tx:
        ledger.credit(tx, wallet.id, 1, **refund)


def test_the_audit_counts_what_it_looked_at_and_finds_nothing_wrong_with_an_honest_database():
    before = audit()
    wallet = make_wallet("1000", is_sandbox=True)
    send(wallet, NUMBERS[0], NUMBERS[1], "+256700000077", in_request=True)
    found = audit()
    assert found.problems == []
    assert (found.wallets, found.entries, found.messages) == (before.wallets + 1, before.entries + 3, before.messages + 3), (
        "credit, charge and one refund"
    )


TAMPERED = {
    "a balance that was raised": ("UPDATE wallets SET balance_micros = balance_micros + 1 WHERE id = :wallet", "wallet "),
    "an entry that was changed": (
        "UPDATE ledger_entries SET amount_micros = 1 WHERE wallet_id = :wallet AND kind = 'manual_credit'",
        "wallet ",
    ),
    "an entry's balance": (
        "UPDATE ledger_entries SET balance_after_micros = 1 WHERE wallet_id = :wallet AND kind = 'manual_credit'",
        "ledger entry ",
    ),
    "a charge that was removed": ("DELETE FROM ledger_entries WHERE wallet_id = :wallet AND kind = 'sms_charge'", "batch "),
    "two entries that cancel each other": (
        "UPDATE ledger_entries SET amount_micros = amount_micros + CASE WHEN kind = 'sms_charge' THEN -7 ELSE 7 END"
        " WHERE wallet_id = :wallet AND kind <> 'refund'",
        "batch ",
    ),
    "a batch's cost": ("UPDATE batches SET cost_micros = 1 WHERE wallet_id = :wallet", "batch "),
    "a batch's refund": ("UPDATE batches SET refunded_micros = 1 WHERE wallet_id = :wallet", "batch "),
    "a message's cost": ("UPDATE messages SET cost_micros = cost_micros + 1 WHERE wallet_id = :wallet", "batch "),
    "a message's refund": ("UPDATE messages SET refunded_micros = 0 WHERE wallet_id = :wallet", "message "),
    "a refund of what was delivered": ("UPDATE messages SET status = 'delivered' WHERE wallet_id = :wallet", "message "),
    "a message that vanished": ("DELETE FROM messages WHERE wallet_id = :wallet AND status = 'failed'", "batch "),
    "a batch's counters": ("UPDATE batches SET delivered = delivered + 1 WHERE wallet_id = :wallet", "batch "),
    "a refund written twice": (
        "INSERT INTO ledger_entries (wallet_id, kind, amount_micros, balance_after_micros, description, batch_id,"
        " message_id, charge_no, created_at) SELECT wallet_id, kind, amount_micros, balance_after_micros, description,"
        " batch_id, message_id, 2, 0 FROM ledger_entries WHERE wallet_id = :wallet AND kind = 'refund'",
        "message ",
    ),
    "a deposit that nobody paid": (
        "INSERT INTO deposits (uid, reference, account_id, wallet_id, amount_micros, currency, phone, gateway, status,"
        " expires_at, created_at, updated_at) SELECT 'd', 'd', account_id, id, 5, 'UGX', '', '', 'successful', 0, 0, 0"
        " FROM wallets WHERE id = :wallet",
        "deposit ",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_audit_finds(what):
    statement, sentence = TAMPERED[what]
    wallet = make_wallet("1000", is_sandbox=True)
    send(wallet, NUMBERS[0], "+256700000077", in_request=True)
    assert problems() == []
    with atomic() as tx:
        let_anything_be_written(tx)
        if what == "a message that vanished":
            tx.execute("DELETE FROM message_events")
            tx.execute("UPDATE ledger_entries SET message_id = NULL")
        assert tx.changed(statement, {"wallet": wallet.id}) > 0
    found = problems()
    assert any(problem.startswith(sentence) for problem in found), found


def test_amounts_up_to_the_largest_stay_exact():
    wallet = make_wallet("0")
    for _ in range(3):
        credit_by_hand(wallet, money.LARGEST_MICROS, note=None, actor=ACTOR)
    debit_by_hand(wallet, 1, note=None, actor=ACTOR)
    assert balance_of(wallet) == 3 * money.LARGEST_MICROS - 1
    assert problems() == []
