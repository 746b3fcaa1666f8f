"""What a carrier could not deliver goes once more, by a route that has not had it; nobody pays or hears twice."""

from __future__ import annotations

import pytest

from tests.support.domain import ACTOR, balance, make_route, make_wallet, message, send, timeline
from tests.support.fakes import FakeVendor, answer
from tests.support.vendor_files import changed, write_file
from wesend.accounts.service import get_account
from wesend.adapters.sms.base import TEMPORARY, CallbackReceipt, Outcome, Receipt
from wesend.core import clock as now_clock
from wesend.database import query, write
from wesend.gateways import breaker, registry, service
from wesend.messages.dispatch import failover, queue
from wesend.messages.dispatch.settle import settle
from wesend.messages.dispatch.submit import call
from wesend.messages.receipts import inbox, polling
from wesend.messages.sending import actions
from wesend.operations.audit import audit

TO = "+256712300000"
ONE = changed(
    ('body = { from = "{sender}", text = "{text}", to = "{items}" }', 'body = { text = "{text}", to = "{to}" }'),
    ('[send.item]\nnumber = "{to}"\nref = "{reference}"\n', ""),
    ("batch = 3", ""),
    ('path = "recipients"\nto = "number"', 'path = "recipients"'),
)


@pytest.fixture
def carriers(app_with, instance):
    """Two gateways of a vendor's file at a fake server of each, in an app context; the first one's route resends."""
    write_file(instance, ONE)
    app, fakes = app_with(), [FakeVendor(), FakeVendor()]
    with app.app_context():
        for number, fake in enumerate(fakes, 1):
            fake.on("POST", "/send", answer(200, {"code": 200, "recipients": [{"status": "queued", "id": f"v{number}"}]}))
            fake.on("GET", f"/report/v{number}", answer(200, {"status": "UNDELIV"}))
            service.set_gateway(f"g{number}", "acme", {"base_url": fake.url}, {"api_key": "k"}, actor=ACTOR)
            make_route(f"R{number}", f"g{number}", priority=number - 10, resend_undelivered=number == 1)
        yield fakes
    for fake in fakes:
        fake.stop()


def told(gateway: str, ref: str, status: str, code: str | None = None) -> None:
    inbox.keep(gateway, [CallbackReceipt(ref, None, None, Receipt(status, code))])
    inbox.match_new()


def dispatch() -> None:
    """What is queued leaves, as a worker does it."""
    for name in ("g1", "g2"):
        claimed = queue.claim(name, 10)
        for group in queue.start([claimed]) if claimed.messages else []:
            gateway = registry.sms_gateway(name)
            assert gateway is not None
            results = list(zip(group.messages, call(gateway, group.messages), strict=True))
            write(lambda tx, results=results, token=group.token: settle(tx, results, token))


def sent():
    wallet = make_wallet("1000")
    return wallet, send(wallet, TO, in_request=True).messages[0]


def test_a_failure_that_the_carrier_tells_is_another_ones_turn(carriers):
    wallet, row = sent()
    assert (row["status"], row["gateway"]) == ("submitted", "g1")
    told("g1", "v1", "failed", "UNDELIV")
    rerouted = message(row["id"])
    assert (rerouted["status"], rerouted["gateway"], rerouted["gateway_ref"]) == ("queued", "g2", None)
    (event,) = query("SELECT meta FROM message_events WHERE message_id = ? AND event = 'rerouted'", (row["id"],))
    assert event["meta"] == '{"from": "g1", "to": "g2", "why": "UNDELIV"}'
    dispatch()
    assert (message(row["id"])["status"], len(carriers[1].asked)) == ("submitted", 1)
    told("g1", "v1", "failed", "UNDELIV")
    assert message(row["id"])["status"] == "submitted", "the first carrier's word counts no more"
    told("g2", "v2", "delivered", "DELIVRD")
    assert message(row["id"])["status"] == "delivered"
    assert balance(wallet) == "965" and not audit().problems


def test_only_once(carriers):
    wallet, row = sent()
    make_route("R2", "g2", priority=-8, resend_undelivered=True)
    told("g1", "v1", "failed", "UNDELIV")
    dispatch()
    told("g2", "v2", "failed", "UNDELIV")
    assert (message(row["id"])["status"], timeline(row["id"]).count("rerouted")) == ("failed", 1)
    assert balance(wallet) == "965" and not audit().problems


