"""Who accepts a send calls nobody: a gateway is called once the payment is committed, and the sandbox not at all."""

from __future__ import annotations

from collections import Counter

import pytest

from wesend.accounts.roles import KeyHolder, NotFound
from wesend.adapters.sms.sandbox import SandboxGateway
from wesend.adapters.sms.sandbox_numbers import BUSY_TWICE, FAILS_LATER, HANGS, REFUSES, RULES, SILENT, TOO_LITTLE_CREDIT
from wesend.core.errors import AccountSuspended, ProviderRejected
from wesend.database import connecting, query
from wesend.gateways import registry
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.messages.sending.precheck import precheck

from ...support.database import seen_from_outside
from ...support.domain import (
    ACTOR,
    NUMBERS,
    ORIGIN,
    ScriptedGateway,
    assert_counted,
    balance,
    composer,
    make_route,
    make_wallet,
    problems,
    send,
)

BECOMES = {
    FAILS_LATER: "submitted",
    SILENT: "submitted",
    REFUSES: "failed",
    TOO_LITTLE_CREDIT: "failed",
    HANGS: "unknown",
    BUSY_TWICE: "queued",
}


def paid(app) -> int:
    """Charges that are committed, as another program sees them."""
    return seen_from_outside(app, "SELECT count(*) FROM ledger_entries WHERE kind = 'sms_charge'")[0][0]


def statements(app) -> list[str]:
    """What is run on the connection that writes, from now on, by the first word and the table."""
    database = app.extensions["wesend.database"]
    seen: list[str] = []
    with database.gate():
        writer = database.group.writer
        writer.connection = writer.connection or connecting.connect(database.path)
        writer.connection.set_trace_callback(lambda sql: seen.append(" ".join(sql.split()[:3])))
    return seen


class Watchful(ScriptedGateway):
    """Notes how many charges were committed when it was called."""

    def __init__(self, app, **more):
        super().__init__("carrier", **more)
        self.app, self.paid_when_called = app, []

    def submit(self, submissions):
        self.paid_when_called.append(paid(self.app))
        return super().submit(submissions)


@pytest.mark.parametrize("in_process", [False, True])
def test_no_gateway_is_called_before_the_payment_is_committed(app, upstreams, in_process):
    upstreams["carrier"] = gateway = Watchful(app, in_process=in_process, batch=2)
    make_route("ESMS_UG", "carrier")
    wallet = make_wallet()
    assert paid(app) == 0
    sent = send(wallet, *NUMBERS[:2], in_request=True)
    assert gateway.paid_when_called and set(gateway.paid_when_called) == {1}
    assert [row["status"] for row in sent.messages] == ["submitted"] * 2


@pytest.fixture
def nobody_called(monkeypatch):
    def called(*_):
        raise AssertionError("the sandbox was called")

    monkeypatch.setattr(SandboxGateway, "submit", called)


@pytest.fixture
def sandbox_wallet(context):
    make_route("ESMS_UG", None)
    return make_wallet("1000", is_sandbox=True)


def of_sandbox(ending: str) -> str:
    return f"+25677{ending}"


@pytest.mark.parametrize("ending", BECOMES)
def test_what_a_sandbox_number_does_is_known_without_a_call(app, sandbox_wallet, nobody_called, ending):
    assert set(BECOMES) == set(RULES)
    composed = composer(sandbox_wallet, simulate_low_balance=False)
    to = read_recipients([of_sandbox(ending)], "UG")
    sent = sending.send(composed, to, actor=ACTOR, origin=ORIGIN, raise_rejected=False)
    assert sent.messages[0]["status"] == BECOMES[ending]
    assert sent.batch["in_request"] == (ending != BUSY_TWICE)
    kept = 1000 if BECOMES[ending] == "failed" else 965
    assert (balance(sandbox_wallet), sent.balance_micros) == (str(kept), kept * 1_000_000)
    assert problems() == []
    assert_counted()


