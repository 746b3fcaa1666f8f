"""How often a send asks the database, and waits for its answer."""

from __future__ import annotations

from itertools import count

import pytest

from wesend.database import cached, query, write

from ...support.apis import Wasambazie, Wesendall, WorldLedgers
from ...support.domain import make_wallet, send
from ...support.esms import Esms

PHONE = "0712345678"
CALLS = {
    "wesendall": (Wesendall, lambda api, **more: api.send(PHONE, **more)),
    "wasambazie": (Wasambazie, lambda api, **more: api.send(PHONE, **more)),
    "worldledgers": (WorldLedgers, lambda api, **more: api.sms(PHONE, **more)),
    "esms": (Esms, lambda api, **more: api.send(**more)),
}
MOST = 3
NAMES = count()


def counted(proxy, call) -> int:
    """Round trips of a call; the fewest of several, for what goes on beside it is counted, too."""

    def once() -> int:
        before = proxy.round_trips
        assert call().status_code in (200, 201, 202)
        return proxy.round_trips - before

    once()  # loads what is configured
    return min(once() for _ in range(5))


@pytest.mark.parametrize("name", CALLS)
def test_a_single_send_takes_three_round_trips_at_most(app, proxy, name):
    kind, call = CALLS[name]
    api = kind(app.test_client())
    assert 1 <= counted(proxy, lambda: call(api)) <= MOST
    with app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 6


@pytest.mark.parametrize("name", ("wesendall", "wasambazie", "esms"))
def test_a_single_send_with_an_idempotency_key_does_not_take_more(app, proxy, name):
    kind, call = CALLS[name]
    api = kind(app.test_client())
    assert 1 <= counted(proxy, lambda: call(api, headers={"Idempotency-Key": f"k{next(NAMES)}"})) <= MOST


def test_a_live_send_whose_request_waits_for_the_gateway_takes_no_more(context, proxy, upstreams, carrier):
    """Paid for, submitted, and settled, which reads the message before, and all that the answer tells with its commit."""
    wallet = make_wallet("100000")

    def once() -> int:
        before = proxy.round_trips
        assert send(wallet, in_request=True).messages[0]["status"] == "submitted"
        return proxy.round_trips - before - 1  # `send` looks the account up, which a key brings with it

    once()
    assert 1 <= min(once() for _ in range(5)) <= MOST
    assert len(carrier.submitted) == 6


def test_what_is_configured_is_read_in_a_transaction_once_and_by_the_connections_that_there_are(context, proxy):
    """A look that was given no time broke its connection off, and each transaction opened another one."""

    def unit(tx):
        return cached("looked at", lambda reader: loaded.append(reader.one("SELECT 1")), tx)

    loaded: list = []
    write(unit)
    before = len(proxy.sockets)
    for _ in range(3):
        write(unit)
    assert len(loaded) == 1 and len(proxy.sockets) == before