def test_what_polling_tells_counts_as_well(carriers):
    _, row = sent()
    write(lambda tx: tx.execute("UPDATE messages SET poll_at = 1 WHERE id = ?", (row["id"],)))
    polling.poll_due()
    assert (message(row["id"])["status"], message(row["id"])["gateway"]) == ("queued", "g2")


def test_when_the_second_one_refuses_it_has_failed_and_stays_paid(carriers):
    wallet, row = sent()
    carriers[1].on("POST", "/send", answer(200, {"code": 400, "message": "No"}))
    told("g1", "v1", "failed", "UNDELIV")
    dispatch()
    assert message(row["id"])["status"] == "failed" and balance(wallet) == "965" and not audit().problems


@pytest.mark.parametrize("rests", [False, True])
def test_the_one_that_could_not_deliver_it_is_not_tried_again_when_the_second_takes_nothing_for_now(carriers, rests):
    wallet, row = sent()
    carriers[1].on("POST", "/send", answer(503))
    told("g1", "v1", "failed", "UNDELIV")
    if rests:
        write(lambda tx: breaker.note_call(tx, "g2", [Outcome(TEMPORARY)] * breaker.FAILURES))
        failover.fail_over("g2")
    for _ in range(4):
        write(lambda tx: tx.execute("UPDATE messages SET due_at = 1 WHERE id = ? AND status = 'queued'", (row["id"],)))
        dispatch()
        assert message(row["id"])["gateway"] == "g2"
    assert (len(carriers[0].asked), len(carriers[1].asked)) == (1, 3), "by the delays of every temporary failure"
    assert message(row["id"])["status"] == "failed" and balance(wallet) == "965" and not audit().problems


def test_a_retry_by_hand_that_is_refused_is_paid_back_though_another_way_was_tried_before(carriers):
    wallet, row = sent()
    told("g1", "v1", "failed", "UNDELIV")
    dispatch()
    told("g2", "v2", "failed", "UNDELIV")
    assert message(row["id"])["status"] == "failed" and balance(wallet) == "965"
    actions.retry(get_account(wallet.account_id), row["uid"], actor=ACTOR)
    assert balance(wallet) == "930"
    carriers[1].on("POST", "/send", answer(200, {"code": 400, "message": "No"}))
    dispatch()
    assert message(row["id"])["status"] == "failed"
    assert balance(wallet) == "965", "what was paid for the retry, which nobody took"
    assert not audit().problems


def _own_fault(row):
    told("g1", "v1", "failed", "E7")


def _never_sent(row):
    told("g1", "v1", "never_sent", "LOST")


def _timed_out(row):
    write(lambda tx: tx.execute("UPDATE messages SET expires_at = 1 WHERE id = ?", (row["id"],)))
    polling.expire()


def _too_late(row):
    write(lambda tx: tx.execute("UPDATE messages SET expires_at = ? WHERE id = ?", (now_clock.now_ms() - 1, row["id"])))
    told("g1", "v1", "failed", "UNDELIV")


def _was_unknown(row):
    write(
        lambda tx: tx.execute(
            "INSERT INTO message_events (message_id, event, status, at) VALUES (?, 'unknown', 'unknown', 1)", (row["id"],)
        )
    )
    told("g1", "v1", "failed", "UNDELIV")


def _opted_out(row):
    from wesend.routing import opt_outs

    write(lambda tx: opt_outs.add_opt_out(tx, account_id=row["account_id"], channel="sms", address=TO, source="test", side=None))
    told("g1", "v1", "failed", "UNDELIV")


def _not_chosen(row):
    make_route("R1", "g1", priority=-9)
    told("g1", "v1", "failed", "UNDELIV")


def _nobody_else(row):
    service.remove_gateway("g2", actor=ACTOR)
    told("g1", "v1", "failed", "UNDELIV")


@pytest.mark.parametrize(
    "happens", [_own_fault, _never_sent, _timed_out, _too_late, _was_unknown, _opted_out, _not_chosen, _nobody_else]
)
def test_otherwise_it_has_failed(carriers, happens):
    _, row = sent()
    happens(row)
    assert (message(row["id"])["status"], timeline(row["id"]).count("rerouted")) == ("failed", 0)
    assert not audit().problems
