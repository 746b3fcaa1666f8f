"""A message that failed and is retried by hand is paid for once more, so it goes out once more, whatever its gateway knows."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from tests.support.domain import ACTOR, make_route, make_wallet, message, problems, send
from tests.support.fakes import FakeVendor, answer
from tests.support.gateways import Vendor, set_up
from wesend.accounts.service import get_account
from wesend.database import query
from wesend.gateways import registry
from wesend.messages.dispatch.worker import serve_at_once
from wesend.messages.receipts import inbox, polling
from wesend.messages.sending import actions

TO = "+256712300000"
PATH = "/3rdparty/v1/messages"


@pytest.fixture
def phone(context, clock) -> Iterator[FakeVendor]:
    """As the app's server: an id that is there already is a message that is there already."""
    fake, seen = FakeVendor(), set()

    def take(handler, asked) -> None:
        ours = asked.json["id"]
        reply = answer(409, {"message": "duplicate id"}) if ours in seen else answer(202, {"id": ours, "state": "Pending"})
        seen.add(ours)
        reply(handler, asked)

    fake.on("POST", PATH, take)
    yield fake
    fake.stop()


@pytest.fixture
def vendor(context, phone) -> Vendor:
    return Vendor(context, set_up("android", phone.url))


@pytest.fixture
def sent(vendor):
    make_route("ESMS_UG", "android")
    return send(make_wallet("1000"), TO, in_request=True).messages[0]


def tell(vendor: Vendor, gateway_id: str, event: str) -> None:
    body = json.dumps({"event": f"sms:{event}", "id": f"{gateway_id}{event}", "payload": {"messageId": gateway_id}})
    signature = hmac.digest(b"wk", (body + "1750000000").encode(), hashlib.sha256).hex()
    vendor(data=body, headers={"X-Signature": signature, "X-Timestamp": "1750000000"}, content_type="application/json")
    inbox.match_new()


def retry(sent) -> str:
    """By hand; the id that the app knows it by now."""
    actions.retry(get_account(sent["account_id"]), sent["uid"], actor=ACTOR)
    gateway = registry.gateway("android")
    assert gateway is not None
    serve_at_once(gateway)
    return message(sent["id"])["gateway_ref"]


def test_it_leaves_under_an_id_of_its_own_and_only_that_ones_receipts_count(phone, vendor, sent):
    first = message(sent["id"])["gateway_ref"]
    assert first == sent["uid"]
    tell(vendor, first, "failed")
    second = retry(sent)
    assert [asked.json["id"] for asked in phone.asked] == [first, second]
    assert second != first and len(second) == 36, "the app takes no longer one"
    tell(vendor, first, "delivered")  # that it was told once more, or of the first after all
    assert message(sent["id"])["status"] == "submitted"
    tell(vendor, second, "failed")
    third = retry(sent)
    assert third not in (first, second)
    tell(vendor, third, "delivered")
    assert message(sent["id"])["status"] == "delivered" and problems() == []
    assert query("SELECT count(*) FROM ledger_entries WHERE kind = 'sms_charge'")[0][0] == 3


def test_it_is_asked_for_by_the_same_id(phone, vendor, sent, clock):
    tell(vendor, sent["uid"], "failed")
    second = retry(sent)
    phone.on("GET", f"{PATH}/{second}", answer(200, {"id": second, "state": "Delivered"}))
    clock.advance(60)
    polling.poll_due()
    assert message(sent["id"])["status"] == "delivered"
