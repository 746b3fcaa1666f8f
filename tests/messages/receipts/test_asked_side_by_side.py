"""Several messages that are asked about in a call each, side by side: what is told once, and the access token of the calls."""

from __future__ import annotations

import pytest

from tests.support.domain import ACTOR, make_route, make_wallet, message, send
from tests.support.fakes import FakeVendor, answer
from tests.support.vendor_files import changed, write_file
from wesend.database import write
from wesend.gateways import service
from wesend.messages.receipts import inbox, polling

NUMBERS = [f"+25677200000{digit}" for digit in range(3)]


@pytest.fixture
def nextsms(app_with):
    """A gateway of it at a fake server, in an app context."""
    vendor = FakeVendor()
    with app_with().app_context():
        service.set_gateway("next", "nextsms", {"base_url": vendor.url}, {"username": "u", "password": "p"}, actor=ACTOR)
        make_route("NEXT", "next", priority=-1)
        yield vendor
    vendor.stop()


def ask() -> None:
    """Every message is due."""
    write(lambda tx: tx.execute("UPDATE messages SET poll_at = 1"))
    polling.poll_due()
    inbox.match_new()


def test_what_is_told_of_several_in_as_many_calls_is_kept(nextsms):
    taken = [{"to": to[1:], "status": {"groupName": "PENDING"}, "messageId": to[-1]} for to in NUMBERS]
    nextsms.on("POST", "/api/sms/v1/text/multi", answer(200, {"messages": taken}))
    told = [answer(200, {"results": [{"messageId": to[-1], "to": to[1:], "status": {"id": 73}}]}) for to in NUMBERS]
    nextsms.on("GET", "/api/sms/v1/reports", *told, answer(200, {"results": []}))
    rows = send(make_wallet("1000"), *NUMBERS, in_request=True).messages
    assert [message(row["id"])["status"] for row in rows] == ["submitted"] * 3
    ask()
    assert [message(row["id"])["status"] for row in rows] == ["delivered"] * 3


AUTH = 'kind = "header"\nname = "X-Key"\nvalue = "{api_key}"'
OAUTH = 'kind = "oauth"\nurl = "{base_url}/token"\nmethod = "POST"\nbody = { secret = "{api_key}" }'


def test_a_process_without_a_token_fetches_one_for_all(app_with, instance):
    write_file(instance, changed((AUTH, OAUTH)))
    vendor = FakeVendor()
    vendor.on("POST", "/token", answer(200, {"access_token": "t0ken", "expires_in": 3600}))
    queued = [{"number": to, "status": "queued", "id": to[-1]} for to in NUMBERS]
    vendor.on("POST", "/send", answer(200, {"code": 200, "recipients": queued}))
    for to in NUMBERS:
        vendor.on("GET", f"/report/{to[-1]}", answer(200, {"status": "DELIVRD"}))
    with app_with().app_context():
        service.set_gateway("acme1", "acme", {"base_url": vendor.url}, {"api_key": "k"}, actor=ACTOR)
        make_route("ACME", "acme1", priority=-1)
        rows = send(make_wallet("1000"), *NUMBERS, in_request=True).messages
        service.set_gateway("acme1", "acme", {"base_url": vendor.url, "desk": "back"}, {"api_key": "k"}, actor=ACTOR)
        ask()
        assert [message(row["id"])["status"] for row in rows] == ["delivered"] * 3
        assert sum(asked.path == "/token" for asked in vendor.asked) == 2
    vendor.stop()
