"""Webhook format `worldledgers`: one POST a status change, e-mail events included, signed."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from hashlib import sha256

import pytest
from flask import Flask

from wesend.adapters.guarded_http import GuardedHttp
from wesend.wallets.service import find_wallet
from wesend.webhooks import claims, deliver, endpoints

from ..support.accounts import Minted, mint_key, new_worldledgers
from ..support.apis import Wesendall, WorldLedgers
from ..support.fakes import FakeVendor, answer
from ..support.jobs import ManualJobs
from ..support.worldledgers import BUSY, FAILS, LOW, OK, accepted

ANN = "ann@example.com"


@pytest.fixture
def listener() -> Iterator[FakeVendor]:
    fake = FakeVendor()
    fake.on("POST", "/hook", answer(200))
    yield fake
    fake.stop()


class Hooked:
    """An account with an endpoint; ``heard`` delivers what waits and gives every POST so far."""

    def __init__(self, app: Flask, listener: FakeVendor, api: WorldLedgers, minted: Minted, secret: str):
        self.app, self.listener, self.api, self.minted, self.secret = app, listener, api, minted, secret

    def heard(self) -> list[dict]:
        with self.app.app_context():
            http = GuardedHttp(allow_private=True)
            for endpoint in claims.due_endpoints():
                claimed = claims.claim(endpoint, 100)
                for row in claimed.rows:
                    assert deliver.attempt(http, deliver.load_target(endpoint), row, claimed.token)
        return [asked.json for asked in self.listener.asked]

    def events(self) -> list[str]:
        return [payload["event"] for payload in self.heard()]


@pytest.fixture
def hooked(app_with, listener, clock) -> Hooked:
    """It is 15:00:00 in Nairobi."""
    app = app_with(WESEND_ALLOW_PRIVATE_URLS="1")
    api, minted = new_worldledgers(app)
    with app.app_context():
        _, secret = endpoints.add_endpoint(
            account_id=minted.account_id, format_name="worldledgers", url=listener.url + "/hook", actor="test"
        )
    return Hooked(app, listener, api, minted, secret)


@pytest.fixture
def jobs(hooked):
    return ManualJobs(hooked.app)


def test_a_delivered_sms_is_told_of_twice_in_the_documented_body(hooked, jobs):
    data = accepted(hooked.api.sms(OK, reference="invoice-42"))
    jobs.settle()
    processing, delivered = hooked.heard()
    assert delivered == {
        "type": "sms",
        "event": "communication.sms.delivered",
        "message_id": data["message_ids"][0],
        "blast_id": data["blast_id"],
        "reference": "invoice-42",
        "recipient": OK,
        "status": "delivered",
        "status_code": 1,
        "response": "Success (sandbox)",
        "firm_id": hooked.minted.account_id,
        "timestamp": "2026-06-10T15:00:00+03:00",
    }
    assert processing == {
        **delivered,
        "event": "communication.sms.processing",
        "status": "processing",
        "status_code": 3,
        "response": "Sent to the provider",
    }
    assert {
        **hooked.api.status("sms", data["message_ids"][0]),
        "firm_id": hooked.minted.account_id,
        "timestamp": delivered["timestamp"],
    } == delivered


def test_the_headers_name_the_event_and_sign_the_raw_body(hooked, jobs):
    accepted(hooked.api.sms(OK, reference="Grüße"))
    jobs.settle()
    hooked.heard()
    for asked in hooked.listener.asked:
        expected = "sha256=" + hmac.new(hooked.secret.encode(), asked.body, sha256).hexdigest()
        assert asked.headers["x-wl-signature"] == expected
        assert asked.headers["x-wl-event"] == asked.json["event"]
        assert asked.headers["content-type"] == "application/json"
        assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= asked.headers.keys()


@pytest.mark.parametrize(
    ("number", "words"), [(FAILS, ["processing", "failed"]), (LOW, ["failed"]), (BUSY, ["processing", "delivered"])]
)
def test_each_change_is_told_once(hooked, jobs, number, words):
    accepted(hooked.api.sms(number))
    for _ in range(4):
        jobs.settle()
    assert hooked.events() == [f"communication.sms.{word}" for word in words]


def test_every_message_of_a_blast_is_told_of(hooked, jobs):
    data = accepted(hooked.api.sms(OK, "254722000001"))
    jobs.settle()
    told = [(payload["message_id"], payload["status"]) for payload in hooked.heard()]
    assert sorted(told) == sorted((message_id, word) for message_id in data["message_ids"] for word in ("processing", "delivered"))


def test_a_mail_is_told_of_with_its_openings_and_clicks(hooked, jobs):
    [message_id] = accepted(hooked.api.email(ANN, message='<a href="https://shop.example.com/">Pay</a>'))["message_ids"]
    jobs.dispatch()
    client = hooked.app.test_client()
    html = client.get("/sandbox/emails").json["emails"][0]["html"]
    pixel, link = (re.search(pattern, html)[1] for pattern in (r'<img src="http://[^/]+([^"]+)', r'href="http://[^/]+([^"]+)'))
    for path in (pixel, link, link):
        client.get(path)
    told = hooked.heard()
    assert [payload["event"] for payload in told] == [
        f"communication.email.{word}" for word in ("processing", "delivered", "opened", "clicked")
    ]
    assert {(payload["type"], payload["message_id"], payload["recipient"]) for payload in told} == {("email", message_id, ANN)}
    assert [(payload["status"], payload["status_code"]) for payload in told[2:]] == [("delivered", 1)] * 2


def test_nothing_is_told_while_a_message_waits(hooked, jobs):
    accepted(hooked.api.sms(OK, send_at="2026-06-11 09:00:00"))
    jobs.settle()
    assert hooked.events() == []


def test_only_messages_of_this_api_are_told_of(hooked, jobs):
    with hooked.app.app_context():
        _, given = mint_key(hooked.minted.account_id, find_wallet(hooked.minted.wallet, actor="test"), "wesendall")
    wesendall = Wesendall(hooked.app.test_client(), given.public, given.secret, hooked.minted.wallet)
    assert wesendall.send("+254712345678").status_code == 200
    jobs.settle()
    assert hooked.events() == []


def test_an_endpoint_may_choose_its_events(hooked, jobs, listener):
    listener.on("POST", "/failures", answer(200))
    with hooked.app.app_context():
        endpoints.add_endpoint(
            account_id=hooked.minted.account_id,
            format_name="worldledgers",
            url=listener.url + "/failures",
            events=["communication.sms.failed"],
            actor="test",
        )
    accepted(hooked.api.sms(OK, FAILS))
    jobs.settle()
    hooked.heard()
    assert [asked.json["event"] for asked in listener.asked if asked.path == "/failures"] == ["communication.sms.failed"]
