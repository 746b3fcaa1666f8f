"""A STOP, however it is written, is honoured by the very next send of every API; and so is a START."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from wesend.database import query

from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.esms import Esms

PHONE, NUMBER = "+254712345678", "32811"
FORMS = ["STOP", "stop.", "StopAll", "UNSUBSCRIBE", "Cancel", "END", "quit!", "acha", "Sitisha tafadhali", "Stop. Thank you"]


@pytest.fixture(autouse=True)
def in_context():
    """None here: each request opens its own, as a server's does."""


def sends(client: FlaskClient) -> dict:
    return {
        "wesendall": lambda: Wesendall(client).send(PHONE),
        "wasambazie": lambda: Wasambazie(client).post(
            "/sms/send", {"to_number": PHONE, "message": "Hello", "sender_id": "MYBRAND"}
        ),
        "esms": lambda: Esms(client).send(PHONE),
        "worldledgers": lambda: WorldLedgers(client).post("/sms", {"recipients": [PHONE], "message": "Hello"}),
    }


def write(client: FlaskClient, text: str, to: str | None = None) -> dict:
    answer = client.post("/sandbox/messages", json={"from": PHONE, "to": to, "text": text})
    assert answer.status_code == 201
    return answer.json


def count(client: FlaskClient) -> int:
    with client.application.app_context():
        return query("SELECT count(*) FROM messages WHERE recipient = ?", (PHONE,))[0][0]


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("to", [None, NUMBER, "21002"])
def test_after_a_stop_no_api_sends_and_after_a_start_each_does(client, text, to):
    apis = sends(client)
    assert apis["esms"]().status_code == 200
    write(client, "JOIN", NUMBER)
    assert write(client, text, to)["account_id"] is not None
    before = count(client)
    answers = {name: send().status_code for name, send in apis.items()}
    assert count(client) == before, answers
    write(client, "START", to)
    for name, send in apis.items():
        answer = send()
        assert answer.status_code < 300, (name, answer.json)
    assert count(client) == before + 4
