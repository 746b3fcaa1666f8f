"""Live mail without a mail server: accepted, held, told of, and sent when there is one."""

from __future__ import annotations

import pytest

from wesend.accounts.service import get_account
from wesend.core.errors import NotCancellable
from wesend.database import query
from wesend.gateways import registry
from wesend.messages.dispatch import failover, queue
from wesend.messages.email import cancelling, held
from wesend.messages.email.held import HELD
from wesend.messages.receipts import polling
from wesend.messages.reporting import history
from wesend.operations import queue_state

from ...support.accounts import ACTOR, new_worldledgers
from ...support.dashboard import Visitor, make_user
from ...support.worldledgers import accepted

ANN = "ann@example.com"


@pytest.fixture(autouse=True)
def in_context() -> None:
    """None around these tests: their requests bring contexts of their own, and one around them would be shared by all."""


@pytest.fixture
def shop(app):
    """World Ledgers' API of a live account, and its account id."""
    api, minted = new_worldledgers(app, is_sandbox=False)
    return api, minted.account_id


def mail(shop, *recipients: str, **more) -> list[int]:
    return accepted(shop[0].email(*(recipients or (ANN,)), **more))["message_ids"]


def test_it_is_pending_and_says_that_it_is_held(shop, client, jobs):
    [message_id] = mail(shop)
    jobs.settle()
    status = shop[0].status("email", message_id)
    assert (status["status"], status["status_code"], status["response"]) == ("pending", 0, HELD)
    assert client.get("/sandbox/emails").json["emails"] == []


def test_time_and_sweeps_do_nothing_to_it(app, shop, clock, jobs):
    [message_id] = mail(shop)
    for _ in range(4):
        clock.advance(24 * 3600)
        with app.app_context():
            failover.fail_over_removed()
            polling.expire()
        jobs.recover()
        jobs.settle()
    assert shop[0].status("email", message_id)["response"] == HELD


def test_what_is_scheduled_is_held_when_its_time_comes(shop, clock, jobs):
    [message_id] = mail(shop, send_at="2026-06-10 16:00:00")  # in an hour
    jobs.dispatch()
    assert shop[0].status("email", message_id)["response"] != HELD
    clock.advance(3600)
    jobs.dispatch()
    assert shop[0].status("email", message_id)["response"] == HELD


def test_a_bulk_is_held_and_counted(app, shop, jobs):
    mail(shop, *(f"user{number}@example.com" for number in range(150)))
    mail(shop)
    jobs.dispatch()
    with app.app_context():
        assert (held.count(shop[1], actor=ACTOR), held.count_all()) == (151, 151)
        [waiting] = queue_state.queues()
    assert (waiting.gateway, waiting.waiting, waiting.oldest_due) == ("smtp", 151, None)


def test_a_sandbox_wallets_mail_is_caught_all_the_same(app, client, worldledgers, jobs):
    accepted(worldledgers.email(ANN))
    jobs.dispatch()
    assert [found["to"] for found in client.get("/sandbox/emails").json["emails"]] == [ANN]
    with app.app_context():
        assert held.count_all() == 0


def test_the_pages_tell_of_it_and_it_can_be_taken_back(app, shop):
    mail(shop)
    with app.app_context():
        uid = query("SELECT uid FROM messages WHERE channel = 'email'")[0][0]
    visitor = Visitor(app, make_user(app)).pick(shop[1])
    assert "1 mail is held" in visitor.get("/emails").text
    assert "Held: no mail server is set up" in visitor.get(f"/emails/{uid}").text
    assert "No mail server is set up" in visitor.get("/emails/write").text
    visitor.post(f"/emails/{uid}/cancel")
    with app.app_context():
        assert history.find(shop[1], uid, channel="email", actor=ACTOR)["status"] == "cancelled"
    assert "held" not in visitor.get("/emails").text


def test_nobody_else_is_told(app, shop):
    mail(shop)
    other, minted = new_worldledgers(app, is_sandbox=False)
    assert "is held" not in Visitor(app, make_user(app)).pick(minted.account_id).get("/emails").text


def test_with_a_server_it_leaves_and_can_not_be_taken_back_as_held(app_with, shop):
    [message_id] = mail(shop)
    with app_with(WESEND_SMTP_URL="smtp://127.0.0.1:9").app_context():
        row = query("SELECT * FROM messages WHERE id = ?", (message_id,))[0]
        assert not held.is_held(row) and held.count_all() == 0
        assert queue.is_due(registry.SMTP) and registry.gateway(registry.SMTP) is not None
        with pytest.raises(NotCancellable):
            cancelling.cancel(get_account(shop[1]), row["uid"], actor=ACTOR)
