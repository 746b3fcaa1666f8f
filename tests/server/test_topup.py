"""Topping up by mobile money on a running server: the jobs ask the payer's network, and the money comes once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.forked import ForkedServer
from tests.support.server import Server
from tests.support.wire import Wire, new_customer


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    with ForkedServer(new_instance()) as server:
        yield server


@pytest.fixture
def wire(server) -> Iterator[Wire]:
    with Wire(server.port, new_customer(server, "100")) as wire:
        yield wire


def top_up(wire: Wire, phone: str, **headers: str) -> dict:
    answer = wire.call("POST", "/account/topup", {"walletId": wire.customer.wallet, "amount": 5000, "phone": phone}, **headers)
    assert answer.status == 202, answer
    return answer.data


def poll_until_it_ends(wire: Wire, deposit: dict) -> dict:
    """As a client would: ask again until it is no longer pending."""
    now: list[dict] = []

    def ended() -> bool:
        now[:] = [wire.get(f"/account/topup/{deposit['deposit_id']}")]
        return now[0]["status"] != "pending"

    Server.wait_until(ended, 30, "the deposit stays pending")
    return now[0]


def credits(server: Server, wire: Wire) -> list[float]:
    """What the wallet's ledger was given by deposits."""
    return [
        micros / 1_000_000
        for (micros,) in server.query(
            "SELECT amount_micros FROM ledger_entries e JOIN wallets w ON w.id = e.wallet_id"
            " WHERE w.uid = ? AND deposit_id IS NOT NULL",
            wire.customer.wallet,
        )
    ]


def test_a_top_up_becomes_successful_and_is_credited_once(server, wire):
    deposit = top_up(wire, "0772345678")
    assert deposit["status"] == "pending" and wire.balance() == 100
    ended = poll_until_it_ends(wire, deposit)
    assert ended == {**deposit, "status": "successful"}
    assert wire.balance() == 5100
    assert credits(server, wire) == [5000]


def test_a_declined_top_up_becomes_failed_and_credits_nothing(server, wire):
    ended = poll_until_it_ends(wire, top_up(wire, "0770000099"))
    assert ended["status"] == "failed"
    assert wire.balance() == 100
    assert credits(server, wire) == []


def test_a_top_up_sent_twice_with_one_idempotency_key_is_credited_once(server, wire):
    first, second = (top_up(wire, "0772345678", **{"Idempotency-Key": "top-up"}) for _ in range(2))
    assert first == second
    assert poll_until_it_ends(wire, first)["status"] == "successful"
    assert wire.balance() == 5100
    assert credits(server, wire) == [5000]


def test_a_top_up_survives_a_kill_while_it_is_pending(server, wire):
    deposit = top_up(wire, "0772345678")
    server.kill()
    server.start()
    wire.hang_up()
    assert poll_until_it_ends(wire, deposit)["status"] == "successful"
    assert credits(server, wire) == [5000]
    assert server.command("audit")["ok"]
