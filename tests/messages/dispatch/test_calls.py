"""What is queued for a vendor that takes many at once leaves in as few calls as it allows, from the first one on."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest

from tests.support.domain import ACTOR, NUMBERS, make_route, make_wallet, send
from tests.support.fakes import Asked, FakeVendor, answer
from wesend.database import query
from wesend.gateways import service
from wesend.messages.dispatch.worker import Worker


def taken(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
    found = {"status": 0, "data": [{"recipient": number, "messageId": f"m{number}"} for number in asked.json["Recipients"]]}
    answer(201, found)(handler, asked)


@pytest.fixture
def hubtel():
    """A vendor that takes a hundred numbers a call."""
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


@pytest.mark.parametrize(("messages", "calls"), [(7, [7]), (100, [100]), (230, [30, 100, 100])])
def test_a_bulk_leaves_in_as_few_calls_as_can_be(context, hubtel, messages, calls):
    hubtel.on("POST", "/v1/messages/batch/simple/send", taken)
    service.set_gateway("many", "hubtel", {"base_url": hubtel.url}, {"client_id": "a", "client_secret": "b"}, actor=ACTOR)
    make_route("MANY", "many", priority=-1)
    send(make_wallet("100000"), *NUMBERS[:messages])
    run(context)
    assert sorted(len(asked.json["Recipients"]) for asked in hubtel.asked) == calls
    assert query("SELECT count(*) FROM messages WHERE status = 'submitted'")[0][0] == messages


def test_texts_of_their_own_are_not_held_up_by_that(context, hubtel):
    hubtel.on("POST", "/v1/messages/batch/simple/send", taken)
    service.set_gateway("many", "hubtel", {"base_url": hubtel.url}, {"client_id": "a", "client_secret": "b"}, actor=ACTOR)
    make_route("MANY", "many", priority=-1)
    wallet = make_wallet("100000")
    send(wallet, *NUMBERS[:8])
    for number in NUMBERS[8:40]:
        send(wallet, number, text=f"Hello {number}")
    run(context)
    assert sorted(len(asked.json["Recipients"]) for asked in hubtel.asked) == [1] * 32 + [8]
    assert query("SELECT count(*) FROM messages WHERE status = 'submitted'")[0][0] == 40


def run(app) -> None:
    """Rounds of a worker until nothing is left."""
    worker = Worker(app, "many")
    worker.stop()
    worker.thread.join(30)
    worker.stopping = False
    while worker._serve():
        pass
    with worker.idle:
        assert worker.idle.wait_for(lambda: worker.out == 0, 30)
    if worker.pool is not None:
        worker.pool.shutdown()
