"""Databases of earlier versions with mail in them: nothing of it is lost on the way here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from wesend.database import db, query
from wesend.messages import caught, handed_in
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
