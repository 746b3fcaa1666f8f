"""While dispatch is paused nothing leaves, whatever is asked for; what is sent is accepted, and leaves afterwards."""

from __future__ import annotations

import pytest

from wesend.coordination import pause
from wesend.core import clock
from wesend.core.errors import Conflict
from wesend.database import query, write
from wesend.messages.dispatch import queue
from wesend.messages.sending import actions
from wesend.messages.sending.options import Options
from wesend.operations import pausing
from wesend.webhooks import claims, endpoints, outbox
from wesend.webhooks.formats import Event

from ..support.domain import ACTOR, NUMBERS, balance, make_wallet, message, named, problems, send


@pytest.fixture
def wallet(carrier):
    return make_wallet("1000")


def test_nothing_is_paused_until_somebody_pauses(context):
    assert pause.current() is None


def test_a_send_while_paused_is_paid_and_queued_and_the_gateway_hears_nothing(carrier, wallet):
    pausing.pause("Looking at something", actor=ACTOR)
    sent = send(wallet, in_request=True)
    assert [row["status"] for row in sent.messages] == ["queued"]
    assert balance(wallet) == "965" and carrier.submitted == []


def test_the_sandbox_gateway_is_held_back_like_any_other(context):
    pausing.pause("Looking at something", actor=ACTOR)
    sent = send(make_wallet("1000", is_sandbox=True), in_request=True)
    assert [row["status"] for row in sent.messages] == ["queued"]


def test_queued_messages_can_not_be_claimed_until_dispatch_is_resumed(carrier, wallet):
    queued = send(wallet, NUMBERS[0], NUMBERS[1])
    pausing.pause("Looking at something", actor=ACTOR)
    assert queue.claim("carrier", 10).messages == []
    pausing.resume(actor=ACTOR)
    assert [claimed.id for claimed in queue.claim("carrier", 10).messages] == [row["id"] for row in queued.messages]
    assert problems() == []


def test_what_was_scheduled_stays_so_and_can_still_be_cancelled(carrier, wallet):
    sent = send(wallet, options=Options(mode="scheduled", scheduled_at=clock.now_ms() - 1))
    pausing.pause("Looking at something", actor=ACTOR)
    assert queue.release_due() == 0
    assert message(sent.messages[0]["id"])["status"] == "scheduled"
    assert actions.cancel_message(*named(sent.messages[0]), actor=ACTOR).count == 1
    assert balance(wallet) == "1000"


def test_webhooks_wait_too(wallet):
    endpoint, _ = endpoints.add_endpoint(
        account_id=wallet.account_id, format_name="wesendall", url="https://shop.example.org/hook", actor=ACTOR
    )
    write(lambda tx: outbox.put(tx, [(endpoint["id"], Event("sms.sent", "1", {"id": 1}))]))
    pausing.pause("Looking at something", actor=ACTOR)
    assert claims.due_endpoints() == [] and claims.claim(endpoint["id"], 5).rows == []
    pausing.resume(actor=ACTOR)
    assert claims.due_endpoints() == [endpoint["id"]] and len(claims.claim(endpoint["id"], 5).rows) == 1


def test_a_pause_keeps_its_beginning_when_it_is_asked_for_again(context):
    first = pausing.pause("Looking at something", actor=ACTOR)
    assert pausing.pause("Something else", actor=ACTOR) == first
    assert pausing.pause("Restored", actor=ACTOR, anew=True).reason == "Restored"


def test_pausing_and_resuming_stand_in_the_audit_log_and_resuming_twice_is_refused(context):
    pausing.pause("Looking at something", actor=ACTOR)
    pausing.resume(actor=ACTOR)
    with pytest.raises(Conflict, match="not paused"):
        pausing.resume(actor=ACTOR)
    assert [tuple(row) for row in query("SELECT action, detail FROM audit_log WHERE subject = 'dispatch' ORDER BY id")] == [
        ("dispatch.pause", "Looking at something"),
        ("dispatch.resume", None),
    ]
