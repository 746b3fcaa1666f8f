"""Texts of old messages are replaced, their rows, prices and statuses stay; what is under way keeps its text."""

from __future__ import annotations

import pytest

from wesend.core.errors import NotRetryable
from wesend.database import query, write
from wesend.messages.email import compose as mail
from wesend.messages.email.compose import MailComposer
from wesend.messages.sending import actions
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import Addressee
from wesend.messages.state.redaction import REMOVED
from wesend.operations import retention
from wesend.sandbox import caught_mail, handed_in
from wesend.sandbox.inbox import Wanted

from ..support.domain import (
    ACTOR,
    NUMBERS,
    ORIGIN,
    assert_counted,
    batch,
    make_account,
    make_wallet,
    message,
    named,
    problems,
    put,
    send,
)

DAY = 24 * 3600


@pytest.fixture
def context(app_with):
    app = app_with(WESEND_KEEP_TEXT_DAYS="30")
    with app.app_context():
        yield app


@pytest.fixture
def wallet(clock, carrier):
    return make_wallet("100000")


def remove_all() -> None:
    while retention.remove_texts():
        pass


def sent(wallet, status: str = "delivered", **columns) -> int:
    message_id = send(wallet, NUMBERS[0], text="Your code is 1234").messages[0]["id"]
    put(message_id, status, **columns)
    write(lambda tx: tx.changed("UPDATE batches SET finished_at = 1, state = 'finished' WHERE queued + submitted = 0"))
    return message_id


def test_an_old_text_is_replaced_in_message_and_batch_and_nothing_else_changes(wallet, clock):
    message_id = sent(wallet)
    before = dict(message(message_id))
    clock.advance(31 * DAY)
    remove_all()
    after = dict(message(message_id))
    assert after == {**before, "text": REMOVED}
    assert batch(before["batch_id"])["text"] == REMOVED
    assert "1234" not in str(
        [dict(row) for table in ("messages", "batches", "message_events") for row in query(f"SELECT * FROM {table}")]
    )
    assert problems() == []
    assert_counted()


def test_a_text_is_kept_until_its_days_are_over(wallet, clock):
    message_id = sent(wallet)
    clock.advance(29.9 * DAY)
    remove_all()
    assert message(message_id)["text"] == "Your code is 1234"


@pytest.mark.parametrize("status", ["scheduled", "queued", "submitted", "unknown"])
def test_what_is_under_way_keeps_its_text_and_loses_it_once_it_is_over(wallet, clock, status):
    going, ended = sent(wallet, status), sent(wallet)
    clock.advance(31 * DAY)
    remove_all()
    assert message(going)["text"] == "Your code is 1234" and message(ended)["text"] == REMOVED
    put(going, "failed")
    write(lambda tx: tx.changed("UPDATE batches SET finished_at = 1"))
    remove_all()
    assert message(going)["text"] == REMOVED
    assert {row[0] for row in query("SELECT text FROM batches")} == {REMOVED}


def test_more_than_one_chunk_is_replaced(wallet, clock, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 2)
    ids = [sent(wallet) for _ in range(5)]
    clock.advance(31 * DAY)
    remove_all()
    assert {message(found)["text"] for found in ids} == {REMOVED}


def test_a_message_without_its_text_is_not_retried(wallet, clock):
    message_id = sent(wallet, "failed")
    clock.advance(31 * DAY)
    remove_all()
    with pytest.raises(NotRetryable, match="no longer kept"):
        actions.retry(*named(message(message_id)), actor=ACTOR)
    assert message(message_id)["status"] == "failed"


def test_the_links_of_old_mail_still_lead_where_they_led(clock):
    account = make_account()
    composer = MailComposer(
        account,
        make_wallet(account=account, is_sandbox=True),
        "Your order",
        '<p>Dear Jane, <a href="https://shop.example.org/a?x=1&amp;y=2">see</a> <a href="https://shop.example.org/b">more</a></p>',
    )
    (row,) = sending.send(composer, [Addressee("jane@example.org", None)], actor=ACTOR, origin=ORIGIN).messages
    put(row["id"], "delivered")
    before = [mail.link_target(row["id"], place) for place in (0, 1)]
    clock.advance(31 * DAY)
    remove_all()
    after = message(row["id"])
    assert "Jane" not in after["text"] and after["text"].startswith(REMOVED) and after["subject"] == ""
    assert [mail.link_target(row["id"], place) for place in (0, 1)] == before
    assert before == ["https://shop.example.org/a?x=1&y=2", "https://shop.example.org/b"]


def test_mail_that_the_sandbox_caught_goes_as_a_whole(clock):
    handed_in.keep(["a@example.org"], b"Subject: old\r\n\r\nHello")
    clock.advance(31 * DAY)
    handed_in.keep(["a@example.org"], b"Subject: new\r\n\r\nHello")
    remove_all()
    assert [found["subject"] for found in caught_mail.emails(Wanted())] == ["new"]


def test_without_the_setting_texts_are_kept_for_ever(app_with, clock):
    with app_with().app_context():
        message_id = send(make_wallet(is_sandbox=True)).messages[0]["id"]
        put(message_id, "delivered")
        clock.advance(10_000 * DAY)
        assert retention.remove_texts() == 0
        assert message(message_id)["text"] == "Hello"
