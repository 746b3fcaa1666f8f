"""Databases of earlier versions with mail in them: nothing of it is lost on the way here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from wesend.database import db, query
from wesend.messages import caught, handed_in, history, mail, search
from wesend.messages.texts import REMOVED
from wesend.operations import retention
from wesend.schema_version import MIGRATIONS, bring_up_to_date, prepare_folder

from .conftest import close, make_app


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
        connection.execute("INSERT INTO caught_mails (uid, recipient, raw, created_at) VALUES (?, ?, ?, ?)",
                           (f"u{number}", "ann@example.com", b"Subject: %d\r\n\r\nHello" % number, number))
    connection.commit()
    assert bring_up_to_date() is True
    handed_in.keep(["ann@example.com"], b"Subject: 3\r\n\r\nHello")
    assert [shown["subject"] for shown in caught.emails(to="ann@example.com", since=None)] == ["0", "1", "2", "3"]
    assert [shown["subject"] for shown in caught.emails(to=None, since="u1")] == ["2", "3"]
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
    row = history.find(1, "m", channel="email")
    assert mail.Letter.of(row).text == text
    assert mail.link_target(1, 0) == "https://shop.example/"
    assert [shown["html"].count("Dear {nobody}") for shown in caught.emails(to=None, since=None)] == [1]
    found = search.find(search.Search(history.Filter(1, channel="email"), "dear {nobody}"), None, 10)
    assert [row["uid"] for row in found.rows] == ["m"]
    app.config["WESEND"] = replace(app.config["WESEND"], keep_text_days=30.0)
    assert retention.remove_texts() == 2
    row = history.find(1, "m", channel="email")
    assert row["text"] == REMOVED + '<a href="https://shop.example/"></a>' and mail.link_target(1, 0) == "https://shop.example/"
