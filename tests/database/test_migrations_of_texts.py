"""Databases of earlier versions with mail in them: nothing of it is lost on the way here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from wesend.accounts import quota
from wesend.database import query
from wesend.database.schema import db
from wesend.database.schema_version import MIGRATIONS, bring_up_to_date, prepare_folder
from wesend.messages.email import compose as mail
from wesend.messages.reporting import history, search
from wesend.messages.state.redaction import REMOVED
from wesend.operations import retention
from wesend.sandbox import caught_mail, handed_in
from wesend.sandbox import inbox as sandbox_inbox
from wesend.sandbox.inbox import Wanted

from ..conftest import close, make_app


@pytest.fixture
def before(tmp_path) -> Iterator[tuple[Flask, sqlite3.Connection]]:
    """The application on a database of the version before texts were stored once, and a connection to fill it."""
    app = make_app(tmp_path / "before")
    with app.app_context():
        prepare_folder(app.config["WESEND"])
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision="0011")
        db.engine.dispose()
        path: Path = app.config["WESEND"].database
        connection = sqlite3.connect(path)
        yield app, connection
        connection.close()
        close(app)


def test_mail_that_was_caught_is_still_shown_and_goes_in_its_time(before, monkeypatch):
    _, connection = before
    for number in range(3):
        connection.execute(
            "INSERT INTO caught_mails (uid, recipient, raw, created_at) VALUES (?, ?, ?, ?)",
            (f"u{number}", "ann@example.com", b"Subject: %d\r\n\r\nHello" % number, number),
        )
    connection.commit()
    assert bring_up_to_date() is True
    handed_in.keep(["ann@example.com"], b"Subject: 3\r\n\r\nHello")
    assert [shown["subject"] for shown in caught_mail.emails(Wanted("ann@example.com"))] == ["0", "1", "2", "3"]
    assert [shown["subject"] for shown in caught_mail.emails(Wanted(since=sandbox_inbox.read_since("u1")))] == ["2", "3"]
    monkeypatch.setattr(handed_in, "KEPT", 2)
    assert handed_in.forget_old() == 2
    assert query("SELECT count(*) FROM caught_bodies")[0][0] == 2


def test_mail_that_was_sent_reads_as_it_did_and_its_links_still_lead(before):
    app, connection = before
    text = '<p>Dear {nobody}, <a href="https://shop.example/">pay</a></p>'  # what was filled in is not filled in again
    connection.executescript(f"""
        INSERT INTO accounts (id, name, country, time_zone, created_at) VALUES (1, 'Shop', 'KE', 'Africa/Nairobi', 0);
        INSERT INTO wallets (id, uid, account_id, currency, purchase_currency, balance_micros, is_sandbox, created_at)
            VALUES (1, 'wal_x', 1, 'SMS', 'KES', 0, 1, 0);
        INSERT INTO batches (id, uid, account_id, wallet_id, api, channel, lane, state, text, subject, total, cost_micros,
            currency, created_at, finished_at)
            VALUES (1, 'b', 1, 1, 'worldledgers', 'email', 0, 'finished', 'Dear {{name}}', 'Hi', 1, 0, 'SMS', 0, 1);
        INSERT INTO messages (id, uid, batch_id, account_id, wallet_id, channel, lane, recipient, text, subject, encoding,
            segments, cost_micros, gateway, status, due_at, day, created_at)
            VALUES (1, 'm', 1, 1, 1, 'email', 0, 'ann@example.com', '{text}', 'Hi', 'html', 0, 0, 'sandbox-mail', 'delivered',
                    0, '1970-01-01', 0);
    """)
    connection.commit()
    assert bring_up_to_date() is True
    assert quota.stored(1, actor="test") == (len(text) + 500 + len("Dear {name}"), 0)
    row = history.find(1, "m", channel="email", actor="test")
    assert mail.Mail.of(row).text == text
    assert mail.link_target(1, 0) == "https://shop.example/"
    assert [shown["html"].count("Dear {nobody}") for shown in caught_mail.emails(Wanted())] == [1]
    found = search.find(search.Search(history.Filter(1, channel="email"), "dear {nobody}"), None, 10, actor="test")
    assert [row["uid"] for row in found.rows] == ["m"]
    app.config["WESEND"] = replace(app.config["WESEND"], keep_text_days=30.0)
    assert retention.remove_texts() == 2
    row = history.find(1, "m", channel="email", actor="test")
    assert row["text"] == REMOVED + '<a href="https://shop.example/"></a>' and mail.link_target(1, 0) == "https://shop.example/"


def put(connection: sqlite3.Connection, table: str, **values) -> None:
    connection.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", [*values.values()])


ALERT = b"From: wesend@x\nTo: ops@example.com\nSubject: Wallet wal_%d is low: 5 SMS left\nMessage-ID: <1@wesend>\n\nWallet"
NOW = 1_781_092_800_000


def test_live_mail_that_waited_to_be_caught_is_held_and_what_was_caught_stays(before):
    _, connection = before
    put(connection, "accounts", id=1, name="Shop", country="KE", time_zone="Africa/Nairobi", created_at=NOW)
    for wallet, is_sandbox in ((1, 0), (2, 1)):
        of = {"account_id": 1, "created_at": NOW}
        put(
            connection,
            "wallets",
            **of,
            id=wallet,
            uid=f"wal_{wallet}",
            currency="SMS",
            is_sandbox=is_sandbox,
            purchase_currency="KES",
        )
        put(
            connection,
            "batches",
            **of,
            id=wallet,
            uid=f"b{wallet}",
            wallet_id=wallet,
            api="worldledgers",
            channel="email",
            lane=0,
            state="open",
            text="Hi",
            total=3,
            cost_micros=0,
            currency="SMS",
        )
        for status in ("queued", "scheduled", "delivered"):
            put(
                connection,
                "messages",
                **of,
                uid=f"{wallet} {status}",
                batch_id=wallet,
                wallet_id=wallet,
                channel="email",
                lane=0,
                recipient="ann@example.com",
                text="Hi",
                subject="Hi",
                encoding="plain",
                segments=0,
                cost_micros=0,
                gateway="sandbox-mail",
                status=status,
                due_at=NOW,
                day="2026-06-10",
            )
        put(connection, "caught_mails", uid=f"alert {wallet}", recipient="ops@example.com", raw=ALERT % wallet, created_at=NOW)
    put(connection, "caught_mails", uid="app", recipient="ops@example.com", raw=b"Subject: Hi\n\nHi", created_at=NOW)
    connection.commit()
    assert bring_up_to_date() is True
    assert {row["uid"]: row["gateway"] for row in query("SELECT uid, gateway FROM messages")} == {
        "1 queued": "smtp",
        "1 scheduled": "smtp",
        "1 delivered": "sandbox-mail",
        "2 queued": "sandbox-mail",
        "2 scheduled": "sandbox-mail",
        "2 delivered": "sandbox-mail",
    }
    assert {found["id"] for found in caught_mail.emails(Wanted())} == {"2 delivered", "alert 2", "app"}
    assert query("SELECT count(*) FROM caught_bodies")[0][0] == 2
