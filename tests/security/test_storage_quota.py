"""An account that has filled its storage gets no bulk, e-mail, group or contact in any API, in that API's words."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from wesend.database import query, write

from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.dashboard import Visitor, make_user
from ..support.database import written
from ..support.esms import Esms
from ..support.published import CREDENTIALS

MANY = [f"+25677{number:07}" for number in range(1000, 1101)]


@pytest.fixture
def full(app_with) -> Flask:
    """The sandbox's account, its 1 MB all but used."""
    app = app_with(WESEND_ACCOUNT_STORAGE_MB="1")
    with app.app_context():
        write(lambda tx: tx.execute("UPDATE account_storage SET texts = 1048576") and None)
    return app


@pytest.fixture
def client(full: Flask) -> FlaskClient:
    return full.test_client()


def group_of(app: Flask) -> int:
    with app.app_context():
        return query("SELECT id FROM groups ORDER BY id LIMIT 1")[0][0]


CALLS = {
    "wesendall: a send to many": lambda app, client: Wesendall(client).send(MANY),
    "wesendall: a group": lambda app, client: Wesendall(client).post(
        "/groups", {"walletId": Wesendall(client).wallet, "name": "N"}
    ),
    "wesendall: a contact": lambda app, client: Wesendall(client).post(
        f"/groups/{group_of(app)}/contacts", {"walletId": Wesendall(client).wallet, "phone": MANY[0]}
    ),
    "wasambazie: a send to many": lambda app, client: Wasambazie(client).send(
        ",".join(number.replace("+25677", "+25571") for number in MANY)
    ),
    "esms: a list": lambda app, client: Esms(client).upload(f"phone\n{MANY[0]}\n"),
    "esms: a bulk": lambda app, client: Esms(client).bulk(group_of(app)),
    "worldledgers: an SMS to many": lambda app, client: WorldLedgers(client).sms(
        *(f"25471{number:07}" for number in range(1000, 1101))
    ),
    "worldledgers: an e-mail": lambda app, client: WorldLedgers(client).email("ann@example.com"),
}
SHOWN = {
    "wesendall": lambda shown: shown["error"] == "storage_quota_exceeded" and shown["success"] is False and shown["message"],
    "esms": lambda shown: shown["detail"]["code"] == "storage_quota_exceeded" and shown["detail"]["message"],
    "wasambazie": lambda shown: shown["detail"],
    "worldledgers": lambda shown: shown["status"] == "error" and shown["message"],
}


@pytest.mark.parametrize("call", CALLS)
def test_what_is_large_is_refused_in_the_words_of_the_api_and_writes_nothing(full, client, call):
    before = written(full)
    answer = CALLS[call](full, client)
    assert answer.status_code == 413, answer.json
    assert "storage is full" in SHOWN[call.split(":")[0]](answer.json)
    assert written(full) == before


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (lambda client: Wesendall(client).send(MANY[:100]), 200),
        (lambda client: Wasambazie(client).send("+255712345678"), 201),
        (lambda client: Esms(client).send(), 200),
        (lambda client: WorldLedgers(client).sms("254712345678"), 202),
    ],
)
def test_single_sms_are_sent_all_the_same(client, send, status):
    assert send(client).status_code == status


def test_a_request_that_was_refused_may_come_again_with_its_key_when_there_is_room(full, client):
    def send():
        return WorldLedgers(client).post(
            "/email",
            {"subject": "Hi", "message": "Hello", "recipients": ["ann@example.com"]},
            headers={"Idempotency-Key": "mail-1"},
        )

    assert send().status_code == 413
    with full.app_context():
        write(lambda tx: tx.execute("UPDATE account_storage SET texts = 0") and None)
    assert send().status_code == 202


def test_it_is_documented_in_every_api(client):
    for api in CREDENTIALS:
        document = client.get(f"/docs/openapi/{api}.json").get_data(as_text=True)
        assert "storage is full" in document, api


def test_the_operator_reads_what_an_account_stores(full):
    page = Visitor(full, make_user(full)).get("/operator/accounts/1")
    assert page.status_code == 200
    assert "Storage" in page.text and "full: bulks, e-mails and contacts are refused" in page.text
