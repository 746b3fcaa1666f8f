"""Less room than the reserve: what is large is refused, single sends go on, operators are told once."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import time

import pytest
from aiosmtpd.smtp import Envelope

from tests.support.apis import Wasambazie, Wesendall, WorldLedgers
from tests.support.dashboard import Visitor, make_user
from tests.support.dialects import ROWS
from tests.support.domain import ORIGIN, composer, make_wallet
from wesend.core import storage
from wesend.core.errors import StorageFull
from wesend.database import query, write, write_surely
from wesend.messages.sending import send as sending
from wesend.messages.sending.compose import read_recipients
from wesend.messages.sending.options import Options
from wesend.operations import mailing, storage_watch
from wesend.sandbox import mail_catcher

HUGE = str(10**7)  # MB; more than any disk of ours has


@pytest.fixture
def low(app_with):
    return app_with(WESEND_DISK_RESERVE_MB=HUGE)


def test_single_sends_go_on_and_bulks_are_refused(low):
    client = low.test_client()
    assert Wesendall(client).send("+256712345678").status_code == 200
    assert Wasambazie(client).send("+255712345678").status_code == 201
    before = Wesendall(client).balance()
    many = [f"+2567120{index:05}" for index in range(101)]
    refused = Wesendall(client).send(many)
    assert (refused.status_code, refused.json["error"]) == (503, "storage_full")
    assert "large sends" in refused.json["message"] and Wesendall(client).balance() == before
    assert WorldLedgers(client).email("a@example.com").status_code == 202
    assert WorldLedgers(client).email("a@example.com", "b@example.com").status_code == 503


def test_uploads_and_bulks_from_lists_are_refused(low):
    esms = ROWS["esms"].api(low)
    file = {"file": (io.BytesIO(b"phone\n+256712345678\n"), "list.csv"), "name": "Parents"}
    answer = esms.post("/api/contact-lists", data=file, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["detail"]["code"]) == (503, "storage_full")
    with low.app_context():
        wallet = make_wallet("1000")
        with pytest.raises(StorageFull):
            to = read_recipients(["+256712345678"], "UG")
            sending.send_bulk(composer(wallet), to, actor="test", origin=ORIGIN, options=Options())
        assert query("SELECT count(*) FROM groups WHERE name = 'Parents'")[0][0] == 0


def test_a_reserve_of_zero_is_none(app_with):
    app = app_with(WESEND_DISK_RESERVE_MB="0")
    with app.app_context():
        assert not storage.here().is_low()
        storage.here().require_room(10**15)


def test_operators_see_it_on_every_page_and_customers_do_not(low):
    operator = Visitor(low, make_user(low))
    owner = Visitor(low, make_user(low, "owner", 1))
    assert "The disk is filling up" in operator.get("/").text and "The disk is filling up" in operator.get("/contacts").text
    assert "The disk is filling up" not in owner.get("/").text


def test_it_is_mailed_once_a_crossing(low, monkeypatch):
    posted: list[str] = []
    monkeypatch.setattr(mailing, "post", lambda mail, to, **_: posted.append(f"{to}: {mail['Subject']}") or True)
    make_user(low)
    with low.app_context():
        here = storage.here()
        storage_watch.warn()
        storage_watch.warn()
        assert len(posted) == 1 and posted[0].startswith("operator@example.com: wesend's disk is filling up")
        low.extensions.pop("wesend.low-disk")  # another process runs the jobs
        storage_watch.warn()
        assert len(posted) == 1
        monkeypatch.setattr(here, "reserve", 1)
        storage_watch.warn()
        monkeypatch.setattr(here, "reserve", 10**18)
        storage_watch.warn()
        assert len(posted) == 2


def test_a_mail_server_that_can_not_be_reached_is_tried_again_a_minute_later(app_with, monkeypatch):
    app = app_with(WESEND_DISK_RESERVE_MB=HUGE, WESEND_ALERT_MAIL="ops@example.org")
    tries: list[str] = []
    monkeypatch.setattr(mailing, "post", lambda _mail, to, **_: tries.append(to) or len(tries) > 1)
    now = [100.0]
    monkeypatch.setattr(storage_watch.time, "monotonic", lambda: now[0])
    with app.app_context():
        for seconds in (0, 30, 31, 120):
            now[0] += seconds
            storage_watch.warn()
    assert tries == ["ops@example.org"] * 2


def full(app) -> None:
    """The next write needs a page more than there may be."""
    database = app.extensions["wesend.database"]
    write(lambda tx: None)
    connection = database.group.writer.connection
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")


def big(tx) -> None:
    tx.execute("INSERT INTO caught_bodies (raw, size) VALUES (zeroblob(500000), 1)")


def test_a_write_that_finds_no_room_leaves_nothing_and_the_next_one_finds_it(context):
    full(context)
    with pytest.raises(StorageFull) as refused:
        write(big)
    assert refused.value.cause == storage.FULL and storage.here().problem() == storage.FULL
    assert query("SELECT count(*) FROM caught_bodies")[0][0] == 0
    assert storage_watch.look() and storage.here().problem() is None
    write(big)
    assert query("SELECT count(*) FROM caught_bodies")[0][0] == 1


def test_what_has_happened_is_written_when_there_is_room(context):
    full(context)
    assert write_surely(big) is False
    for _ in range(100):
        if query("SELECT count(*) FROM caught_bodies")[0][0]:
            break
        time.sleep(0.05)
    assert query("SELECT count(*) FROM caught_bodies")[0][0] == 1


def test_an_application_that_hands_mail_in_is_told_to_come_again(context):
    full(context)
    mail = Envelope()
    mail.content, mail.rcpt_tos = b"Subject: Hi\r\n\r\n" + bytes(500_000), ["a@example.com"]
    handler = mail_catcher._Handler(context)
    assert asyncio.run(handler.handle_DATA(None, None, mail)).startswith("452 ")
    assert asyncio.run(handler.handle_DATA(None, None, mail)).startswith("250 ")


def test_what_is_no_lack_of_room_is_raised_as_it_is(context):
    with pytest.raises(sqlite3.IntegrityError):
        write(lambda tx: tx.execute("INSERT INTO caught_bodies (raw, size) VALUES (NULL, NULL)"))
    assert storage.here().problem() is None
    assert storage.cause_of(ValueError()) is None and storage.cause_of(OSError(2, "missing")) is None
    assert storage.cause_of(OSError(28, "full")) == storage.FULL