def test_a_sandbox_send_is_one_transaction_in_which_the_money_is_taken_first(app, sandbox_wallet, nobody_called, postgresql_server):
    if postgresql_server is not None:
        pytest.skip("as SQLite tells what is run")
    seen = statements(app)
    send(sandbox_wallet, NUMBERS[0], of_sandbox(REFUSES), in_request=True)
    assert (seen[0], seen[-1], seen.count("COMMIT")) == ("BEGIN IMMEDIATE", "COMMIT", 1)
    assert seen.index("UPDATE wallets SET") < seen.index("INSERT INTO ledger_entries") < seen.index("INSERT INTO messages")
    # The usual case is written as it is; what was refused is settled after it was paid for, and paid back.
    assert Counter(seen)["INSERT INTO ledger_entries"] == 2
    assert balance(sandbox_wallet) == "965"


WRITTEN_BY = """
    SELECT CAST(xmin AS text) FROM wallets WHERE id = ? UNION SELECT CAST(xmin AS text) FROM messages
    UNION SELECT CAST(xmin AS text) FROM ledger_entries WHERE kind IN ('sms_charge', 'refund')
"""
"""The numbers of the transactions that wrote them last."""


def test_a_sandbox_send_is_one_transaction_of_postgresql(app, sandbox_wallet, nobody_called, postgresql_server):
    if postgresql_server is None:
        pytest.skip("as PostgreSQL tells who wrote a row")
    send(sandbox_wallet, NUMBERS[0], of_sandbox(REFUSES), in_request=True)
    assert len(query(WRITTEN_BY, (sandbox_wallet.id,))) == 1
    assert len(query("SELECT id FROM ledger_entries WHERE kind IN ('sms_charge', 'refund')")) == 2
    assert balance(sandbox_wallet) == "965"


def test_another_sandbox_gateway_hands_over_what_it_has_no_room_for(upstreams):
    """Not the sandbox's own: one that is set up, with a route behind it."""
    upstreams["trial"], upstreams["second"] = SandboxGateway("trial"), ScriptedGateway("second")
    make_route("FIRST", "trial")
    make_route("SECOND", "second")
    sent = send(make_wallet(), of_sandbox(BUSY_TWICE), in_request=True)
    assert (sent.messages[0]["status"], sent.messages[0]["gateway"]) == ("queued", "second")


def test_who_is_refused_by_a_rule_leaves_no_less_for_others(context, nobody_called):
    """Its price is taken and given back before anybody else looks: a wallet that holds one price pays for all of these."""
    make_route("ESMS_UG", None)
    wallet = make_wallet("35", is_sandbox=True)
    for _ in range(3):
        with pytest.raises(ProviderRejected) as refused:
            sending.send(composer(wallet), read_recipients([of_sandbox(REFUSES)], "UG"), actor=ACTOR, origin=ORIGIN)
        assert refused.value.refunded_micros == 35_000_000
    assert balance(wallet) == "35"
    assert problems() == []


@pytest.mark.parametrize("bulk", [False, True])
def test_whoever_sends_or_asks_for_the_price_has_the_right_to(sandbox_wallet, bulk):
    composed, to = composer(sandbox_wallet), list(read_recipients(NUMBERS[:2], "UG"))
    do = sending.send_bulk if bulk else sending.send
    stranger = KeyHolder(sandbox_wallet.account_id + 1, 1, "key", "127.0.0.1")
    with pytest.raises(NotFound):
        do(composed, to, actor=stranger, origin=ORIGIN, options=Options())
    with pytest.raises(NotFound):
        precheck(composed, to, actor=stranger)
    composed.account = composed.account._replace(is_active=False)
    with pytest.raises(AccountSuspended):
        do(composed, to, actor=ACTOR, origin=ORIGIN, options=Options())
    assert query("SELECT 1 FROM batches") == []


def test_only_the_sandbox_is_known_by_number(context):
    assert [name for name, kind in registry.known_types().items() if getattr(kind, "known_by_number", False)] == ["sandbox"]
