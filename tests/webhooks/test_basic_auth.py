"""An endpoint whose URL has a user and a password: they are sent as Basic, kept sealed, and shown to nobody."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing

import flask_migrate
import pytest

from tests.conftest import close, make_app
from wesend.database import query
from wesend.database.schema_version import MIGRATIONS, bring_up_to_date, prepare_folder
from wesend.webhooks import endpoints, headers, managed
from wesend.webhooks.endpoints import new_secret
from wesend.webhooks.listening import listen

USER, PASSWORD = "shop", "s3cret p@ss:ü"
USERINFO = "shop:s3cret%20p%40ss%3A%C3%BC@"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def with_user(url: str, userinfo: str = USERINFO) -> str:
    return url.replace("://", f"://{userinfo}", 1)


def stored() -> str:
    """Everything that the database says of endpoints, in one text."""
    return str([tuple(row) for row in query("SELECT * FROM webhook_endpoints")])


@pytest.mark.parametrize(
    ("userinfo", "sent"),
    [
        (USERINFO, basic(USER, PASSWORD)),
        ("shop@", basic("shop", "")),
        (":key@", basic("", "key")),
        ("a:b:c@", basic("a", "b:c")),
        ("%0d%0aX:1@", basic("\r\nX", "1")),
    ],
)
def test_they_are_sent_with_every_attempt_and_the_request_goes_to_the_host(context, engine, receiver, userinfo, sent):
    endpoint = engine.add(with_user(receiver.url, userinfo), "wesendall")
    engine.put(endpoint.id)
    engine.round()
    (posted,) = receiver.posted
    assert posted.headers["authorization"] == sent
    assert posted.headers["host"] == f"{receiver.host}:{receiver.port}"
    assert endpoints.get_endpoint(endpoint.id, actor="test")["url"] == receiver.url


def test_without_them_there_is_no_such_header(engine, receiver):
    engine.put(engine.add(receiver.url, "wesendall").id)
    engine.round()
    assert "authorization" not in receiver.posted[0].headers


def test_nothing_shows_them(context, engine, receiver, app):
    endpoint = engine.add(with_user(receiver.url), "wesendall")
    engine.put(endpoint.id)
    engine.round()
    row = endpoints.get_endpoint(endpoint.id, actor="test")
    shown = headers.shown_headers(row, engine.delivery(), 0, actor="test")
    assert shown["Authorization"] == "Basic (credentials)"
    assert not any(secret in stored() + str(shown) for secret in ("s3cret", "p@ss", base64.b64encode(b"shop:s3cret").decode()[:12]))
    runner = app.test_cli_runner()
    listed = runner.invoke(args=["webhook", "list", "--account", str(row["account_id"]), "--json"], prog_name="wesend").output
    assert receiver.url in listed and "s3cret" not in listed


class TestTheApiThatEditsItInPlace:
    URL = "https://example.com/dlr"

    @pytest.fixture
    def account(self, context) -> int:
        return query("SELECT id FROM accounts")[0][0]

    def put(self, account: int, url: str | None) -> tuple[str | None, str | None]:
        """What is shown then, and what is sent."""
        managed.update(account, "esms", "sandbox", {"url": url}, actor="api")
        row = query("SELECT * FROM webhook_endpoints WHERE managed = 1")[0]
        return managed.settings_of(account, "esms", "sandbox", actor="test").url, endpoints.credentials_of(row)

    def test_what_it_shows_can_be_put_again_and_keeps_them(self, account):
        assert self.put(account, with_user(self.URL)) == (self.URL, f"{USER}:{PASSWORD}")
        assert self.put(account, self.URL) == (self.URL, f"{USER}:{PASSWORD}")

    def test_another_address_does_not_get_them(self, account):
        self.put(account, with_user(self.URL))
        assert self.put(account, "https://evil.example/dlr") == ("https://evil.example/dlr", None)
        self.put(account, with_user(self.URL))
        assert self.put(account, None) == (None, None)
        assert self.put(account, self.URL) == (self.URL, None)

    def test_others_take_their_place(self, account):
        self.put(account, with_user(self.URL))
        assert self.put(account, with_user(self.URL, "other:two@")) == (self.URL, "other:two")


def test_what_is_forwarded_to_a_developer_carries_them_too(engine, receiver, context):
    account = query("SELECT id FROM accounts")[0][0]
    with listen(account, ["wesendall"], with_user(receiver.url), secrets={"wesendall": new_secret()}, actor="cli") as heard:
        engine.put(heard.rows[0]["id"])
        assert next(iter(heard)).status_code == 200
    assert receiver.posted[0].headers["authorization"] == basic(USER, PASSWORD)


def test_the_upgrade_seals_what_lay_open_and_changes_no_other_url(tmp_path):
    app = make_app(tmp_path / "older")
    urls = [
        with_user("https://a.example/x?to=b@c"),
        "https://a.example/x?to=b@c",
        "https://a.example:8443/@me",
        "http://u@[::1]:80/",
    ]
    with app.app_context():
        prepare_folder(app.config["WESEND"])
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision="0015")
        with closing(sqlite3.connect(app.config["WESEND"].database)) as connection, connection:
            connection.execute("INSERT INTO accounts (id, name, country, time_zone, created_at) VALUES (1, 'Shop', 'UG', 'UTC', 0)")
            connection.executemany(
                "INSERT INTO webhook_endpoints (account_id, format, url, secret, created_at) VALUES (1, 'esms', ?, 'x', 0)",
                [(url,) for url in urls],
            )
        bring_up_to_date()
        rows = query("SELECT * FROM webhook_endpoints ORDER BY id")
        assert [row["url"] for row in rows] == [urls[1], urls[1], urls[2], "http://[::1]:80/"]
        assert [endpoints.credentials_of(row) for row in rows] == [f"{USER}:{PASSWORD}", None, None, "u:"]
        assert "s3cret" not in stored()
    close(app)
